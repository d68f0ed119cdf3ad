/** What an upgrade may leave behind although every pod runs the target: DDL that is still held, schedulers that still evict leaders. */
import type { ClusterView, TidbClusterView } from './view.ts';
import { nameOf } from './view.ts';

/** Prefix of the annotations with which the operator (v1.6.6) remembers that it paused DDL (§2.6). */
const smoothUpgrade = 'tidb.pingcap.com/smooth-upgrade-';

/** DDL may stay paused after an upgrade although everything looks ready (tidb-operator #7067). */
export function heldDdl(each: TidbClusterView): string[] {
  const held = Object.keys(each.object.metadata.annotations).some((name) => name.startsWith(smoothUpgrade));
  return held ? [`DDL is still held by the operator's smooth upgrade of TidbCluster ${nameOf(each)} in ${each.kubernetesCluster}; if it stays, POST /upgrade/finish to the status port of one of its TiDB servers`] : [];
}

function leftSchedulers({ database }: ClusterView): string[] {
  return (database?.evictingStores ?? []).map((id) => `an evict-leader-scheduler is left for store ${id}`);
}

/** In words; empty when nothing is left. */
export function leftBehind(view: ClusterView): string[] {
  return [...view.tidbClusters.flatMap(heldDdl), ...leftSchedulers(view)];
}
