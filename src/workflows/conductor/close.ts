/** The end of a run: says what remains, cleans up, and leaves the report as result or in the failure. */
import { ApplicationFailure } from '@temporalio/common';
import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { PlanResult, Report, StepStatus } from '../../protocol/run.ts';
import { calls } from './calls.ts';
import { perform } from './perform.ts';
import { reportOf } from './report.ts';
import { now } from './run.ts';
import type { Run } from './run.ts';
import { isFinished } from './state.ts';

export type RunResult = Report | PlanResult;

/** Throws the failure of a failed run, with the report as its detail. */
export async function close(run: Run): Promise<RunResult> {
  stopRemainingSteps(run);
  if (run.state.locked) await cleanUp(run);
  await condition(allHandlersFinished);
  const { end, plan } = run.state;
  if (!end) throw new Error('A run is closed only after its end is known');
  run.change({ endedAt: now(), message: end.message, busy: false });
  const report = reportOf(run.state);
  if (end.phase === 'failed') throw sentenceAlone(ApplicationFailure.create({ message: end.message, type: end.type, nonRetryable: true, details: [report] }));
  return plan && run.input.mode === 'plan' && end.phase === 'done' ? { mode: 'plan', plan } : report;
}

/** A person reads it in the CLI and the UI: where in our code it was thrown says nothing to them. */
export function sentenceAlone(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = '';
  return failure;
}

/** Nothing is undone, so what was written goes on without us: the report says it for each such step. */
function stopRemainingSteps(run: Run): void {
  if (run.input.mode === 'plan') return;
  const open = run.state.steps.filter((step) => !isFinished(step));
  const remains = open.flatMap((step) => whatRemainsOf(step, run.state.written.includes(step.id)));
  const steps = run.state.steps.map((step) => (isFinished(step) ? step : stopped(step)));
  run.change({ steps, remains: [...run.state.remains, ...remains], current: undefined });
}

function stopped(step: StepStatus): StepStatus {
  return { ...step, state: 'stopped', endedAt: now(), message: step.message === '' ? 'Not begun' : step.message };
}

function whatRemainsOf({ title, state }: StepStatus, written: boolean): string[] {
  if (written) return [`${title}: the change is written and its proof was not awaited; TiDB Operator goes on with it`];
  return state === 'applying' ? [`${title}: the run ended while this change was asked for; look whether it is written`] : [];
}

/** A clean-up that fails never hides how the run ended. */
async function cleanUp(run: Run): Promise<void> {
  run.change({ message: `${run.state.end?.message ?? ''}. Cleaning up` });
  const performed = await perform(run, () => calls('cleanUp', `clean up ${run.state.cluster}`).cleanUp(run.call()), () => false);
  const remains = performed.kind === 'result' ? performed.result.remains : [notCleaned(run, performed.kind === 'failed' ? performed.failure.message : 'it was cancelled')];
  run.change({ remains: [...run.state.remains, ...remains] });
}

function notCleaned({ state, identity }: Run, problem: string): string {
  return (
    `The clean-up failed: ${problem}; the lock of TiDB cluster ${state.cluster} (holder ${identity.workflowId}) and a brake of this run may still stand: ` +
    'the next run takes over the lock of a run that has ended, or remove both by hand'
  );
}
