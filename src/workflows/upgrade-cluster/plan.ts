/**
 * The plan of an upgrade: by component in the documented order, and within a component the initial TidbCluster first, then the
 * others in inventory order; one TidbCluster at a time. Pure: observed state and input in, steps out.
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
import { desiredImage, desiredVersion, isSettled, specOf } from '../../tidb/spec.ts';
import { compareVersions, isAtLeast } from '../../tidb/versions.ts';
import type { ClusterView, TidbClusterView } from '../../tidb/view.ts';
import { inOrder, nameOf, placeOf } from '../../tidb/view.ts';
import type { UnhashedPlan } from '../runbook.ts';

/** What the planner needs of the contract's input. */
export interface UpgradeWish {
  cluster: string;
  version: string;
  components?: { tiproxy?: { version: string } | undefined } | undefined;
}

const order = upgradeOrders[0];

export function planUpgrade(seen: ClusterView, wish: UpgradeWish): { refusals: string[] } | UnhashedPlan {
  const view = inOrder(seen);
  const refusals = refusalsFor(view, wish);
  if (refusals.length > 0) return { refusals };
  const rolls = order.order.flatMap((component) => view.tidbClusters.flatMap((member) => rollStep(view, member, component, wish)));
  const changes = [...rolls, ...view.tidbClusters.map((member) => settleStep(member, wish))];
  const steps = [...changes, verifyStep(view, changes, wish)];
  const open = rolls.filter((step) => !step.alreadyDone).length;
  return {
    runbook: 'upgradeCluster',
    cluster: view.name,
    clusterId: view.database?.clusterId ?? 'unknown',
    summary: `Upgrade TiDB cluster ${view.name} to ${wish.version}: ${open} of ${rolls.length} components of ${view.tidbClusters.length} TidbClusters are to be rolled, one at a time`,
    steps,
    notes: notesFor(view, wish, rolls),
    holds: holdsFor(view, steps),
  };
}

function targetOf(component: Component, wish: UpgradeWish): string | undefined {
  return component === 'tiproxy' ? wish.components?.tiproxy?.version : wish.version;
}

function rollStep(view: ClusterView, member: TidbClusterView, component: Component, wish: UpgradeWish): PlannedStep[] {
  const spec = specOf(member.object.spec, component);
  const to = targetOf(component, wish);
  if (!spec || !to) return [];
  const target = { component, version: to, replicas: spec.replicas };
  const from = desiredVersion(member.object.spec, component);
  return [
    {
      id: `${component}/${member.key}`,
      kind: 'roll-component',
      title: `${components[component].title} in ${member.key}: ${from === to ? to : `${from} → ${to}`}`,
      component,
      kubernetesCluster: member.key,
      alreadyDone: missingFor(view, member, target).length === 0,
      input: { ...target, from, place: { ...placeOf(member) }, baseline: digestsOf(member.object) },
    },
  ];
}

/** One patch per TidbCluster moves the target into `spec.version`; it must roll nothing. */
function settleStep(member: TidbClusterView, wish: UpgradeWish): PlannedStep {
  return {
    id: `settle/${member.key}`,
    kind: 'settle-versions',
    title: `Versions in ${member.key}: spec.version becomes ${wish.version}, nothing rolls`,
    component: 'settle',
    kubernetesCluster: member.key,
    alreadyDone: isSettled(member.object.spec, wish.version),
    input: { version: wish.version, baseline: digestsOf(member.object) },
  };
}

function verifyStep(view: ClusterView, changes: PlannedStep[], wish: UpgradeWish): PlannedStep {
  const rolls = changes.filter((step) => step.kind === 'roll-component');
  const targets = rolls.map((step) => ({ key: step.kubernetesCluster, ...pick(step.input) }));
  return {
    id: 'verify/all',
    kind: 'verify-upgrade',
    title: `${view.name} is whole on ${wish.version}: versions, schedulers, DDL`,
    component: 'verify',
    kubernetesCluster: view.tidbClusters[0]?.key ?? '',
    alreadyDone: changes.every((step) => step.alreadyDone) && leftBehind(view).length === 0,
    input: { targets },
  };
}

function pick(input: JsonObject): JsonObject {
  return { component: input['component'] ?? '', version: input['version'] ?? '', replicas: input['replicas'] ?? 0 };
}

function refusalsFor(view: ClusterView, wish: UpgradeWish): string[] {
  return [...refusalsOf(view), ...view.tidbClusters.flatMap((member) => order.order.flatMap((component) => versionRefusals(member, component, wish)))];
}

function versionRefusals(member: TidbClusterView, component: Component, wish: UpgradeWish): string[] {
  const to = targetOf(component, wish);
  if (!specOf(member.object.spec, component) || !to) return [];
  const what = `${components[component].title} of TidbCluster ${nameOf(member)} in ${member.kubernetesCluster}`;
  if (!desiredImage(member.object.spec, component)) return [`${what} uses the legacy field "image": set baseImage and version instead`];
  const from = desiredVersion(member.object.spec, component);
  const difference = compareVersions(to, from);
  if (difference === undefined) return [`${what} has version "${from}", which cannot be compared with ${to}`];
  return difference < 0 ? [`${what} is at ${from}, newer than ${to}: TiDB has no downgrade, not even of a patch version`] : [];
}

function notesFor(view: ClusterView, wish: UpgradeWish, rolls: PlannedStep[]): string[] {
  const notes = [
    'TiDB has no downgrade: once a component runs the new version, the way is forward. Abort stops before the next change and undoes nothing.',
    `Order of components: ${order.id} (${order.source}).`,
  ];
  const adopted = rolls.filter((step) => step.alreadyDone).length;
  if (adopted > 0) notes.push(`${adopted} of ${rolls.length} components already run the target and are adopted as they are.`);
  if (holdsDdl(view, wish)) notes.push('TiDB Operator pauses DDL only while its own TidbCluster rolls TiDB: between TidbClusters DDL is not held. Run no DDL until the report is there.');
  if (view.database && tooFewStores(view.database)) notes.push(`Only ${tikvStores(view.database).length} TiKV stores exist and max-replicas is ${view.database.maxReplicas}: regions can never be complete, so missing replicas are not held against a step.`);
  if (!wish.components?.tiproxy && view.tidbClusters.some((each) => each.object.spec.tiproxy)) notes.push('TiProxy has a version line of its own and stays as it is; name components.tiproxy.version to upgrade it.');
  const operators = [...new Set(view.tidbClusters.map((each) => each.operator.version ?? 'unknown'))];
  if (operators.length > 1) notes.push(`Warning: TiDB Operator is not of the same version everywhere: ${view.tidbClusters.map((each) => `${each.kubernetesCluster} ${each.operator.version ?? 'unknown'}`).join(', ')}.`);
  return notes;
}

/** Smooth upgrade (§2.6): source ≥ 7.4.0, the operator pauses DDL around its own TiDB roll. */
function holdsDdl(view: ClusterView, wish: UpgradeWish): boolean {
  return view.tidbClusters.some((each) => each.object.spec.tidb && isAtLeast(desiredVersion(each.object.spec, 'tidb'), '7.4.0') && isAtLeast(wish.version, '7.4.0'));
}

/** What the first step would hold for now. */
function holdsFor(view: ClusterView, steps: PlannedStep[]): Reason[] {
  const first = steps.find((step) => !step.alreadyDone && step.kind === 'roll-component');
  const member = view.tidbClusters.find((each) => each.key === first?.kubernetesCluster);
  return first && member ? askAll(beforeRoll, view, { member, component: first.component as Component }) : [];
}
