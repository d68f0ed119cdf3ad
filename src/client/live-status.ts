/** The status of a run as the CLI shows it: what the run says, with what its activity says at this moment. */
import type { WorkflowExecutionDescription, WorkflowExecutionStatusName } from '@temporalio/client';
import { decodeArrayFromPayloads, decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { z } from 'zod';
import { queryNames } from '../protocol/run.ts';
import type { RunStatus } from '../protocol/run.ts';
import { statusOfEnded } from './ended-run.ts';
import { isOpen } from './execution.ts';
import { query } from './query.ts';
import type { Session } from './session.ts';

/** What the activity of the current step does at this moment. */
export interface LiveActivity {
  /** Activity type, e.g. `waitStep`. */
  name: string;
  /** 1 for the first try. */
  attempt: number;
  /** The last progress that it told. */
  message?: string;
  /** ISO 8601. */
  heartbeatAt?: string;
  /** Why the last try failed, until the next one, which follows by itself, tells something. */
  failure?: string;
  worker: string;
}

export interface LiveStatus extends RunStatus {
  workflowId: string;
  runId: string;
  /** Temporal's word for the run. */
  execution: WorkflowExecutionStatusName;
  /** ISO 8601. */
  startedAt: string;
  endedAt?: string;
  activity?: LiveActivity;
  /** Page of the run in the Temporal UI, when its URL is known. */
  link?: string;
}

const progress = z.object({ message: z.string() });

export async function describeRun(session: Session, workflowId: string): Promise<WorkflowExecutionDescription> {
  return await session.ask(`describing run ${workflowId}`, () => session.client.workflow.getHandle(workflowId).describe());
}

/**
 * One read of the run: a description and, while it is open, a query.
 * @throws RunbookError NotFound without such a run, Unreachable when Temporal or a worker does not answer within seconds.
 */
export async function readStatus(session: Session, workflowId: string): Promise<LiveStatus> {
  const described = await describeRun(session, workflowId);
  const execution = described.status.name;
  const status = isOpen({ execution }) ? await query<RunStatus>(session, described, queryNames.status) : await statusOfEnded(session, described);
  const activity = await liveActivity(session, described);
  const link = session.link(workflowId, described.runId);
  return {
    ...status,
    workflowId,
    runId: described.runId,
    execution,
    startedAt: described.startTime.toISOString(),
    ...(described.closeTime ? { endedAt: described.closeTime.toISOString() } : {}),
    ...(activity ? { activity } : {}),
    ...(link ? { link } : {}),
  };
}

async function liveActivity(session: Session, { raw, workflowId }: WorkflowExecutionDescription): Promise<LiveActivity | undefined> {
  const pending = raw.pendingActivities?.[0];
  if (!pending) return undefined;
  const converter = session.client.options.loadedDataConverter;
  const context = { type: 'workflow' as const, namespace: session.place.namespace, workflowId };
  const [details] = await decodeArrayFromPayloads(converter, pending.heartbeatDetails?.payloads, context);
  const failure = await decodeOptionalFailureToOptionalError(converter, pending.lastFailure, context);
  const told = progress.safeParse(details);
  const heartbeat = optionalTsToDate(pending.lastHeartbeatTime);
  const begun = optionalTsToDate(pending.lastStartedTime);
  const hasToldSinceBegun = heartbeat !== undefined && begun !== undefined && heartbeat > begun;
  return {
    name: pending.activityType?.name ?? '',
    attempt: pending.attempt ?? 1,
    worker: pending.lastWorkerIdentity ?? '',
    ...(told.success ? { message: told.data.message } : {}),
    ...(heartbeat ? { heartbeatAt: heartbeat.toISOString() } : {}),
    ...(failure && !hasToldSinceBegun ? { failure: failure.message } : {}),
  };
}
