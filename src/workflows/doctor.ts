/** Workflow type `doctor`: can the worker reach and use everything that a TiDB cluster, or the whole inventory, needs? */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { Check } from '../protocol/activities.ts';
import { onDemand } from '../protocol/on-demand.ts';
import { calls } from './conductor/calls.ts';
import { readInput } from './conductor/read-input.ts';
import { throwCause } from './throw-cause.ts';

const contract = onDemand(() =>
  z.strictObject({
    /** Inventory name; absent: all. */
    cluster: z.string().trim().min(1).optional(),
  }),
);

export async function doctor(raw: unknown): Promise<Check[]> {
  const reading = readInput(contract(), raw ?? {}, { type: 'doctor', example: { cluster: 'shop' } });
  if ('problem' in reading) throw ApplicationFailure.nonRetryable(reading.problem, 'InvalidInput');
  return calls('observe', `diagnose ${reading.input.cluster ?? 'the whole inventory'}`).diagnose(reading.input).catch(throwCause);
}
