/**
 * Kind `restore-replicas`: the way back of an exit. The numbers of pods from the annotation come back, and PD is told that stores which are being
 * emptied stay. In this order: while a lower number is asked for, the operator would remove the store again.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { noDriftSince } from '../../tidb/drift.ts';
import { storesOf } from '../../tidb/exit/parts.ts';
import { replicasToRestore } from '../../tidb/exit/record.ts';
import type { Replicas } from '../../tidb/exit/record.ts';
import { databaseAnswers, leaderExists } from '../../tidb/guards/database.ts';
import { notDeleting, notPaused, notSuspended, operatorAlive, passesValidation } from '../../tidb/guards/tidb-clusters.ts';
import { missingFor, podsAreThrough } from '../../tidb/proof.ts';
import type { Target } from '../../tidb/proof.ts';
import { desiredVersion, replicasPatch } from '../../tidb/spec.ts';
import type { ClusterView, Store, TidbClusterView } from '../../tidb/view.ts';
import { exitPaths } from './scale-to-zero.ts';
import type { StepKind, Write } from './step-kind.ts';

const inputSchema = z.object({ replicas: z.record(z.string(), z.number()), baseline: z.record(z.string(), z.string()), place: z.unknown() });

export function restoreReplicas(step: PlannedStep): StepKind {
  const { replicas, baseline } = inputSchema.parse(step.input);
  const drift = noDriftSince(baseline, exitPaths);
  return {
    rolls: undefined,
    // Its stores are Offline and its pods away: the database becomes whole by this step.
    guards: [databaseAnswers, leaderExists, notPaused, notSuspended, notDeleting, passesValidation, operatorAlive, drift],
    standing: [drift],
    stallMs: components.tikv.stallMs,
    change: ({ view, member }) => [...scaleOut(member), ...leavingStores(view, member).map(({ id }): Write => ({ write: 'store-up', storeId: id }))],
    missing: ({ view, member }) => [...leavingStores(view, member).map(({ id }) => `store ${id} is still being emptied`), ...targetsOf(member, replicas).flatMap((target) => missingFor(view, member, target))],
    almostDone: ({ view, member }) => targetsOf(member, replicas).every((target) => podsAreThrough(view, member, target)),
    proof: ({ view, member }) => ({ replicas, stores: (view.database ? storesOf(view.database, member) : []).map(({ id, state }) => `${id} ${state}`) }),
  };
}

function scaleOut({ object }: TidbClusterView): Write[] {
  const wanted: Replicas = replicasToRestore(object);
  return Object.keys(wanted).length === 0 ? [] : [{ write: 'patch-tidb-cluster', patch: replicasPatch(object.spec, wanted) }];
}

function leavingStores({ database }: ClusterView, member: TidbClusterView): Store[] {
  return database ? storesOf(database, member).filter(({ state }) => state === 'Offline') : [];
}

function targetsOf({ object }: TidbClusterView, replicas: Record<string, number>): Target[] {
  return Object.entries(replicas).map(([component, count]) => ({ component: component as Component, replicas: count, version: desiredVersion(object.spec, component as Component) }));
}
