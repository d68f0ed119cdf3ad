/** Runs one activity until it answers, fails for good, or people decide something that ends it early. */
import { ActivityFailure, ApplicationFailure, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { sentenceOf } from '../../errors.ts';
import type { Run } from './run.ts';

/** A failure that Temporal does not retry any more: its type (see `src/errors.ts`; `Unanswered` for a time-out) and its sentence. */
export interface Failure {
  type: string;
  message: string;
}

export type Performed<T> = { kind: 'result'; result: T } | { kind: 'failed'; failure: Failure } | { kind: 'interrupted' };

/**
 * Starts `work` and cancels it as soon as `interrupted` holds. What it has answered counts even then: a change may be written.
 * Throws what nobody expects, so that a bug parks the run.
 */
export async function perform<T>(run: Run, work: () => Promise<T>, interrupted: () => boolean): Promise<Performed<T>> {
  if (interrupted()) return { kind: 'interrupted' };
  run.change({ busy: true });
  const scope = new CancellationScope();
  let settled = false;
  const outcome = scope.run(work).then(resultOf, failureOf).finally(() => (settled = true));
  await condition(() => settled || interrupted());
  const isCancelled = !settled;
  if (isCancelled) scope.cancel();
  const performed = await outcome;
  run.change({ busy: false });
  // An activity that is cut off in a call, or whose worker has died, fails instead of saying that it was cancelled.
  return isCancelled && performed.kind === 'failed' ? { kind: 'interrupted' } : performed;
}

function resultOf<T>(result: T): Performed<T> {
  return { kind: 'result', result };
}

function failureOf(error: unknown): { kind: 'failed'; failure: Failure } | { kind: 'interrupted' } {
  if (isCancellation(error)) return { kind: 'interrupted' };
  if (!(error instanceof ActivityFailure)) throw error;
  const type = error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
  return { kind: 'failed', failure: { type: type ?? 'Unanswered', message: sentenceOf(error.cause) } };
}
