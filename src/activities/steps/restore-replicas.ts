/**
 * Kinds of the way back of an exit. `restore-replicas`: the numbers of pods from the annotation come back, and PD is told that stores which are being
 * emptied stay. In this order: while a lower number is asked for, the operator would remove the store again.
 * `keep-stores`: says it once more when a pass of the operator that had begun before has undone it, and proves that everything runs. The operator
 * ends no eviction of a scale-in that was taken back (tidb-operator v1.6 tikv_scaler.go), so that is done here.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components, statefulSetName } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { noDriftSince } from '../../tidb/drift.ts';
import { storesOf } from '../../tidb/exit/parts.ts';
import { replicasToRestore } from '../../tidb/exit/record.ts';
import type { Replicas } from '../../tidb/exit/record.ts';
import { databaseAnswers, leaderExists } from '../../tidb/guards/database.ts';
import { notDeleting, notPaused, notSuspended, operatorAlive, passesValidation } from '../../tidb/guards/tidb-clusters.ts';
import { missingFor, podsAreThrough } from '../../tidb/proof.ts';
import type { Target } from '../../tidb/proof.ts';
import { desiredVersion, replicasPatch, specOf } from '../../tidb/spec.ts';
import type { ClusterView, Store, TidbClusterView } from '../../tidb/view.ts';
import { exitPaths } from './scale-to-zero.ts';
import type { Scene, StepKind, Write } from './step-kind.ts';

const inputSchema = z.object({ replicas: z.record(z.string(), z.number()), baseline: z.record(z.string(), z.string()), place: z.unknown() });

/** Stores may be Offline and pods away: the database becomes whole by these steps. */
const ableToAct = [databaseAnswers, leaderExists, notPaused, notSuspended, notDeleting, passesValidation, operatorAlive];

/** What both kinds of step begin with. */
function groundOf(step: PlannedStep): { replicas: Record<string, number>; ground: Pick<StepKind, 'rolls' | 'guards' | 'standing'> } {
  const { replicas, baseline } = inputSchema.parse(step.input);
  const drift = noDriftSince(baseline, exitPaths);
  return { replicas, ground: { rolls: undefined, guards: [...ableToAct, drift], standing: [drift] } };
}

export function restoreReplicas(step: PlannedStep): StepKind {
  const { replicas, ground } = groundOf(step);
  return {
    ...ground,
    whole: [databaseAnswers, leaderExists],
    change: (scene) => (notAskedFor(scene.member, replicas).length === 0 ? [] : [...scaleOut(scene.member), ...keep(scene)]),
    missing: ({ member }) => notAskedFor(member, replicas),
    almostDone: () => true,
    proof: () => ({ replicas }),
  };
}

export function keepStores(step: PlannedStep): StepKind {
  const { replicas, ground } = groundOf(step);
  return {
    ...ground,
    stallMs: components.tikv.stallMs,
    change: keep,
    missing: ({ view, member }) => [...leavingStores(view, member).map(({ id }) => `store ${id} is still being emptied`), ...targetsOf(member, replicas).flatMap((target) => missingFor(view, member, target))],
    almostDone: ({ view, member }) => targetsOf(member, replicas).every((target) => podsAreThrough(view, member, target)),
    proof: ({ view, member }) => ({ replicas, stores: (view.database ? storesOf(view.database, member) : []).map(({ id, state }) => `${id} ${state}`) }),
  };
}

/** Asked for by the spec, and begun with by the operator. */
function notAskedFor({ object, statefulSets }: TidbClusterView, replicas: Record<string, number>): string[] {
  return Object.entries(replicas).flatMap(([name, count]) => {
    const component = name as Component;
    const asked = specOf(object.spec, component)?.replicas ?? 0;
    if (asked < count) return [`spec asks for ${asked} pods of ${components[component].title}, ${count} were recorded`];
    return count > 0 && (statefulSets[component]?.spec.replicas ?? 0) === 0 ? [`the operator has not begun with ${statefulSetName(object.metadata.name, component)}`] : [];
  });
}

function scaleOut({ object }: TidbClusterView): Write[] {
  const wanted: Replicas = replicasToRestore(object);
  return Object.keys(wanted).length === 0 ? [] : [{ write: 'patch-tidb-cluster', patch: replicasPatch(object.spec, wanted) }];
}

function keep({ view, member }: Scene): Write[] {
  const own = view.database ? storesOf(view.database, member) : [];
  const evicted = own.filter(({ id }) => view.database?.evictingStores.includes(id));
  return [...leavingStores(view, member).map(({ id }): Write => ({ write: 'store-up', storeId: id })), ...evicted.map(({ id }): Write => ({ write: 'end-eviction', storeId: id }))];
}

function leavingStores({ database }: ClusterView, member: TidbClusterView): Store[] {
  return database ? storesOf(database, member).filter(({ state }) => state === 'Offline') : [];
}

function targetsOf({ object }: TidbClusterView, replicas: Record<string, number>): Target[] {
  return Object.entries(replicas).map(([component, count]) => ({ component: component as Component, replicas: count, version: desiredVersion(object.spec, component as Component) }));
}
