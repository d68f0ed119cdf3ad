/** Sends a decision by the update `decide`: the run answers at once, or refuses with its reason. */
import { RunbookError } from '../errors.ts';
import type { Decision } from '../protocol/decisions.ts';
import { decideUpdate } from '../protocol/run.ts';
import { describeRun } from './live-status.ts';
import { answerWithinMs } from './session.ts';
import type { Session } from './session.ts';
import { isSilence, translate } from './translate-errors.ts';
import { explainSilence } from './workers.ts';

/**
 * Returns the run's own sentence about what follows.
 * @throws DecisionRefused with the run's reason, or when it has ended; RunbookError NotFound, or Unreachable without a worker.
 */
export async function decide(session: Session, workflowId: string, decision: Decision): Promise<string> {
  const handle = session.client.workflow.getHandle(workflowId);
  try {
    return await session.connection.withDeadline(Date.now() + answerWithinMs, () => handle.executeUpdate<string, [Decision]>(decideUpdate, { args: [decision] }));
  } catch (error) {
    if (isSilence(error)) throw notTakenYet(await explainSilence(session, await describeRun(session, workflowId)), decision);
    throw translate(error, `${decision.decision} of run ${workflowId}`, session.place);
  }
}

/** Temporal may have kept the update, and hands it to the next worker. */
function notTakenYet({ message }: RunbookError, { decision }: Decision): RunbookError {
  return new RunbookError('Unreachable', `${message}. Whether the ${decision} takes effect once a worker answers is not known: look at the status before you decide again`);
}
