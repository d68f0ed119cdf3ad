/**
 * What the DNS of a Kubernetes cluster knows, with the stub zones that a TiDB cluster over several Kubernetes clusters needs: the names
 * of services and pods under every cluster's domain; `cluster.local` is everybody's own. Pure.
 */
import { types } from './wire.ts';
import type { Answers } from './wire.ts';

/** A Service as DNS sees it. */
export interface ServiceRecord {
  namespace: string;
  name: string;
  selector: Record<string, string> | undefined;
  headless: boolean;
  publishNotReady: boolean;
}

/** A pod as DNS sees it: only with an address. */
export interface PodRecord {
  namespace: string;
  labels: Record<string, string>;
  /** `spec.hostname` and `spec.subdomain`: a pod has a name of its own only with both. */
  hostname: string | undefined;
  subdomain: string | undefined;
  address: string;
  ready: boolean;
  ending: boolean;
}

/** One Kubernetes cluster. */
export interface ClusterNames {
  /** e.g. `east.local`. */
  domain: string;
  services(): ServiceRecord[];
  pods(): PodRecord[];
}

/** The name by which every cluster calls itself. */
export const ownDomain = 'cluster.local';

/** Answers a question asked inside `own`; `all` are all clusters. */
export function answer(name: string, type: number, own: ClusterNames, all: readonly ClusterNames[]): Answers {
  if (type === types.ptr) return nameOf(name, all);
  const addresses = addressesOf(name, own, all);
  return type === types.a ? addresses : addresses && [];
}

/** Addresses of a full name (without the last dot); undefined when there is no such name. */
export function addressesOf(name: string, own: ClusterNames, all: readonly ClusterNames[]): string[] | undefined {
  const cluster = name.endsWith(`.svc.${ownDomain}`) ? own : all.find(({ domain }) => name.endsWith(`.svc.${domain}`));
  if (!cluster) return undefined;
  const labels = name.slice(0, name.lastIndexOf('.svc.')).split('.');
  const [service = '', namespace = ''] = labels.slice(-2);
  const found = cluster.services().find((each) => each.name === service && each.namespace === namespace);
  if (!found || labels.length > 3) return undefined;
  const hosts = endpointsOf(found, cluster).filter((pod) => labels.length === 2 || isCalled(pod, labels[0] ?? '', service));
  const addresses = hosts.map(({ address }) => address);
  // A headless name, and a pod's name, exists only with addresses.
  const mayBeEmpty = labels.length === 2 && !found.headless;
  return addresses.length > 0 || mayBeEmpty ? addresses : undefined;
}

const isCalled = (pod: PodRecord, hostname: string, service: string): boolean => pod.hostname === hostname && pod.subdomain === service;

/** As the endpoints controller chooses: ready pods, and all of them where the service says so. */
function endpointsOf({ namespace, selector, publishNotReady }: ServiceRecord, cluster: ClusterNames): PodRecord[] {
  if (!selector) return [];
  const wanted = Object.entries(selector);
  return cluster.pods().filter((pod) => pod.namespace === namespace && wanted.every(([key, value]) => pod.labels[key] === value) && (publishNotReady || (pod.ready && !pod.ending)));
}

/** The pod's name for `7.1.1.10.in-addr.arpa`. */
function nameOf(name: string, all: readonly ClusterNames[]): string[] | undefined {
  const address = name.replace(/\.in-addr\.arpa$/, '').split('.').reverse().join('.');
  for (const cluster of all) {
    const pod = cluster.pods().find((each) => each.address === address && each.hostname && each.subdomain);
    if (pod) return [`${pod.hostname}.${pod.subdomain}.${pod.namespace}.svc.${cluster.domain}`];
  }
  return undefined;
}

/** As a resolver with `ndots:5`: a name of few dots is tried with each search domain first, then as it is. */
export function candidates(name: string, search: readonly string[]): string[] {
  const dots = name.split('.').length - 1;
  const full = name.replace(/\.$/, '');
  if (name.endsWith('.')) return [full];
  const completed = search.map((domain) => `${full}.${domain}`);
  return dots < 5 ? [...completed, full] : [full, ...completed];
}

/** The search list of a pod's resolver; programs that belong to no namespace have it without. */
export const searchList = (namespace: string | undefined): string[] => [...(namespace ? [`${namespace}.svc.${ownDomain}`] : []), `svc.${ownDomain}`, ownDomain];
