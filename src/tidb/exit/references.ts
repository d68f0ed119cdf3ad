/**
 * Which `spec.cluster` references an exit must change, so that no survivor names the TidbCluster that goes and the TidbClusters stay connected.
 *
 * For a TidbCluster with PD of its own the reference is a pointer for a PD that starts without data (§4.2): changing it rolls nothing (Ⓞ37).
 * One without a reference bootstraps a new, empty TiDB cluster when it loses all PD data while others run on (§4.5); so among several survivors
 * with PD none is left without. A sole survivor with PD has nobody to name: it becomes what every TidbCluster alone is, without a reference,
 * and only after the leaving one is gone, since until then there is somebody else.
 */
import type { JsonObject } from '../../protocol/json.ts';
import type { Place } from '../../protocol/place.ts';
import { referencedBy } from '../membership.ts';
import type { TidbCluster } from '../objects.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';

/** What `spec.cluster` is to say. */
export interface Reference {
  name: string;
  namespace: string;
  clusterDomain: string;
}

/** The TidbCluster of this key is to name that one, or nobody. */
export interface Repointing {
  key: string;
  to: Reference | undefined;
  /** Key of the named one, for a person. */
  toKey: string | undefined;
}

export interface Repointings {
  /** Survives, has PD, and is what the others name: from it the TidbClusters are found when the initial one is gone. */
  anchor: TidbClusterView | undefined;
  before: Repointing[];
  /** When the leaving one is gone. */
  after: Repointing[];
}

export function hasPd({ object }: TidbClusterView): boolean {
  return (object.spec.pd?.replicas ?? 0) > 0;
}

export function pointsAt(from: TidbClusterView, to: TidbClusterView, all: TidbClusterView[]): boolean {
  return referencedBy(from, all).some((each) => each.kubernetesCluster === to.kubernetesCluster && each.object.metadata.uid === to.object.metadata.uid);
}

export function repointingsFor({ tidbClusters }: ClusterView, leaving: TidbClusterView): Repointings {
  const survivors = tidbClusters.filter((each) => each.key !== leaving.key);
  const [anchor, second] = survivors.filter(hasPd);
  if (!anchor) return { anchor, before: [], after: [] };
  const dependents = survivors.filter((each) => each.key !== anchor.key && hasPd(each) && pointsAt(each, leaving, tidbClusters));
  const anchorDepends = pointsAt(anchor, leaving, tidbClusters);
  // The leaving one first: without it, it could not be found any more once the others name each other.
  const leavingFirst = leaving.object.spec.cluster?.name ? [] : [repoint(leaving, anchor)];
  const ofAnchor = anchorDepends && second ? [repoint(anchor, second)] : [];
  return {
    anchor,
    before: [...leavingFirst, ...ofAnchor, ...dependents.map((each) => repoint(each, anchor))],
    after: anchorDepends && !second ? [repoint(anchor, undefined)] : [],
  };
}

/** The sole survivor with PD still names the one at `gone`: the run that took it out ended before this last step. */
export function danglingReference(survivors: TidbClusterView[], gone: Place): Repointing | undefined {
  const [anchor, second] = survivors.filter(hasPd);
  const reference = anchor?.object.spec.cluster;
  if (!anchor || second || reference?.name !== gone.name || (reference.namespace || anchor.object.metadata.namespace) !== gone.namespace) return undefined;
  return referencedBy(anchor, survivors).length > 0 ? undefined : repoint(anchor, undefined);
}

function repoint(from: TidbClusterView, to: TidbClusterView | undefined): Repointing {
  return { key: from.key, to: to && referenceTo(to), toKey: to?.key };
}

function referenceTo({ object: { metadata, spec } }: TidbClusterView): Reference {
  return { name: metadata.name, namespace: metadata.namespace, clusterDomain: spec.clusterDomain };
}

export function namesAsWanted({ spec, metadata }: TidbCluster, wanted: Reference | undefined): boolean {
  const now = spec.cluster;
  if (!wanted || !now?.name) return !wanted && !now?.name;
  return now.name === wanted.name && (now.namespace || metadata.namespace) === wanted.namespace && now.clusterDomain === wanted.clusterDomain;
}

export function referencePatch(wanted: Reference | undefined): JsonObject {
  if (!wanted) return { spec: { cluster: null } };
  return { spec: { cluster: { ...wanted, clusterDomain: wanted.clusterDomain || null } } };
}
