/** Follows a run until it ends, through restarts of workers and of Temporal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunbookError } from '../errors.ts';
import { isOpen } from './execution.ts';
import { readStatus } from './live-status.ts';
import type { LiveStatus } from './live-status.ts';
import type { Session } from './session.ts';

/** Either what the run shows, or why it cannot be seen at this moment. */
export type Observation = { status: LiveStatus } | { trouble: string };

export interface WatchOptions {
  /** Milliseconds between two reads. */
  everyMs?: number | undefined;
  /** Ends the watch without an error. */
  signal?: AbortSignal | undefined;
}

/** A query costs the worker about 7 ms; a person does not read faster. */
const usualPauseMs = 1_000;

/**
 * Yields every read until the run has ended; the last one shows the end.
 * @throws RunbookError NotFound and whatever else waiting does not mend.
 */
export async function* watchRun(session: Session, workflowId: string, { everyMs = usualPauseMs, signal }: WatchOptions = {}): AsyncGenerator<Observation, void> {
  while (!signal?.aborted) {
    const observation = await observe(session, workflowId, signal);
    if (!observation) return;
    yield observation;
    if ('status' in observation && !isOpen(observation.status)) return;
    await sleep(everyMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

/** Nothing when the watch was ended meanwhile. */
async function observe(session: Session, workflowId: string, signal: AbortSignal | undefined): Promise<Observation | undefined> {
  const read = (): Promise<LiveStatus> => readStatus(session, workflowId);
  try {
    return { status: await (signal ? session.connection.withAbortSignal(signal, read) : read()) };
  } catch (error) {
    if (signal?.aborted) return undefined;
    if (isRunbookError(error, 'Unreachable') || isRunbookError(error, 'Throttled')) return { trouble: error.message };
    throw error;
  }
}
