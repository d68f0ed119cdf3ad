/**
 * Kind `settle-versions`: one merge patch moves the target into `spec.version` and removes the components' own versions. Every image
 * string stays the same, so nothing may roll (Ⓞ10); the revisions from before stand in an annotation of the same patch as the proof.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { allComponents, components } from '../../tidb/components.ts';
import { digest, noDriftSince } from '../../tidb/drift.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeSettling } from '../../tidb/guards/index.ts';
import { movedSince, presentComponents, revisionsOf, withRevisions } from '../../tidb/revisions.ts';
import { isRolling } from '../../tidb/rolling.ts';
import { desiredImage, isSettled, settledSpec, settlingPatch, specOf } from '../../tidb/spec.ts';
import type { StepKind } from './step-kind.ts';

export const revisionsAnnotation = 'tidb-runbooks.io/revisions-before-settling';

const inputSchema = z.object({ version: z.string(), baseline: z.record(z.string(), z.string()) });

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

export function settleVersions(step: PlannedStep): StepKind {
  const { version, baseline } = inputSchema.parse(step.input);
  const of = digest(step.input);
  return {
    rolls: undefined,
    guards: [...beforeSettling, noDriftSince(baseline), imagesStay(version)],
    standing: [noDriftSince(baseline)],
    change: ({ member }) => (isSettled(member.object.spec, version) ? [] : [{ write: 'patch-tidb-cluster', patch: withRevisions(settlingPatch(member.object.spec, version), member, revisionsAnnotation, of) }]),
    missing: ({ member }) => [
      ...(isSettled(member.object.spec, version) ? [] : [`spec.version is not ${version} alone`]),
      ...presentComponents(member).filter((component) => isRolling(member, component)).map((component) => `${components[component].title} is rolling`),
      ...movedSince(member, revisionsAnnotation, of),
    ],
    almostDone: () => true,
    proof: ({ member }) => ({ version, unchangedRevisions: revisionsOf(member) }),
  };
}
