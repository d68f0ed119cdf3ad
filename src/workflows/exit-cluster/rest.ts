/**
 * The plan of an exit whose TidbCluster is deleted already: a run was stopped or lost after that, or a person now wants back what it kept. What stands
 * before the deletion is over; a gate of its own stands before what is reclaimed. Pure.
 */
import type { PlannedStep } from '../../protocol/plan.ts';
import type { Departed } from '../../tidb/exit/departed.ts';
import { danglingReference } from '../../tidb/exit/references.ts';
import { fateOf, whatStands } from '../../tidb/exit/remains.ts';
import type { Reclaim } from '../../tidb/exit/remains.ts';
import { askAll } from '../../tidb/guards/guard.ts';
import { databaseIsWhole } from '../../tidb/guards/index.ts';
import { noUnknownParts, oneDatabase } from '../../tidb/guards/tidb-clusters.ts';
import type { ClusterView, Remains, TidbClusterView } from '../../tidb/view.ts';
import type { UnhashedPlan } from '../runbook.ts';
import { placeInput, reclaimSteps, referenceStep, unreadRefusals } from './steps.ts';

/** What the rest needs of an exit's input. */
interface RestWish {
  way: 'out' | 'back';
  reclaim: Reclaim;
}

export function planRest(view: ClusterView, departed: Departed, { way, reclaim }: RestWish): { refusals: string[] } | UnhashedPlan {
  const { remains } = view;
  const survivors = view.tidbClusters.filter(({ object }) => object.metadata.uid !== departed.uid);
  const [anchor] = survivors;
  const refusals = [...(way === 'back' ? [`${inWords(departed)} has left and is deleted: there is no way back`] : []), ...isAnother(remains, departed), ...stillCounted(view, anchor), ...unreadRefusals(remains, departed, reclaim)];
  if (refusals.length > 0 || !remains || !anchor) return { refusals };
  const reclaimed = withGate(reclaimSteps(remains, departed, reclaim), departed, fateOf(remains, reclaim));
  const dangling = danglingReference(survivors, departed.place);
  return {
    runbook: 'exitCluster',
    cluster: view.name,
    clusterId: view.database?.clusterId ?? 'unknown',
    summary: `${inWords(departed)} has left TiDB cluster ${view.name} and is deleted: ${reclaimed.length === 0 ? 'nothing of it is to be reclaimed' : `${reclaimed.length} kinds of what it left are to be reclaimed`}`,
    steps: [deletedStep(remains, departed), ...reclaimed, ...(dangling ? [referenceStep(view, dangling)] : [])],
    notes: fateOf(remains, reclaim),
    holds: askAll(databaseIsWhole, view, { member: anchor }),
  };
}

function inWords({ place }: Departed): string {
  return `TidbCluster ${place.namespace}/${place.name} in ${place.kubernetesCluster}`;
}

/** Its claims are that one's now. One that is being deleted is still the old one. */
function isAnother(remains: Remains | undefined, departed: Departed): string[] {
  const object = remains?.object;
  if (!object || (object.metadata.uid === departed.uid && object.metadata.deletionTimestamp)) return [];
  return [`${inWords(departed)} has left, but stands there and is not connected with this TiDB cluster by spec.cluster: nothing of it is reclaimed`];
}

/** Somebody brought it back and deleted it by hand: what PD counts on may be on these claims. */
function stillCounted(view: ClusterView, member: TidbClusterView | undefined): string[] {
  return member ? askAll([noUnknownParts, oneDatabase], view, { member }).map(({ message }) => message) : [];
}

function deletedStep(remains: Remains, { key, place, uid }: Departed): PlannedStep {
  return {
    id: `delete/${key}`,
    kind: 'delete-tidb-cluster',
    title: `TidbCluster ${place.namespace}/${place.name} in ${key} is deleted`,
    component: 'delete',
    kubernetesCluster: key,
    alreadyDone: whatStands(remains).length === 0,
    input: { place: placeInput(place), uid },
  };
}

/** The gate before the deletion was passed by another run, perhaps with another list. */
function withGate(steps: PlannedStep[], departed: Departed, fate: string[]): PlannedStep[] {
  const gate = `Delete what ${inWords(departed)} has left? There is no way back. ${fate.join(' ')}`;
  return steps.map((step, index) => (index === 0 ? { ...step, gate } : step));
}
