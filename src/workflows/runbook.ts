/** What the conductor needs to know of a runbook. A new runbook is such an object, a planner and its kinds of step. */
import type { z } from 'zod';
import type { RunOptions } from '../protocol/options.ts';
import type { Plan } from '../protocol/plan.ts';

/** What every contract must yield: which TiDB cluster, and the options of `src/protocol/options.ts`. */
export interface RunInput extends RunOptions {
  cluster: string;
}

/** What a planner makes; the activity that calls it adds the hash. */
export type UnhashedPlan = Omit<Plan, 'hash'>;

export interface Runbook<Input extends RunInput = RunInput> {
  /** Workflow type, the name of the exported workflow function: `upgradeCluster`. */
  type: string;
  /** One line for a person: `Upgrade a TiDB cluster`. */
  title: string;
  /** Smallest input that can be right; shown when the input is none. */
  example: Record<string, unknown>;
  contract(): z.ZodType<Input>;
}
