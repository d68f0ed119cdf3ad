/** Tries again what may pass: conflicts at once, silence and throttling for a while. Then it becomes a reason to hold, not an error. */
import { isRunbookError, sentenceOf } from '../errors.ts';
import type { Reason } from '../protocol/outcome.ts';
import { passing } from '../tidb/guards/guard.ts';
import type { Pulse } from './pulse.ts';
import { rest } from './pulse.ts';

/** The operator writes status several times a second while it rolls (Ⓞ11): conflicts come in rows, but not for this many reads. */
const MOST_CONFLICTS = 20;
const CONFLICT_PAUSE_MS = 10;
/** A restart of an API server takes seconds; a person should see a longer silence as a hold. */
export const SILENCE_MS = 15_000;
const SILENCE_PAUSE_MS = 1_000;

export type Tried<T> = { ok: T } | { silent: Reason };

/** `attempt` begins with a read each time. Errors that no repetition mends are thrown. */
export async function tryPatiently<T>(pulse: Pulse, attempt: () => Promise<T>, silenceMs: number = SILENCE_MS): Promise<Tried<T>> {
  const began = performance.now();
  for (let conflicts = 0; ; ) {
    const failure = await attempt().then((ok) => ({ ok }), (error: unknown) => ({ error }));
    if ('ok' in failure) return failure;
    const { error } = failure;
    pulse.signal.throwIfAborted();
    const conflict = isRunbookError(error, 'Conflict') && ++conflicts <= MOST_CONFLICTS;
    if (!conflict && !isSilence(error)) throw error;
    if (isSilence(error) && performance.now() - began >= silenceMs) return { silent: silence(error) };
    if (isSilence(error)) pulse.tell(sentenceOf(error));
    await rest(conflict ? CONFLICT_PAUSE_MS : (retryAfterMs(error) ?? SILENCE_PAUSE_MS), pulse.signal);
  }
}

function retryAfterMs(error: unknown): number | undefined {
  return isRunbookError(error) ? error.retryAfterMs : undefined;
}

/**
 * No answer, or one that says not now: it may pass. A refusal counts as well: an API server that has just started answers 403 until it
 * has read its roles (seen on kube-apiserver 1.34), and a right that is granted is there at once.
 */
export function isSilence(error: unknown): boolean {
  return isRunbookError(error, 'Unreachable') || isRunbookError(error, 'Throttled') || isRunbookError(error, 'Forbidden');
}

/** One key for all silence: which server it is stands in the words, and changing words are no new reason. */
export function silence(error: unknown): Reason {
  return passing('unreachable', sentenceOf(error));
}
