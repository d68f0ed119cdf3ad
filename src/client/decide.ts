/** Sends a decision by the update `decide`: the run answers at once, or refuses with its reason. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunbookError } from '../errors.ts';
import type { Decision } from '../protocol/decisions.ts';
import { decideUpdate } from '../protocol/run.ts';
import { describeRun } from './live-status.ts';
import { answerWithinMs } from './session.ts';
import type { Session } from './session.ts';
import { isDroppedUpdate, isSilence, translate } from './translate-errors.ts';
import { explainSilence } from './workers.ts';

/**
 * Returns the run's own sentence about what follows.
 * @throws DecisionRefused with the run's reason, or when it has ended; RunbookError NotFound, or Unreachable without a worker.
 */
export async function decide(session: Session, workflowId: string, decision: Decision): Promise<string> {
  try {
    return await session.connection.withDeadline(Date.now() + answerWithinMs, () => send(session, workflowId, decision));
  } catch (error) {
    if (isSilence(error)) throw notTakenYet(await explainSilence(session, await describeRun(session, workflowId)), decision);
    throw translate(error, `${decision.decision} of run ${workflowId}`, session.place);
  }
}

/** Between two tries: the next workflow task takes some ten milliseconds. */
const pauseMs = 50;
const mostTries = 20;

/**
 * Temporal drops an update when its workflow task fails, and that is no error of the run: an abort that ends the run while
 * its activity reports is such a case (UnhandledCommand). The id of the update makes sending it again safe.
 */
async function send(session: Session, workflowId: string, decision: Decision): Promise<string> {
  const handle = session.client.workflow.getHandle(workflowId);
  const updateId = randomUUID();
  for (let left = mostTries; ; left -= 1) {
    try {
      return await handle.executeUpdate<string, [Decision]>(decideUpdate, { args: [decision], updateId });
    } catch (error) {
      if (left === 0 || !isDroppedUpdate(error)) throw error;
      await sleep(pauseMs);
    }
  }
}

/** Temporal may have kept the update, and hands it to the next worker. */
function notTakenYet({ message }: RunbookError, { decision }: Decision): RunbookError {
  return new RunbookError('Unreachable', `${message}. Whether the ${decision} takes effect once a worker answers is not known: look at the status before you decide again`);
}
