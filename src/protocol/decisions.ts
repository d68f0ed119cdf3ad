/** What a person can say to a run. One schema for signals, the update `decide`, the client and the CLI. */
import { z } from 'zod';
import { onDemand } from './on-demand.ts';

export const decisionNames = ['approve', 'reject', 'pause', 'resume', 'retry', 'skip', 'abort'] as const;
export type DecisionName = (typeof decisionNames)[number];

const name = (): z.ZodString => z.string().trim().min(1).max(200);

/** The one argument of every decision signal, e.g. `{"by":"alice","gate":"plan","planHash":"1f3a…"}`. */
export const decisionArgument = onDemand(() =>
  z.strictObject({
    /** Who decides. Temporal does not tell a workflow who sent a signal, so the person says it. */
    by: name(),
    /** Which gate: `plan`, `component/tikv`, `tidbcluster/west`, `step/tikv/west`. For approve and reject. */
    gate: name().optional(),
    /** Which step: `tikv/west`. For retry and skip. */
    step: name().optional(),
    /** The hash of the plan that was read. Needed to approve the gate `plan`. */
    planHash: name().optional(),
    /** Needed by skip; kept in the report. */
    reason: z.string().trim().min(1).max(1000).optional(),
    /** With pause: freeze the roll that is under way (`spec.paused`), not only the next step. */
    hard: z.boolean().optional(),
  }),
);
export type DecisionArgument = z.infer<ReturnType<typeof decisionArgument>>;

/** The argument of the update `decide`. */
export const decisionSchema = onDemand(() => decisionArgument().extend({ decision: z.enum(decisionNames) }));
export type Decision = z.infer<ReturnType<typeof decisionSchema>>;

/** A decision that took effect, with the time in ISO 8601. */
export interface DecisionRecord extends Decision {
  at: string;
}

/** A signal that did not fit: nothing is lost, the reason is said. */
export interface IgnoredDecision {
  at: string;
  decision: string;
  by: string;
  reason: string;
}
