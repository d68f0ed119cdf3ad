/** A hold that no activity watches: only a person ends it, by retry, skip or abort. */
import { condition } from '@temporalio/workflow';
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import type { Failure } from './perform.ts';
import type { Run } from './run.ts';

/** Returns when the hold is gone. Every one of the three decisions takes it away. */
export async function askPerson(run: Run, reasons: Reason[], step?: PlannedStep): Promise<void> {
  run.hold(reasons, step);
  await condition(() => run.state.hold === undefined);
}

/** A failure as a reason to hold; `where` is a step's id or the name of the activity outside a step. */
export function reasonOf(failure: Failure, where: string): Reason {
  return { key: `error/${where}/${failure.type}`, message: failure.message, clears: 'decision' };
}
