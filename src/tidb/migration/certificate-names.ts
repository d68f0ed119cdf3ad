/** Which names the certificates of a TidbCluster must carry before its pods are known under a cluster domain (§6.2). */
import { componentSecret } from '../secrets.ts';
import { specOf } from '../spec.ts';
import type { TidbClusterView } from '../view.ts';
import type { Component } from '../components.ts';

/** Components with a certificate of their own; PD's microservices use PD's. */
const withCertificate = ['pd', 'tikv', 'tidb', 'tiflash', 'ticdc', 'pump'] as const satisfies Component[];

/** The names of one component with the domain: its Services, and each of its pods. Pump's headless Service has no `-peer` (§6.1). */
export function namesNeeded({ object: { metadata, spec } }: TidbClusterView, component: (typeof withCertificate)[number], domain: string): string[] {
  const own = `${metadata.name}-${component}`;
  const suffix = `${metadata.namespace}.svc.${domain}`;
  const pods = Array.from({ length: specOf(spec, component)?.replicas ?? 0 }, (_, ordinal) => `${own}-${ordinal}`);
  if (component === 'pump') return pods.map((pod) => `${pod}.${own}.${suffix}`);
  return [`${own}.${suffix}`, `${own}-peer.${suffix}`, ...pods.map((pod) => `${pod}.${own}-peer.${suffix}`)];
}

/** A wildcard stands for one label (RFC 6125). */
export function covers(dnsNames: readonly string[], host: string): boolean {
  const wildcard = host.replace(/^[^.]+/, '*');
  return dnsNames.some((name) => name.toLowerCase() === host || name.toLowerCase() === wildcard);
}

/** In sentences, one per Secret that lacks names; empty without TLS or without a domain. */
export function namesMissing(member: TidbClusterView, domain: string): string[] {
  const { spec, metadata } = member.object;
  if (!spec.tlsCluster?.enabled || !domain) return [];
  return withCertificate.filter((component) => spec[component]).flatMap((component) => {
    const secret = componentSecret(metadata.name, component);
    const names = member.certificates.find((certificate) => certificate.secret === secret)?.dnsNames ?? [];
    const lacking = namesNeeded(member, component, domain).filter((host) => !covers(names, host));
    return lacking.length === 0 ? [] : [`the certificate in Secret ${metadata.namespace}/${secret} lacks the names ${lacking.join(', ')}: its peers could not trust a pod under its new name; renew it with them first`];
  });
}
