/** States that no waiting mends: a runbook that changes something is refused, with all of them in one answer. */
import type { ClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import { askAll } from './guard.ts';
import type { Guard } from './guard.ts';
import { noTiproxyAcross, notDeleting, noUnknownParts, notPaused, notSuspended, oneDatabase, passesValidation } from './tidb-clusters.ts';

const refusing: readonly Guard[] = [notPaused, notSuspended, notDeleting, passesValidation, noTiproxyAcross, noUnknownParts, oneDatabase];

/** In sentences. A brake of ours is no refusal: the run that holds the lock releases it. */
export function refusalsOf(view: ClusterView): string[] {
  const first = view.tidbClusters[0];
  const asked = first ? askAll(refusing, view, { member: first }).filter((reason) => !reason.key.startsWith('brake/')) : [];
  const initials = view.tidbClusters.filter((each) => !each.object.spec.cluster?.name);
  const twoInitial = initials.length > 1 ? [`${initials.map(nameOf).join(' and ')} both have no spec.cluster: only one TidbCluster of a TiDB cluster can be the initial one`] : [];
  return [...twoInitial, ...asked.map((reason) => reason.message)];
}
