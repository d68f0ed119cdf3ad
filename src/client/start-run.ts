/** Starts runs, and short runs that only look: a plan, the doctor. */
import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdConflictPolicy } from '@temporalio/client';
import type { WorkflowStartOptions } from '@temporalio/client';
import { RunbookError } from '../errors.ts';
import type { Check } from '../protocol/activities.ts';
import { criticalFailure } from '../protocol/check.ts';
import type { CheckReport } from '../protocol/check.ts';
import type { Plan } from '../protocol/plan.ts';
import { defaultWorkflowId } from '../protocol/run.ts';
import { checkClusterRunbook } from '../workflows/check-cluster/contract.ts';
import { readResult } from './ended-run.ts';
import { RunFailed } from './failures.ts';
import { detailsOf, summaryOf } from './run-details.ts';
import { checkInput, runbooks } from './runbooks.ts';
import type { RunbookInput, RunbookType } from './runbooks.ts';
import { attributeKeys } from './search-attributes.ts';
import type { Session } from './session.ts';
import { demandWorker } from './workers.ts';

export interface StartedRun {
  workflowId: string;
  runId: string;
  /** Page of the run in the Temporal UI, when its URL is known. */
  link?: string;
}

/** Runs that only make a plan are told apart by their ids: lists leave them out. */
export const planPrefix = 'plan/';

/** A plan or a diagnosis reads some hundred objects; when it takes longer, a Kubernetes cluster does not answer. */
const shortRunMs = 120_000;

/**
 * Starts a run. Two runs with the same id exclude each other; the lock of the TiDB cluster excludes the rest.
 * @throws RunbookError InvalidInput for an input that cannot be right, Locked when a run with this id is open.
 */
export async function startRun<Type extends RunbookType>(session: Session, type: Type, input: RunbookInput<Type>, { workflowId = defaultWorkflowId(type, input.cluster) }: { workflowId?: string | undefined } = {}): Promise<StartedRun> {
  checkInput(type, input);
  const { requestedBy } = input;
  const runId = await launch(session, type, {
    workflowId,
    args: [input],
    staticSummary: summaryOf(runbooks[type].title, input),
    staticDetails: detailsOf(session, { type, title: runbooks[type].title, workflowId, input }),
    typedSearchAttributes: [{ key: attributeKeys.cluster, value: input.cluster }, ...(requestedBy ? [{ key: attributeKeys.requestedBy, value: requestedBy }] : [])],
  });
  const link = session.link(workflowId, runId);
  return { workflowId, runId, ...(link ? { link } : {}) };
}

/**
 * Makes a plan and changes nothing; works while a run of the same TiDB cluster is open.
 * @throws RunbookError InvalidInput, or Unreachable without a worker; RunFailed with the reason why there is no plan.
 */
export async function makePlan<Type extends RunbookType>(session: Session, type: Type, input: RunbookInput<Type>): Promise<Plan> {
  checkInput(type, input);
  await demandWorker(session);
  const workflowId = `${planPrefix}${defaultWorkflowId(type, input.cluster)}/${randomUUID()}`;
  await launch(session, type, { workflowId, args: [{ ...input, mode: 'plan' }], staticSummary: summaryOf(`Plan only: ${runbooks[type].title}`, input), workflowExecutionTimeout: shortRunMs });
  const result = await readResult(session, workflowId, shortRunMs);
  if ('mode' in result) return result.plan;
  throw new RunbookError('Unsupported', `The run ${workflowId} was asked for a plan and ended as ${result.phase}: ${result.message}`);
}

/**
 * Asks a worker whether it can reach and use everything that a TiDB cluster (or the whole inventory) needs.
 * @throws RunbookError Unreachable without a worker; RunFailed when the cluster is not in its inventory.
 */
export async function diagnose(session: Session, cluster?: string): Promise<Check[]> {
  await demandWorker(session);
  const workflowId = `doctor/${randomUUID()}`;
  await launch(session, 'doctor', { workflowId, args: [cluster === undefined ? {} : { cluster }], staticSummary: `Doctor: ${cluster ?? 'whole inventory'}`, workflowExecutionTimeout: shortRunMs });
  return (await readResult(session, workflowId, shortRunMs)) as unknown as Check[];
}

/**
 * Checks a TiDB cluster once; what is critical is part of the report, not an error.
 * @throws RunbookError Unreachable without a worker; RunFailed when the cluster is not in its inventory or cannot be understood.
 */
export async function check(session: Session, cluster: string): Promise<CheckReport> {
  await demandWorker(session);
  const workflowId = `${checkClusterRunbook.type}/${cluster}/${randomUUID()}`;
  await launch(session, checkClusterRunbook.type, { workflowId, args: [{ cluster }], staticSummary: `Check: ${cluster}`, workflowExecutionTimeout: shortRunMs });
  try {
    return (await readResult(session, workflowId, shortRunMs)) as unknown as CheckReport;
  } catch (error) {
    // The failure carries what the result would have been (src/workflows/check-cluster/workflow.ts).
    if (error instanceof RunFailed && error.type === criticalFailure && error.report) return error.report as unknown as CheckReport;
    throw error;
  }
}

async function launch(session: Session, type: string, options: Omit<WorkflowStartOptions, 'taskQueue'> & { workflowId: string }): Promise<string> {
  const { workflowId } = options;
  return await session.ask(`Starting ${workflowId}`, async () => {
    try {
      const handle = await session.client.workflow.start(type, { ...options, taskQueue: session.taskQueue, workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL });
      return handle.firstExecutionRunId;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        throw new RunbookError('Locked', `The run ${workflowId} is open already: see it with tidb-runbook status ${workflowId}, or end it first`);
      }
      throw error;
    }
  });
}
