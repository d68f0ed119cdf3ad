/** The activities as the workflow calls them: time-outs, retries and the way of cancelling, by class. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityInterfaceFor, ActivityOptions } from '@temporalio/workflow';
import { errorTypes } from '../../errors.ts';
import type { RunbookActivities } from '../../protocol/activities.ts';

const notRetried = Object.entries(errorTypes).flatMap(([type, { retried }]) => (retried ? [] : [type]));

const retry = {
  /** Short, so that a killed worker or a dropped connection costs little. */
  initialInterval: '500ms',
  backoffCoefficient: 2,
  /** An API server that comes back is noticed within half a minute. */
  maximumInterval: '30s',
  nonRetryableErrorTypes: notRetried,
};

/** Without a heartbeat for this long its worker is dead; more than twice the pause between two heartbeats (`pulse.ts`), and the price of a SIGKILL. */
const heartbeatTimeout = '10s';
/** Of a wait in a worker with so many that Temporal's server could not take their heartbeats that often. */
const crowdedTimeout = '60s';

/** With back-off up to 30 s about half an hour of trying; then the run ends and says what it could not clean up. */
const cleanUpAttempts = 60;

const { TRY_CANCEL, WAIT_CANCELLATION_COMPLETED } = ActivityCancellationType;

/** What writes, or may write, is waited for when it is cancelled: nothing of ours may happen after the run went on. */
const classes = {
  observe: { startToCloseTimeout: '5m', heartbeatTimeout, retry, cancellationType: TRY_CANCEL },
  write: { startToCloseTimeout: '5m', heartbeatTimeout, retry, cancellationType: WAIT_CANCELLATION_COMPLETED },
  /** Has no end of its own: a stall is said by the activity, not by a time-out. It writes as well: it sets the brake. */
  wait: { startToCloseTimeout: '7d', heartbeatTimeout, retry, cancellationType: WAIT_CANCELLATION_COMPLETED },
  watch: { startToCloseTimeout: '7d', heartbeatTimeout, retry, cancellationType: TRY_CANCEL },
  cleanUp: { startToCloseTimeout: '5m', heartbeatTimeout, retry: { ...retry, maximumAttempts: cleanUpAttempts }, cancellationType: WAIT_CANCELLATION_COMPLETED },
} as const satisfies Record<string, ActivityOptions>;

/** Temporal takes at most this many bytes of summary. */
const summaryBytes = 200;

export function calls(kind: keyof typeof classes, summary: string, isCrowded = false): ActivityInterfaceFor<RunbookActivities> {
  return proxyActivities<RunbookActivities>({ ...classes[kind], ...(isCrowded ? { heartbeatTimeout: crowdedTimeout } : {}), summary: cut(summary, summaryBytes) });
}

/** At most `bytes` of UTF-8, never half a character. */
export function cut(text: string, bytes: number): string {
  const encoder = new TextEncoder();
  let kept = '';
  let left = bytes;
  for (const character of text) {
    left -= encoder.encode(character).length;
    if (left < 0) return kept;
    kept += character;
  }
  return kept;
}
