/**
 * Kind `restart-component`: gives one component of one TidbCluster a new restart annotation; the proof is that its StatefulSet has taken
 * it up in a new revision, and the six points of a roll.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { noDriftSince } from '../../tidb/drift.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeRoll } from '../../tidb/guards/index.ts';
import { missingFor, podsAreThrough, proofFacts } from '../../tidb/proof.ts';
import { askedRestart, notTakenUp, restartPatch } from '../../tidb/restart.ts';
import { notRolledSince } from '../../tidb/rolled.ts';
import type { Scene, StepKind } from './step-kind.ts';
import { rollTarget } from './roll-component.ts';

const inputSchema = rollTarget.extend({
  /** The annotation's value, fixed by the plan: writing it twice restarts once. */
  restart: z.string(),
  from: z.string(),
  /** The revision that is to be replaced; empty when the plan found the restart asked for already. */
  replaces: z.string(),
  baseline: z.record(z.string(), z.string()),
  /** What the runbook itself changes on its way. */
  own: z.array(z.string()),
});
type Input = z.infer<typeof inputSchema>;

/** Somebody asked for another restart after the plan was made. */
function restartAsPlanned({ component, from, restart }: Input): Guard {
  return (_view, { member }) => {
    const now = askedRestart(member.object.spec, component);
    return now === from || now === restart ? [] : [standing(`drift/${member.key}/${component}.restart/${now}`, `${component} of TidbCluster ${member.object.metadata.name} was given restart ${now || 'none'} after the plan was made: retry sets it to ${restart}`)];
  };
}

export function restartComponent(step: PlannedStep): StepKind {
  const input = inputSchema.parse(step.input);
  const { component, restart } = input;
  const standing = [noDriftSince(input.baseline, input.own), restartAsPlanned(input)];
  const missing = ({ view, member }: Scene): string[] => {
    const open = notTakenUp(member, component, restart);
    return open.length > 0 ? open : [...notRolledSince(member, component, input.replaces), ...missingFor(view, member, input)];
  };
  return {
    rolls: component,
    guards: [...beforeRoll, ...standing],
    standing,
    askedBefore: input.from === restart,
    change: ({ member }) => (askedRestart(member.object.spec, component) === restart ? [] : [{ write: 'patch-tidb-cluster', patch: restartPatch(member.object.spec, component, restart) }]),
    missing,
    almostDone: ({ view, member }) => notTakenUp(member, component, restart).length === 0 && podsAreThrough(view, member, input),
    proof: ({ view, member }) => ({ ...proofFacts(view, member, input), restart }),
  };
}
