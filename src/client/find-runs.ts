/** Finds runs by their search attributes: lists, and the run that a person means by a name. */
import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';
import { isRunbookError, RunbookError } from '../errors.ts';
import type { Phase } from '../protocol/run.ts';
import { isOpen } from './execution.ts';
import { describeRun } from './live-status.ts';
import { attributeKeys } from './search-attributes.ts';
import type { Session } from './session.ts';
import { planPrefix } from './start-run.ts';

export interface RunSummary {
  workflowId: string;
  runId: string;
  /** Workflow type. */
  runbook: string;
  cluster: string;
  phase: string;
  execution: WorkflowExecutionStatusName;
  awaitingApproval: boolean;
  requestedBy?: string;
  startedAt: string;
  endedAt?: string;
}

export interface RunFilter {
  cluster?: string | undefined;
  phase?: Phase | undefined;
  /** Only runs that have not ended. */
  open?: boolean | undefined;
  /** At most this many, the newest first; 50 when absent. */
  limit?: number | undefined;
}

const usualLimit = 50;

/** Newest first. */
export async function listRuns(session: Session, { limit = usualLimit, ...filter }: RunFilter = {}): Promise<RunSummary[]> {
  return await session.ask('Listing runs', async () => {
    const runs: RunSummary[] = [];
    for await (const info of session.client.workflow.list({ query: queryOf(filter), pageSize: limit })) {
      runs.push(summarize(info));
      if (runs.length >= limit) break;
    }
    return runs;
  });
}

/** Runs of this project, of any version of it: they have a phase, or no worker has looked at them yet. */
function queryOf({ cluster, phase, open }: RunFilter): string {
  const terms = ['(RunbookPhase IS NOT NULL OR TidbCluster IS NOT NULL)', `WorkflowId NOT STARTS_WITH ${quoted(planPrefix)}`, cluster && `TidbCluster = ${quoted(cluster)}`, phase && `RunbookPhase = ${quoted(phase)}`, open && `ExecutionStatus = 'Running'`];
  return terms.filter(Boolean).join(' AND ');
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function summarize({ workflowId, runId, type, status, typedSearchAttributes, startTime, closeTime }: WorkflowExecutionInfo): RunSummary {
  const requestedBy = typedSearchAttributes.get(attributeKeys.requestedBy);
  return {
    workflowId,
    runId,
    runbook: type,
    cluster: typedSearchAttributes.get(attributeKeys.cluster) ?? '',
    phase: phaseOf(status.name, typedSearchAttributes.get(attributeKeys.phase)),
    execution: status.name,
    awaitingApproval: isOpen({ execution: status.name }) && (typedSearchAttributes.get(attributeKeys.awaitingApproval) ?? false),
    startedAt: startTime.toISOString(),
    ...(requestedBy ? { requestedBy } : {}),
    ...(closeTime ? { endedAt: closeTime.toISOString() } : {}),
  };
}

/** A run that Temporal ended had no chance to say so itself, one without a worker has said nothing yet. */
function phaseOf(execution: WorkflowExecutionStatusName, phase = 'not begun'): string {
  return execution === 'TERMINATED' || execution === 'TIMED_OUT' || execution === 'CANCELLED' ? execution.toLowerCase().replace('_', ' ') : phase;
}

/**
 * The workflow id that a person means: a workflow id, or the name of a TiDB cluster on which exactly one run is open.
 * @throws RunbookError NotFound, naming the last run of that cluster if there was one; InvalidInput when several are open.
 */
export async function findRun(session: Session, name: string): Promise<string> {
  try {
    return (await describeRun(session, name)).workflowId;
  } catch (error) {
    if (!isRunbookError(error, 'NotFound')) throw error;
  }
  const open = await listRuns(session, { cluster: name, open: true });
  const [only] = open;
  if (only && open.length === 1) return only.workflowId;
  if (only) throw new RunbookError('InvalidInput', `Several runs are open on TiDB cluster ${name}; name one: ${open.map(({ workflowId }) => workflowId).join(', ')}`);
  const [last] = await listRuns(session, { cluster: name, limit: 1 });
  const hint = last ? `the last one was ${last.workflowId} (${last.phase})` : 'see those that exist with tidb-runbook list';
  throw new RunbookError('NotFound', `There is no run "${name}", and no open run on a TiDB cluster of that name; ${hint}`);
}
