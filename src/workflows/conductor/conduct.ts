/**
 * The conductor: one state machine for all runbooks. It carries out a plan that an activity made; what a step is, the
 * activities know. Expected failures end the run with one sentence; a bug parks it, with its state kept.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { PlannedStep } from '../../protocol/plan.ts';
import type { RunInput, Runbook } from '../runbook.ts';
import { close } from './close.ts';
import type { RunResult } from './close.ts';
import type { Carried } from './continue.ts';
import { passPlanGate, passStepGate } from './gates.ts';
import { listen } from './handlers.ts';
import { openRun } from './open.ts';
import { inOrder } from './order.ts';
import { makePlan, takeLock } from './prepare.ts';
import type { Run } from './run.ts';
import { carryOut } from './step.ts';

export type { Carried, RunResult };

/** Runs `runbook` with the input that a person gave; `carried` is the state of the run that this one continues. */
export async function conduct<Input extends RunInput>(runbook: Runbook<Input>, raw: unknown, carried?: Carried): Promise<RunResult> {
  const run = openRun(runbook, raw, carried);
  listen(run);
  abortWhenCancelled(run);
  return CancellationScope.nonCancellable(async () => {
    await work(run);
    return close(run);
  });
}

/** The order of every run. Each line does nothing once the run is ending, or when a carried run has done it already. */
async function work(run: Run): Promise<void> {
  await makePlan(run);
  if (run.input.mode === 'run') await takeLock(run);
  if (run.input.mode === 'run') await carryOutPlan(run);
  if (!run.isEnding) run.change({ end: { phase: 'done', message: lastWords(run) } });
}

async function carryOutPlan(run: Run): Promise<void> {
  await passPlanGate(run);
  let index = 0;
  for (let step = stepAt(run, index); step; step = stepAt(run, index)) {
    await passStepGate(run, step);
    await carryOut(run, step);
    // Where a step has been postponed, another has its place.
    if (stepAt(run, index) === step) index += 1;
  }
}

function stepAt(run: Run, index: number): PlannedStep | undefined {
  return inOrder(run.state)[index];
}

function lastWords({ state, input }: Run): string {
  const count = (wanted: string): number => state.steps.filter((step) => step.state === wanted).length;
  if (input.mode === 'plan') return `The plan is made, nothing is changed: ${state.plan?.summary ?? ''}`;
  return `Finished: ${count('done')} done, ${count('adopted')} adopted, ${count('skipped')} skipped of ${state.steps.length} steps`;
}

/** Temporal's cancel is an abort: the run ends with its clean-up and its report. */
function abortWhenCancelled(run: Run): void {
  CancellationScope.current().cancelRequested.catch(() => {
    if (!run.isEnding) run.decide({ decision: 'abort', by: 'cancellation' });
  });
}
