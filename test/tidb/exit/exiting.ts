/** Lets a component of a TidbCluster leave, as the operator and PD would. */
import type { Component } from '../../../src/tidb/components.ts';
import type { ClusterView, Remains } from '../../../src/tidb/view.ts';
import { database, hostOf, specOf, statefulSet, tidbCluster } from '../make-view.ts';

/** Only the spec asks for it. */
export function askForNone(view: ClusterView, key: string, component: Component): void {
  specOf(view, key, component).replicas = 0;
}

/** Its stores are being emptied. */
export function drain(view: ClusterView, key: string, regionsLeft: number): void {
  for (const store of database(view).stores.filter(({ address }) => address.includes(`shop-${key}-`))) Object.assign(store, { state: 'Offline', regionCount: regionsLeft, leaderCount: 0 });
}

/** Pods, stores and members are gone; the stores leave Tombstones. */
export function leave(view: ClusterView, key: string, component: Component): void {
  askForNone(view, key, component);
  const each = tidbCluster(view, key);
  each.pods = each.pods.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] !== component);
  Object.assign(statefulSet(view, key, component).spec, { replicas: 0 });
  Object.assign(statefulSet(view, key, component).status, { replicas: 0, readyReplicas: 0, updatedReplicas: 0 });
  if (component === 'pd') database(view).members = database(view).members.filter(({ name }) => !name.includes(`shop-${key}-pd`));
  for (const store of database(view).stores.filter(({ engine, address }) => engine === component && address.includes(`shop-${key}-`))) Object.assign(store, { state: 'Tombstone', regionCount: 0, leaderCount: 0 });
}

export const storeHost = (key: string, ordinal: number): string => hostOf(key, 'tikv', ordinal);

const of = (name: string): { name: string; uid: string } => ({ name, uid: `uid-of-${name}` });

/** What stands in Kubernetes for the TidbCluster of `west`. */
export function remainsOfWest(view: ClusterView, more: Partial<Remains> = {}): Remains {
  return {
    place: { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west' },
    object: tidbCluster(view, 'west').object,
    statefulSets: [],
    pods: [of('shop-west-discovery-7d9f')],
    claims: [{ ...of('pd-shop-west-pd-0'), volume: 'pv-1' }, { ...of('tikv-shop-west-tikv-0'), volume: 'pv-2' }],
    volumes: [{ ...of('pv-1'), reclaimPolicy: 'Retain', phase: 'Bound' }, { ...of('pv-2'), reclaimPolicy: 'Delete', phase: 'Bound' }],
    secrets: [of('shop-west-cluster-client-secret')],
    monitors: [of('watch-west')],
    unread: [],
    ...more,
  };
}
