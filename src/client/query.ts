/** Asks a run one of its queries, and explains when no answer comes. */
import { QueryRejectedError } from '@temporalio/client';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { RunbookError } from '../errors.ts';
import { answerWithinMs } from './session.ts';
import type { Session } from './session.ts';
import { isSilence, translate } from './translate-errors.ts';
import { explainSilence } from './workers.ts';

/**
 * Asks the run itself.
 * @throws RunbookError Unreachable within seconds, saying whether no worker is there, the run is parked, or it is slow.
 */
export async function query<T>(session: Session, described: WorkflowExecutionDescription, name: string): Promise<T> {
  const { workflowId, runId } = described;
  const handle = session.client.workflow.getHandle(workflowId, runId);
  try {
    return await session.connection.withDeadline(Date.now() + answerWithinMs, () => handle.query<T>(name));
  } catch (error) {
    if (isSilence(error)) throw await explainSilence(session, described);
    if (error instanceof QueryRejectedError) throw pausedByTemporal(workflowId);
    throw translate(error, `Asking run ${workflowId} for its ${name}`, session.place);
  }
}

function pausedByTemporal(workflowId: string): RunbookError {
  return new RunbookError('Unreachable', `The run ${workflowId} is paused by Temporal itself and answers nothing: temporal workflow unpause --workflow-id '${workflowId}'`);
}
