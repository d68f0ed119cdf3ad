/** The heartbeat of an activity: it carries the last sentence to whoever watches, brings cancellation, and shows a dead worker within seconds. */
import { Context } from '@temporalio/activity';
import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '../protocol/outcome.ts';
import type { SharedPace } from './shared-pace.ts';

const BEAT_MS = 1_000;
/** Of an activity's heartbeat time-out goes by between two beats at most, so that one lost beat is no death. */
const LONGEST_SHARE = 0.48;

export interface Pulse {
  /** Aborts when the run no longer wants the answer, or the worker stops. */
  signal: AbortSignal;
  /** The last sentence; sent at once when it is new. */
  tell(message: string): void;
}

/** Beats at `pace`, which all activities of the worker share, and never too seldom for the activity's own time-out. */
export async function withPulse<T>(pace: SharedPace, body: (pulse: Pulse) => Promise<T>): Promise<T> {
  const context = Context.current();
  const longestMs = LONGEST_SHARE * (context.info.heartbeatTimeoutMs ?? Infinity);
  const leave = pace.join();
  let progress: Progress = { message: 'looking' };
  let timer: NodeJS.Timeout | undefined;
  const beat = (): void => {
    clearTimeout(timer);
    context.heartbeat(progress);
    timer = setTimeout(beat, Math.min(pace.pauseMs(BEAT_MS), longestMs));
  };
  beat();
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
    clearTimeout(timer);
    leave();
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
