/**
 * The plan of an exit: first the references that would name nobody, then the stages in an order in which nothing is needed any more by what comes
 * after it (§3.1), then the deletion behind a gate of its own, then what is reclaimed by wish. Pure: observed state and input in, steps out.
 */
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { findDeparted } from '../../tidb/exit/departed.ts';
import type { Departed } from '../../tidb/exit/departed.ts';
import { beforeStage, refusing } from '../../tidb/exit/guards.ts';
import { stillThere } from '../../tidb/exit/proof.ts';
import { repointingsFor } from '../../tidb/exit/references.ts';
import type { Repointings } from '../../tidb/exit/references.ts';
import { fateOf } from '../../tidb/exit/remains.ts';
import type { Reclaim } from '../../tidb/exit/remains.ts';
import { clientsToMove, simulate } from '../../tidb/exit/simulation.ts';
import { askAll } from '../../tidb/guards/guard.ts';
import { specOf } from '../../tidb/spec.ts';
import { findByKey, lastingPlaceOf, nameOf, placeOf } from '../../tidb/view.ts';
import type { ClusterView, TidbClusterView } from '../../tidb/view.ts';
import type { UnhashedPlan } from '../runbook.ts';
import { planRest } from './rest.ts';
import { ground, placeInput, reclaimSteps, referenceStep, unreadRefusals } from './steps.ts';
import type { Leaving } from './steps.ts';
import { planWayBack } from './way-back.ts';

/** What the planner needs of the contract's input. */
export interface ExitWish {
  cluster: string;
  leaving: string;
  way: 'out' | 'back';
  deleteTidbCluster: boolean;
  reclaim: Reclaim;
}

/**
 * Clients leave first; TiDB before Pump, without which the operator would scale no TiDB (§3.5); TiKV is emptied when nothing local uses it; PD last,
 * because the operator wants it so.
 */
export const exitOrder: readonly Component[] = ['tiproxy', 'tidb', 'ticdc', 'pump', 'tiflash', 'tikv', 'tso', 'scheduling', 'pd'];

export function planExit(view: ClusterView, wish: ExitWish): { refusals: string[] } | UnhashedPlan {
  const leaving = findByKey(view, wish.leaving);
  const departed = findDeparted(view.tidbClusters, wish.leaving);
  if (departed && (!leaving || isGoing(leaving, departed))) return planRest(view, departed, wish);
  if (!leaving) return { refusals: [`the TiDB cluster ${view.name} has no TidbCluster in "${wish.leaving}"; it has them in: ${view.tidbClusters.map(({ key }) => key).join(', ')}`] };
  return wish.way === 'back' ? planWayBack(view, leaving) : planWayOut(view, leaving, wish);
}

/** The deletion is accepted, and waits for finalizers. */
function isGoing({ object: { metadata } }: TidbClusterView, { uid }: Departed): boolean {
  return metadata.uid === uid && metadata.deletionTimestamp !== undefined;
}

function planWayOut(view: ClusterView, leaving: TidbClusterView, wish: ExitWish): { refusals: string[] } | UnhashedPlan {
  const repointings = repointingsFor(view, leaving);
  const { anchor } = repointings;
  const refusals = refusalsFor(view, leaving, wish);
  if (refusals.length > 0 || !anchor) return { refusals };
  const { consequences, figures } = simulate(view, leaving);
  const stages = exitOrder.flatMap((component) => stage(view, leaving, component));
  const steps = [
    ...repointings.before.map((each) => referenceStep(view, each)),
    ...stages,
    ...(wish.deleteTidbCluster ? [deleteStep(view, leaving, wish), ...reclaimSteps(view.remains, inPlace(leaving), wish.reclaim)] : []),
    ...repointings.after.map((each) => referenceStep(view, each)),
  ];
  return {
    runbook: 'exitCluster',
    cluster: view.name,
    clusterId: view.database?.clusterId ?? 'unknown',
    summary: `Take TidbCluster ${nameOf(leaving)} in ${leaving.kubernetesCluster} out of TiDB cluster ${view.name}: ${stages.filter((step) => !step.alreadyDone).length} of ${stages.length} components are to be scaled to zero, ${wish.deleteTidbCluster ? 'then it is deleted' : 'and it stays at zero pods'}`,
    ...(isStart(view, anchor) ? {} : { anchor: { ...placeOf(anchor) } }),
    steps,
    notes: [...consequences, ...notesFor(view, leaving, wish, repointings)],
    figures,
    holds: holdsFor(view, leaving),
  };
}

/** The first one is where every look begins: the initial one of the inventory. */
function isStart({ tidbClusters }: ClusterView, { key }: TidbClusterView): boolean {
  return tidbClusters[0]?.key === key;
}

/** What no waiting mends, all of it in one answer. */
function refusalsFor(view: ClusterView, leaving: TidbClusterView, { reclaim }: ExitWish): string[] {
  const asked = askAll(refusing, view, { member: leaving }).filter(({ key, clears }) => !key.startsWith('brake/') && (clears === 'decision' || isNotOurs(key)));
  return [...asked.map(({ message }) => message), ...unreadRefusals(view.remains, inPlace(leaving), reclaim)];
}

function inPlace(leaving: TidbClusterView): Leaving {
  return { key: leaving.key, place: lastingPlaceOf(leaving) };
}

/** States that pass, but by somebody else's hand and at their time: the run does not wait for them. */
function isNotOurs(key: string): boolean {
  return ['paused/', 'suspended/', 'validation/'].some((prefix) => key.startsWith(prefix));
}

/** What the first step would hold for now. */
function holdsFor(view: ClusterView, member: TidbClusterView): Reason[] {
  return askAll(beforeStage, view, { member });
}

function stage(view: ClusterView, leaving: TidbClusterView, component: Component): PlannedStep[] {
  const spec = specOf(leaving.object.spec, component);
  if (!spec) return [];
  return [
    {
      id: `${component}/${leaving.key}`,
      kind: 'scale-to-zero',
      title: `${components[component].title} in ${leaving.key}: ${spec.replicas} → 0`,
      component,
      kubernetesCluster: leaving.key,
      alreadyDone: stillThere(view, leaving, component).length === 0,
      input: { component, from: spec.replicas, ...ground(leaving) },
    },
  ];
}

function deleteStep({ remains }: ClusterView, leaving: TidbClusterView, { reclaim }: ExitWish): PlannedStep {
  const fate = remains ? fateOf(remains, reclaim) : [];
  const name = nameOf(leaving);
  return {
    id: `delete/${leaving.key}`,
    kind: 'delete-tidb-cluster',
    title: `TidbCluster ${name} in ${leaving.key} is deleted`,
    component: 'delete',
    kubernetesCluster: leaving.key,
    alreadyDone: false,
    gate: `Delete TidbCluster ${name} in ${leaving.kubernetesCluster}? There is no way back. Its StatefulSets, Services, ConfigMaps and discovery go with it. ${fate.join(' ')}`.trim(),
    input: { place: placeInput(lastingPlaceOf(leaving)), uid: leaving.object.metadata.uid },
  };
}

function notesFor(view: ClusterView, leaving: TidbClusterView, wish: ExitWish, { anchor, before, after }: Repointings): string[] {
  return [
    clientsToMove(leaving),
    ...(before.length + after.length > 0 ? ['Changing spec.cluster of a TidbCluster with PD of its own rolls nothing; each of these steps proves it by the StatefulSet revisions.'] : []),
    ...(after.length > 0 ? [`${anchor?.key ?? ''} will be the only TidbCluster with PD and stand without spec.cluster: whoever joins later names it.`] : []),
    ...(isStart(view, leaving) && anchor ? [initialNote(leaving, anchor)] : []),
    'Abort stops before the next change. Until PD of the leaving TidbCluster has left, the report names the command for the way back.',
    'PD keeps a Tombstone record of each store for 30 days (DELETE /pd/api/v1/stores/remove-tombstone removes them at once).',
    ...(wish.deleteTidbCluster ? keptNotes(view, wish) : ['The TidbCluster stays at zero pods: its discovery pod stays too, and its operator logs "context deadline exceeded" in every pass, because it looks for a PD that has left.']),
  ];
}

function initialNote(leaving: TidbClusterView, anchor: TidbClusterView): string {
  const { kubernetesCluster, namespace, name } = placeOf(anchor);
  return `${nameOf(leaving)} in ${leaving.kubernetesCluster} is the initial one in the inventory: after the exit the inventory must name another there, such as { kubernetesCluster: ${kubernetesCluster}, namespace: ${namespace}, name: ${name} }.`;
}

function keptNotes({ remains }: ClusterView, { reclaim }: ExitWish): string[] {
  const kept = remains && reclaim.data === 'keep' && remains.claims.length > 0 ? ['Its data stay in their claims. A TidbCluster of the same name does not start with them: PD refuses to join with data of a member that left, TiKV with those of a Tombstone. Delete the claims before it joins again.'] : [];
  return [...(remains ? fateOf(remains, reclaim) : []), ...kept];
}
