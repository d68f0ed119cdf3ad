/** Is a worker there? And why does a run not answer? */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { RunbookError } from '../errors.ts';
import { answerWithinMs } from './session.ts';
import type { Session } from './session.ts';

/** A worker asks for work again at least this often: its long poll ends after 60 s. The server lists pollers for 5 minutes. */
const pollsWithinMs = 75_000;

export interface Worker {
  identity: string;
  lastPollAt: string;
}

/** TASK_QUEUE_TYPE_WORKFLOW (temporalio/api, enums/v1/task_queue.proto). */
const workflowTasks = 1;

/** The workers that ask for workflow tasks on `taskQueue`. One that was killed a minute ago may still be listed. */
export async function workersOn(session: Session, taskQueue: string): Promise<Worker[]> {
  const request = { namespace: session.place.namespace, taskQueue: { name: taskQueue }, taskQueueType: workflowTasks };
  const { pollers } = await session.ask('asking for workers', () => session.connection.workflowService.describeTaskQueue(request));
  return (pollers ?? [])
    .map(({ identity, lastAccessTime }) => ({ identity: identity ?? '', at: optionalTsToDate(lastAccessTime)?.getTime() ?? 0 }))
    .filter(({ at }) => Date.now() - at < pollsWithinMs)
    .map(({ identity, at }) => ({ identity, lastPollAt: new Date(at).toISOString() }));
}

export function noWorkerSentence(session: Session, taskQueue: string): string {
  return `No worker answers on task queue ${taskQueue} in namespace ${session.place.namespace}: start one (node dist/worker.js with TIDB_RUNBOOKS_TASK_QUEUE=${taskQueue}, or docker compose up worker)`;
}

/** @throws RunbookError Unreachable when nobody polls the task queue of the session. */
export async function demandWorker(session: Session): Promise<void> {
  if ((await workersOn(session, session.taskQueue)).length === 0) throw new RunbookError('Unreachable', noWorkerSentence(session, session.taskQueue));
}

/** Why did the run not answer in time: no worker, a parked run, or a slow one. */
export async function explainSilence(session: Session, { workflowId, taskQueue, raw }: WorkflowExecutionDescription): Promise<RunbookError> {
  const workers = await workersOn(session, taskQueue);
  const [worker] = workers;
  if (!worker) return new RunbookError('Unreachable', noWorkerSentence(session, taskQueue));
  const failedTries = (raw.pendingWorkflowTask?.attempt ?? 1) - 1;
  if (failedTries > 0) {
    return new RunbookError('Unreachable', `The run ${workflowId} is parked: its workflow task failed ${failedTries} times, because of a bug or of a worker with other code; the Temporal UI shows the error, and the run goes on by itself once the right worker runs`);
  }
  const others = workers.length > 1 ? ` and ${workers.length - 1} more` : '';
  return new RunbookError('Unreachable', `The run ${workflowId} did not answer within ${answerWithinMs / 1_000} s, though worker ${worker.identity}${others} asked for work on task queue ${taskQueue} (last at ${worker.lastPollAt}): is it still there? Its log says more`);
}
