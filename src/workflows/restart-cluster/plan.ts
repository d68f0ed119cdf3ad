/**
 * The plan of a restart: the upgrade's order (by component, the initial TidbCluster first, one TidbCluster at a time), with a restart
 * annotation instead of a version. Pure: observed state and input in, steps out.
 */
import type { JsonObject } from '../../protocol/json.ts';
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components, upgradeOrders } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { digestsOf } from '../../tidb/drift.ts';
import { tikvStores, tooFewStores } from '../../tidb/guards/database.ts';
import { askAll } from '../../tidb/guards/guard.ts';
import { beforeRoll } from '../../tidb/guards/index.ts';
import { refusalsOf } from '../../tidb/guards/refusing.ts';
import { leftBehind } from '../../tidb/leftovers.ts';
import { missingFor } from '../../tidb/proof.ts';
import { askedRestart, notTakenUp, restartOf } from '../../tidb/restart.ts';
import { revisionOf } from '../../tidb/rolled.ts';
import { desiredImage, desiredVersion, specOf } from '../../tidb/spec.ts';
import type { ClusterView, TidbClusterView } from '../../tidb/view.ts';
import { inOrder, nameOf, placeOf } from '../../tidb/view.ts';
import type { UnhashedPlan } from '../runbook.ts';

/** What the planner needs of the contract's input. */
export interface RestartWish {
  cluster: string;
  components?: Component[] | undefined;
  mark?: string | undefined;
}

const order = upgradeOrders[0];

export function planRestart(seen: ClusterView, wish: RestartWish): { refusals: string[] } | UnhashedPlan {
  const view = inOrder(seen);
  const chosen = order.order.filter((component) => !wish.components || wish.components.includes(component));
  const refusals = refusalsFor(view, wish, chosen);
  if (refusals.length > 0) return { refusals };
  const own = chosen.map((component) => `${component}.annotations`);
  const restarts = chosen.flatMap((component) => view.tidbClusters.flatMap((member) => restartStep(view, { member, component, mark: wish.mark, own })));
  const open = restarts.filter((step) => !step.alreadyDone).length;
  return {
    runbook: 'restartCluster',
    cluster: view.name,
    clusterId: view.database?.clusterId ?? 'unknown',
    summary: `Restart TiDB cluster ${view.name}: ${open} of ${restarts.length} components of ${view.tidbClusters.length} TidbClusters are to be restarted, one at a time`,
    steps: [...restarts, wholeStep(view, restarts)],
    notes: notesFor(view, restarts),
    holds: holdsFor(view, restarts),
  };
}

export interface RestartOf {
  member: TidbClusterView;
  component: Component;
  mark: string | undefined;
  /** Paths of the spec that the runbook changes on its way. */
  own: string[];
}

/** One step, or none where the TidbCluster does not have the component. */
export function restartStep(view: ClusterView, { member, component, mark, own }: RestartOf): PlannedStep[] {
  const spec = specOf(member.object.spec, component);
  if (!spec) return [];
  const target = { component, version: desiredVersion(member.object.spec, component), replicas: spec.replicas };
  const restart = mark ?? restartOf(member, component);
  const from = askedRestart(member.object.spec, component);
  const isDone = notTakenUp(member, component, restart).length === 0 && missingFor(view, member, target).length === 0;
  return [
    {
      id: `${component}/${member.key}`,
      kind: 'restart-component',
      title: `${components[component].title} in ${member.key}: restart (${spec.replicas} pod${spec.replicas === 1 ? '' : 's'}, ${target.version})`,
      component,
      kubernetesCluster: member.key,
      alreadyDone: isDone,
      input: { ...target, restart, from, replaces: from === restart ? '' : revisionOf(member, component), own, place: { ...placeOf(member) }, baseline: digestsOf(member.object) },
    },
  ];
}

/** The end of a run that rolled things: every component of it whole, nothing left behind. */
export function wholeStep(view: ClusterView, rolls: PlannedStep[]): PlannedStep {
  return {
    id: 'verify/all',
    kind: 'verify-upgrade',
    title: `${view.name} is whole: versions, schedulers, DDL`,
    component: 'verify',
    kubernetesCluster: view.tidbClusters[0]?.key ?? '',
    alreadyDone: rolls.every((step) => step.alreadyDone) && leftBehind(view).length === 0,
    input: { targets: rolls.map((step) => ({ key: step.kubernetesCluster, ...targetOf(step.input) })) },
  };
}

function targetOf(input: JsonObject): JsonObject {
  return { component: input['component'] ?? '', version: input['version'] ?? '', replicas: input['replicas'] ?? 0 };
}

function refusalsFor(view: ClusterView, wish: RestartWish, chosen: readonly Component[]): string[] {
  const absent = (wish.components ?? []).filter((component) => !view.tidbClusters.some((member) => specOf(member.object.spec, component)));
  const legacy = view.tidbClusters.flatMap((member) =>
    chosen
      .filter((component) => specOf(member.object.spec, component) && !desiredImage(member.object.spec, component))
      .map((component) => `${components[component].title} of TidbCluster ${nameOf(member)} in ${member.kubernetesCluster} uses the legacy field "image": set baseImage and version instead`),
  );
  return [...refusalsOf(view), ...absent.map((component) => `no TidbCluster of ${view.name} has ${components[component].title}, so there is nothing to restart`), ...legacy];
}

function notesFor(view: ClusterView, restarts: PlannedStep[]): string[] {
  const notes = ['A restart changes neither versions nor configuration. Abort stops before the next component and undoes nothing.', `Order of components: ${order.id} (${order.source}).`];
  const adopted = restarts.filter((step) => step.alreadyDone).length;
  if (adopted > 0) notes.push(`${adopted} of ${restarts.length} components carry this mark already and are adopted as they are.`);
  if (view.database && tooFewStores(view.database)) notes.push(`Only ${tikvStores(view.database).length} TiKV stores exist and max-replicas is ${view.database.maxReplicas}: regions can never be complete, so missing replicas are not held against a step.`);
  return notes;
}

/** What the first step would hold for now. */
function holdsFor(view: ClusterView, steps: PlannedStep[]): Reason[] {
  const first = steps.find((step) => !step.alreadyDone);
  const member = view.tidbClusters.find((each) => each.key === first?.kubernetesCluster);
  return first && member ? askAll(beforeRoll, view, { member, component: first.component as Component }) : [];
}
