/** What a run that has ended left: its result, or its failure with the report in it. No worker is needed for either. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { isRunbookError } from '../errors.ts';
import { queryNames } from '../protocol/run.ts';
import type { PlanResult, Report, RunStatus } from '../protocol/run.ts';
import { RunFailed } from './failures.ts';
import { query } from './query.ts';
import type { Session } from './session.ts';

/**
 * Waits for the end of the run, `withinMs` at most.
 * @throws RunFailed when the run failed or Temporal ended it.
 */
export async function readResult(session: Session, workflowId: string, withinMs?: number): Promise<Report | PlanResult> {
  return await session.ask(`The run ${workflowId}`, () => session.client.workflow.getHandle(workflowId).result() as Promise<Report | PlanResult>, withinMs);
}

/** The report, also of a run that failed; a run that Temporal ended is asked for it, which needs a worker. */
export async function readReport(session: Session, described: WorkflowExecutionDescription): Promise<Report | PlanResult> {
  try {
    return await readResult(session, described.workflowId);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    return error.report ?? (await query<Report>(session, described, queryNames.report));
  }
}

/** The last status of an ended run, whatever its end was. */
export async function statusOfEnded(session: Session, described: WorkflowExecutionDescription): Promise<RunStatus> {
  try {
    const result = await readResult(session, described.workflowId);
    return 'mode' in result ? statusOfPlan(result) : statusIn(result);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    if (error.report) return statusIn(error.report);
    const { gate: _gate, hold: _hold, ...last } = await lastWords(session, described);
    return { ...last, phase: error.type === 'Cancelled' ? 'aborted' : 'failed', message: error.message };
  }
}

/** A run that Temporal ended can still be asked, when a worker is there to replay it. */
async function lastWords(session: Session, described: WorkflowExecutionDescription): Promise<RunStatus> {
  try {
    return await query<RunStatus>(session, described, queryNames.status);
  } catch (error) {
    if (!isRunbookError(error)) throw error;
    return { runbook: described.type, cluster: '', phase: 'failed', message: '', steps: [], decisions: [], ignoredDecisions: [] };
  }
}

function statusIn({ plan: _plan, remains: _remains, startedAt: _startedAt, endedAt: _endedAt, ...status }: Report): RunStatus {
  return status;
}

function statusOfPlan({ plan }: PlanResult): RunStatus {
  const steps = plan.steps.map(({ id, title, alreadyDone }) => ({ id, title, state: 'pending' as const, message: alreadyDone ? 'done already' : '' }));
  return {
    runbook: plan.runbook,
    cluster: plan.cluster,
    phase: 'done',
    message: `The plan is made, nothing is changed: ${plan.summary}`,
    planHash: plan.hash,
    planSummary: plan.summary,
    steps,
    decisions: [],
    ignoredDecisions: [],
  };
}
