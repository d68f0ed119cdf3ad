/** A TiDB cluster in two parts, as an exit sees it: what belongs to the leaving TidbCluster, and what survives. */
import { ownsAddress } from '../names.ts';
import type { Guard } from '../guards/guard.ts';
import type { ClusterView, DatabaseView, PdMember, Store, TidbClusterView } from '../view.ts';

export function memberAddress(member: PdMember): string {
  return member.clientUrls[0] ?? member.peerUrls[0] ?? '';
}

export function ownsMember(tidbCluster: TidbClusterView, member: PdMember): boolean {
  return ownsAddress(tidbCluster, 'pd', memberAddress(member));
}

export function ownsStore(tidbCluster: TidbClusterView, store: Store): boolean {
  return ownsAddress(tidbCluster, store.engine, store.address);
}

/** A Tombstone is a record, not a store: it may stay for 30 days (§3.3). */
export function isBuried(store: Store): boolean {
  return store.state === 'Tombstone';
}

/** Stores of one TidbCluster that PD still counts on, or is still emptying. */
export function storesOf(database: DatabaseView, tidbCluster: TidbClusterView, engine?: Store['engine']): Store[] {
  return database.stores.filter((store) => !isBuried(store) && ownsStore(tidbCluster, store) && (engine === undefined || store.engine === engine));
}

/** The TiDB cluster as if the leaving TidbCluster and all that is its were gone. */
export function survivorsOf(view: ClusterView, leaving: TidbClusterView): ClusterView {
  const database = view.database && {
    ...view.database,
    members: view.database.members.filter((member) => !ownsMember(leaving, member)),
    stores: view.database.stores.filter((store) => !isBuried(store) && !ownsStore(leaving, store)),
  };
  return { ...view, tidbClusters: view.tidbClusters.filter((each) => each.key !== leaving.key), database };
}

/** Asks a guard about the survivors only: what ails the leaving part leaves with it. */
export function ofSurvivors(guard: Guard): Guard {
  return (view, change) => guard(survivorsOf(view, change.member), change);
}
