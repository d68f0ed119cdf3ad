/** Options that every runbook takes, with defaults that are safe in production. Spread into each contract's strict object. */
import { z } from 'zod';
import { onDemand } from './on-demand.ts';
import type { Patience } from './outcome.ts';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `'30s'`, `'10m'`, `'500ms'` → milliseconds. */
export function milliseconds(duration: string): number {
  const [, amount = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h)$/.exec(duration) ?? [];
  return Number(amount) * units[unit as keyof typeof units];
}

export const gateLevels = ['none', 'plan', 'component', 'tidbcluster', 'step'] as const;
export type GateLevel = (typeof gateLevels)[number];

const duration = (): z.ZodString => z.string().regex(/^\d+(ms|s|m|h)$/, { error: 'a duration is a whole number and a unit: 500ms, 30s, 10m or 2h' });
const person = (): z.ZodString => z.string().trim().min(1).max(200);

export const runOptions = onDemand(() => ({
  /** `plan`: return the plan and end; nothing is changed and no lock is taken. */
  mode: z.enum(['run', 'plan']).default('run'),
  /** Where a person is asked: never, once for the plan, and also before each component, TidbCluster or step. */
  gates: z.enum(gateLevels).default('plan'),
  /** Who may approve; absent: anybody but the one who asked for the run. */
  approvers: z.array(person()).min(1).optional(),
  /** Who asks for the run. */
  requestedBy: person().optional(),
  /** Lets the one who asked approve as well. */
  selfApproval: z.boolean().default(false),
  /** Between the two reads in which a proof must hold; more than the operator's resync (30 s). */
  settle: duration().default('35s'),
  /** Watching after each proof; more than the region heartbeat (60 s). */
  soak: duration().default('65s'),
  /** No progress for this long is a stall; absent: each component's own limit. */
  stallAfter: duration().optional(),
  /** The workflow id of a holder whose lock is taken over, when Temporal cannot tell that it has ended. */
  takeOverLockOf: z.string().min(1).optional(),
}));

export interface RunOptions {
  mode: 'run' | 'plan';
  gates: GateLevel;
  approvers?: string[] | undefined;
  requestedBy?: string | undefined;
  selfApproval: boolean;
  settle: string;
  soak: string;
  stallAfter?: string | undefined;
  takeOverLockOf?: string | undefined;
}

export function patienceOf(options: RunOptions): Patience {
  return {
    settleMs: milliseconds(options.settle),
    soakMs: milliseconds(options.soak),
    ...(options.stallAfter ? { stallMs: milliseconds(options.stallAfter) } : {}),
  };
}
