/** Whose address is it? PD names members and stores by host; the host tells pod, component, TidbCluster, namespace and domain (§1.2, §4.1). */
import type { TidbClusterView } from './view.ts';

export interface HostName {
  pod: string;
  /** `<tidb cluster>-<component>-peer`. */
  service: string;
  namespace: string;
  /** Empty when the name carries none. */
  domain: string;
}

/** `http://p-0.p-peer.ns.svc.d:2379`, `p-0.p-peer.ns.svc.d:20160` or the bare host → its parts. */
export function parseHost(address: string): HostName | undefined {
  const host = address.replace(/^[a-z]+:\/\//, '').replace(/\/.*$/, '').replace(/:\d+$/, '');
  const match = /^([^.]+)\.([^.]+)\.([^.]+)\.svc(?:\.(.+))?$/.exec(host);
  if (!match) return undefined;
  return { pod: match[1] ?? '', service: match[2] ?? '', namespace: match[3] ?? '', domain: match[4] ?? '' };
}

/** True when the address is of a pod of `component` in this TidbCluster. A host without domain may belong to any domain. */
export function ownsAddress(view: TidbClusterView, component: string, address: string): boolean {
  const host = parseHost(address);
  const { name, namespace } = view.object.metadata;
  const domain = view.object.spec.clusterDomain;
  return host !== undefined && host.service === `${name}-${component}-peer` && host.namespace === namespace && (host.domain === '' || host.domain === domain);
}

export function podOf(address: string): string {
  return parseHost(address)?.pod ?? address;
}
