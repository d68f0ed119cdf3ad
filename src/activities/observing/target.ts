/** What a look is at: which TiDB cluster, from where its TidbClusters are found, and what is read beyond the usual. */
import type { RunCall } from '../../protocol/activities.ts';
import type { LastingPlace, Place } from '../../protocol/place.ts';

/** What a kind of step or a planner needs that not every look reads. */
export interface More {
  /** Everything of one TidbCluster in Kubernetes: by its key while it is a member, by its place also afterwards. */
  remainsOf?: string | LastingPlace;
  /** Names of volumes in that place that are looked at also when no claim names them any more. */
  volumes?: readonly string[];
  /** Key of the TidbCluster whose own PD is not asked: the others are to say whether it has left. */
  notThroughPdOf?: string;
  /** How far PD is with emptying stores. */
  removing?: true;
  /** The operator answers by events, which no watch shows: they are read again while the step waits. */
  warnings?: true;
  /** etcd's own member list, from each PD member for itself. */
  memberApi?: true;
  /** The full backups in the namespace of the first TidbCluster. */
  backups?: true;
  /** The pods of ours that look up names, in the namespace of the first TidbCluster. */
  probes?: true;
}

export interface Target {
  /** Inventory name. */
  cluster: string;
  /** Where the search begins when the initial TidbCluster of the inventory may be gone. */
  anchor?: Place;
  more?: More;
}

export function targetOf({ cluster, anchor }: RunCall, more?: More): Target {
  return { cluster, ...(anchor ? { anchor } : {}), ...(more ? { more } : {}) };
}
