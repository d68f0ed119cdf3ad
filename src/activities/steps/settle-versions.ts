/**
 * Kind `settle-versions`: one merge patch moves the target into `spec.version` and removes the components' own versions. Every image
 * string stays the same, so nothing may roll (Ⓞ10); the revisions from before stand in an annotation of the same patch as the proof.
 */
import { z } from 'zod';
import type { JsonObject } from '../../protocol/json.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { allComponents, components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { digest, noDriftSince } from '../../tidb/drift.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeSettling } from '../../tidb/guards/index.ts';
import { isRolling } from '../../tidb/rolling.ts';
import { desiredImage, isSettled, settledSpec, settlingPatch, specOf } from '../../tidb/spec.ts';
import type { TidbClusterView } from '../../tidb/view.ts';
import type { StepKind } from './step-kind.ts';

export const revisionsAnnotation = 'tidb-runbooks.io/revisions-before-settling';

const inputSchema = z.object({ version: z.string(), baseline: z.record(z.string(), z.string()) });

/** `of` names the planned change: what a run that was terminated has left says nothing about the next one. */
const recordSchema = z.object({ of: z.string(), revisions: z.record(z.string(), z.string()) });
type Revisions = z.infer<typeof recordSchema>['revisions'];

/** A patch that would change an image string would roll pods: it is not written. */
function imagesStay(version: string): Guard {
  return (_view, { member }) => {
    const { spec } = member.object;
    const after = settledSpec(spec, version);
    return allComponents
      .filter((component) => specOf(spec, component) && desiredImage(spec, component) !== desiredImage(after, component))
      .map((component) => standing(`image-changes/${member.key}/${component}`, `moving the version of ${components[component].title} into spec.version would change its image from ${desiredImage(spec, component) ?? 'unknown'} to ${desiredImage(after, component) ?? 'unknown'}: skip leaves the versions at the components`));
  };
}

function revisionsOf(member: TidbClusterView): Revisions {
  return Object.fromEntries(presentComponents(member).map((component) => [component, member.statefulSets[component]?.status.updateRevision ?? '']));
}

function presentComponents(member: TidbClusterView): Component[] {
  return allComponents.filter((component) => specOf(member.object.spec, component));
}

function recordedRevisions({ object }: TidbClusterView, of: string): Revisions {
  try {
    const record = recordSchema.safeParse(JSON.parse(object.metadata.annotations[revisionsAnnotation] ?? ''));
    return record.success && record.data.of === of ? record.data.revisions : {};
  } catch {
    return {};
  }
}

function movedSince(member: TidbClusterView, of: string): string[] {
  const before = recordedRevisions(member, of);
  const now = revisionsOf(member);
  return Object.keys(before)
    .filter((component) => now[component] !== before[component])
    .map((component) => `${component} has revision ${now[component] ?? 'none'} instead of ${before[component] ?? 'none'}: the patch rolled it`);
}

export function settleVersions(step: PlannedStep): StepKind {
  const { version, baseline } = inputSchema.parse(step.input);
  const of = digest(step.input);
  return {
    rolls: undefined,
    guards: [...beforeSettling, noDriftSince(baseline), imagesStay(version)],
    standing: [noDriftSince(baseline)],
    change: ({ member }) => (isSettled(member.object.spec, version) ? [] : [{ write: 'patch-tidb-cluster', patch: withRevisions(settlingPatch(member.object.spec, version), member, of) }]),
    missing: ({ member }) => [
      ...(isSettled(member.object.spec, version) ? [] : [`spec.version is not ${version} alone`]),
      ...presentComponents(member).filter((component) => isRolling(member, component)).map((component) => `${components[component].title} is rolling`),
      ...movedSince(member, of),
    ],
    almostDone: () => true,
    proof: ({ member }) => ({ version, unchangedRevisions: revisionsOf(member) }),
  };
}

function withRevisions(patch: JsonObject, member: TidbClusterView, of: string): JsonObject {
  return { ...patch, metadata: { annotations: { [revisionsAnnotation]: JSON.stringify({ of, revisions: revisionsOf(member) }) } } };
}
