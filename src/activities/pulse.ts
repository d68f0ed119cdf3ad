/** The heartbeat of an activity: it carries the last sentence to whoever watches, brings cancellation, and shows a dead worker within seconds. */
import { Context } from '@temporalio/activity';
import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '../protocol/outcome.ts';

/** Far below the heartbeat time-out of 10 s, so that one lost beat is no death. */
const BEAT_MS = 1_000;

export interface Pulse {
  /** Aborts when the run no longer wants the answer, or the worker stops. */
  signal: AbortSignal;
  /** The last sentence; sent at once when it is new. */
  tell(message: string): void;
}

export async function withPulse<T>(body: (pulse: Pulse) => Promise<T>): Promise<T> {
  const context = Context.current();
  let progress: Progress = { message: 'looking' };
  const beat = (): void => context.heartbeat(progress);
  beat();
  const timer = setInterval(beat, BEAT_MS);
  try {
    return await body({
      signal: context.cancellationSignal,
      tell: (message) => {
        if (message === progress.message) return;
        progress = { message };
        beat();
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/** Sleeps; wakes early, with the abort's reason, when the activity is cancelled. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}
