/** Kind `roll-component`: asks one component of one TidbCluster for a version; the proof is that it runs it, in six points. */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { allComponents } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { noDriftSince } from '../../tidb/drift.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeRoll } from '../../tidb/guards/index.ts';
import { missingFor, podsAreThrough, proofFacts } from '../../tidb/proof.ts';
import { desiredVersion, versionPatch } from '../../tidb/spec.ts';
import type { StepKind } from './step-kind.ts';

export const rollTarget = z.object({ component: z.enum(allComponents as [Component, ...Component[]]), version: z.string(), replicas: z.number() });

const inputSchema = rollTarget.extend({ from: z.string(), baseline: z.record(z.string(), z.string()) });
type Input = z.infer<typeof inputSchema>;

/** Somebody asked for a third version after the plan was made. */
function versionAsPlanned({ component, from, version }: Input): Guard {
  return (_view, { member }) => {
    const now = desiredVersion(member.object.spec, component);
    return now === from || now === version ? [] : [standing(`drift/${member.key}/${component}.version/${now}`, `${component} of TidbCluster ${member.object.metadata.name} asks for ${now}, the plan knew ${from}: retry sets it to ${version}`)];
  };
}

export function rollComponent(step: PlannedStep): StepKind {
  const input = inputSchema.parse(step.input);
  const { component, version } = input;
  const standing = [noDriftSince(input.baseline), versionAsPlanned(input)];
  return {
    rolls: component,
    guards: [...beforeRoll, ...standing],
    standing,
    askedBefore: input.from === version,
    change: ({ member }) => (desiredVersion(member.object.spec, component) === version ? [] : [{ write: 'patch-tidb-cluster', patch: versionPatch(member.object.spec, component, version) }]),
    missing: ({ view, member }) => missingFor(view, member, input),
    almostDone: ({ view, member }) => podsAreThrough(view, member, input),
    proof: ({ view, member }) => proofFacts(view, member, input),
  };
}
