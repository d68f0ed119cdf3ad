/**
 * Kind `scale-to-zero`: one component of the leaving TidbCluster goes to zero pods; the proof comes from a PD that survives. The first such patch
 * writes the numbers of pods from before into an annotation: the way back rests on it.
 */
import { z } from 'zod';
import type { JsonObject } from '../../protocol/json.ts';
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { allComponents, components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { canonical, noDriftSince } from '../../tidb/drift.ts';
import { beforeStage, survivorsKeepUp, survivorsWhole } from '../../tidb/exit/guards.ts';
import { storesOf } from '../../tidb/exit/parts.ts';
import { podsAreGone, stillThere, whatLeft } from '../../tidb/exit/proof.ts';
import { presentReplicas, recordedReplicas, replicasAnnotation, replicasToRecord } from '../../tidb/exit/record.ts';
import { operatorRefuses } from '../../tidb/exit/refusals.ts';
import { passing, standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { podOf } from '../../tidb/names.ts';
import { replicasPatch, specOf } from '../../tidb/spec.ts';
import type { TidbClusterView } from '../../tidb/view.ts';
import type { Scene, StepKind } from './step-kind.ts';

/** What an exit and its way back change themselves. */
export const exitPaths: readonly string[] = [...allComponents.map((component) => `${component}.replicas`), 'cluster.name', 'cluster.namespace', 'cluster.clusterDomain'];

const inputSchema = z.object({ component: z.enum(allComponents as [Component, ...Component[]]), from: z.number(), baseline: z.record(z.string(), z.string()), place: z.unknown() });
type Input = z.infer<typeof inputSchema>;

/** Somebody asked for another number of pods after the plan was made. */
function replicasAsPlanned({ component, from }: Input): Guard {
  return (_view, { member }) => {
    const now = specOf(member.object.spec, component)?.replicas ?? 0;
    return now === from || now === 0 ? [] : [standing(`drift/${member.key}/${component}.replicas/${now}`, `${components[component].title} of TidbCluster ${member.object.metadata.name} asks for ${now} pods, the plan knew ${from}: retry takes them to zero`)];
  };
}

export function scaleToZero(step: PlannedStep): StepKind {
  const input = inputSchema.parse(step.input);
  const { component, baseline } = input;
  const unchanged = [noDriftSince(baseline, exitPaths), replicasAsPlanned(input)];
  return {
    rolls: undefined,
    guards: [...beforeStage, ...unchanged],
    standing: [...unchanged, operatorRefuses(component)],
    whole: survivorsWhole,
    alarms: survivorsKeepUp,
    more: { notThroughPdOf: step.kubernetesCluster, warnings: true, ...(holdsData(component) ? { removing: true } : {}) },
    stallMs: components[component].stallMs,
    change: ({ member }) => (presentReplicas(member.object)[component] ? [{ write: 'patch-tidb-cluster', patch: withRecord(member, component) }] : []),
    missing: ({ view, member }) => stillThere(view, member, component),
    almostDone: ({ member }) => podsAreGone(member, component),
    explainStall: (scene, forMs) => whyNotGone(scene, component, forMs),
    proof: ({ view, member }) => ({ replicas: 0, ...withoutEmpty(whatLeft(view, member, component)), saidBy: 'PD of the TidbClusters that stay' }),
  };
}

function holdsData(component: Component): boolean {
  return component === 'tikv' || component === 'tiflash';
}

function withRecord(member: TidbClusterView, component: Component): JsonObject {
  const patch = replicasPatch(member.object.spec, { [component]: 0 });
  const record = replicasToRecord(member.object);
  if (canonical(record) === canonical(recordedReplicas(member.object))) return patch;
  return { ...patch, metadata: { annotations: { [replicasAnnotation]: canonical(record) } } };
}

function withoutEmpty(facts: Record<string, string[]>): JsonObject {
  return Object.fromEntries(Object.entries(facts).filter(([, list]) => list.length > 0));
}

/** Stores that PD does not empty, else what is missing. */
function whyNotGone({ view, member }: Scene, component: Component, forMs: number): Reason[] {
  const since = `for ${Math.round(forMs / 1_000)} s`;
  const stuck = view.database && holdsData(component) ? storesOf(view.database, member).filter(({ engine, regionCount }) => engine === component && regionCount > 0) : [];
  const reasons = stuck.map(({ id, address, state, regionCount }) =>
    passing(`draining/${id}`, `store ${id} (${podOf(address)}) is ${state} and keeps ${regionCount} regions, none has left it ${since}: look at placement rules and location labels, at free space, and at PD's operators and store limits`),
  );
  return reasons.length > 0 ? reasons : [passing(`no-progress/${member.key}/${component}`, `no progress ${since}: ${stillThere(view, member, component).join('; ')}`)];
}
