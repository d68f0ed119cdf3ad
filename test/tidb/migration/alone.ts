/** One TidbCluster that stands alone and has never heard of domains, as it is observed for a migration; and what the migration makes of it. */
import type { Component } from '../../../src/tidb/components.ts';
import type { ClusterView, EtcdMemberView, TidbClusterView } from '../../../src/tidb/view.ts';
import { NOW_MS, database, makeView, pod, podName, reroll, tidbCluster, usual } from '../make-view.ts';
import type { Replicas } from '../make-view.ts';

export const KEY = 'west';
export const DOMAIN = 'k1.example';

export interface Alone {
  tls?: boolean;
  replicas?: Replicas;
  /** Of the whole spec; absent: unset, as most are. */
  strategy?: string;
  version?: string;
}

/** Healthy, with a fresh backup, its certificates ready for DOMAIN, PD's leader on the first pod. */
export function makeAlone({ tls = false, replicas = usual, strategy, version }: Alone = {}): ClusterView {
  const made = makeView({ kubernetesClusters: [KEY], replicas, acrossK8s: false, ...(version ? { version } : {}) });
  const view = JSON.parse(JSON.stringify(made).replaceAll(`.${KEY}.example`, '').replaceAll('https://', tls ? 'https://' : 'http://')) as ClusterView;
  const { object } = only(view);
  object.spec.clusterDomain = '';
  object.spec.tlsCluster = { enabled: tls };
  if (strategy) object.spec.configUpdateStrategy = strategy;
  database(view).members.forEach((member, ordinal) => (member.name = podName(KEY, 'pd', ordinal)));
  database(view).leader = podName(KEY, 'pd', 0);
  only(view).pods.forEach((each, index) => (each.status.podIP = `10.1.0.${index + 1}`));
  if (tls) only(view).certificates = (['pd', 'tikv', 'tidb'] as const).map((component) => ({ secret: `shop-${KEY}-${component}-cluster-secret`, notAfterMs: Infinity, dnsNames: sans(component) }));
  view.backups = [{ name: 'daily', namespace: 'shop', of: `shop/shop-${KEY}`, completedAtMs: NOW_MS - 3_600_000, commitTs: '452' }];
  hear(view);
  return view;
}

const sans = (component: string): string[] => {
  const own = `shop-${KEY}-${component}`;
  return [own, `${own}-peer`, `*.${own}-peer`].flatMap((service) => [`${service}.shop.svc`, `${service}.shop.svc.${DOMAIN}`]);
};

export const only = (view: ClusterView): TidbClusterView => tidbCluster(view, KEY);

/** etcd's membership as every PD member tells it, from PD's own view. */
export function hear(view: ClusterView): void {
  const members = database(view).members.map(({ id, name, peerUrls, clientUrls }): EtcdMemberView => ({ id, name, peerUrls: [...peerUrls], clientUrls: [...clientUrls], learner: false }));
  const unhealthy = database(view).members.filter((member) => member.healthy !== true).map((member) => member.name);
  view.memberApi = { served: 'v3', voices: database(view).members.map((member) => ({ by: member.name, members: structuredClone(members), unhealthy })), silent: [] };
}

export const hostOf = (component: Component, ordinal: number, domain = ''): string => `${podName(KEY, component, ordinal)}.shop-${KEY}-${component}-peer.shop.svc${domain ? `.${domain}` : ''}`;

/** The spec asks, and nothing has moved. */
export function ask(view: ClusterView, domain = DOMAIN): void {
  Object.assign(only(view).object.spec, { acrossK8s: true, clusterDomain: domain });
}

/** The component's pods start again and are known by their new names. Peer URLs stay as they are. */
export function comesBack(view: ClusterView, component: Component, domain = DOMAIN): void {
  const peers = database(view).members.map((member) => member.peerUrls);
  const ids = database(view).stores.map((store) => store.id);
  const ips = new Map(only(view).pods.map((each) => [each.metadata.name, each.status.podIP]));
  reroll(view, KEY, component);
  for (const each of only(view).pods) each.status.podIP = ips.get(each.metadata.name);
  database(view).members = database(view).members.slice(0, peers.length);
  database(view).stores = database(view).stores.filter((store) => ids.includes(store.id));
  rename(view, component, domain);
  database(view).members.forEach((member, ordinal) => (member.peerUrls = peers[ordinal] ?? []));
  hear(view);
}

function rename(view: ClusterView, component: Component, domain: string): void {
  const { members, stores } = database(view);
  if (component === 'pd') {
    members.forEach((member, ordinal) => {
      const wasLeader = database(view).leader === member.name;
      const scheme = new URL(member.clientUrls[0] ?? '').protocol;
      Object.assign(member, { name: hostOf('pd', ordinal, domain), clientUrls: [`${scheme}//${hostOf('pd', ordinal, domain)}:2379`] });
      if (wasLeader) database(view).leader = member.name;
    });
  }
  const birth = pod(view, podName(KEY, component, 0)).metadata.creationTimestamp;
  stores.filter((store) => store.engine === component).forEach((store, ordinal) => {
    Object.assign(store, { address: `${hostOf(component, ordinal, domain)}:20160`, startTimestamp: Date.parse(birth ?? '') / 1_000 + 30, lastHeartbeatMs: NOW_MS });
  });
}

export function setPeerUrl(view: ClusterView, ordinal: number, url: string | string[]): void {
  const member = database(view).members[ordinal];
  if (member) member.peerUrls = [url].flat();
  hear(view);
}
