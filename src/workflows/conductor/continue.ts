/** Continue-as-new: a run of many holds outlives the limits of one history. The next run carries the whole state. */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { RunInput } from '../runbook.ts';
import type { Run } from './run.ts';
import type { RunState } from './state.ts';

/** The second argument of a continued run. People never give it. */
export interface Carried {
  state: RunState;
}

/** Does not return when the history is long: the run goes on as a new one, at the step where it is. Call it while nothing runs. */
export async function continueIfLong(run: Run): Promise<void> {
  if (!workflowInfo().continueAsNewSuggested) return;
  await condition(allHandlersFinished);
  await continueAsNew<(input: RunInput, carried: Carried) => Promise<unknown>>(run.input, { state: run.state });
}
