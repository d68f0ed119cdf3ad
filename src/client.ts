/** The typed client of the runbooks: start, plan, decide, watch, report. The CLI stands on it, and programs may. */
import { decide } from './client/decide.ts';
import { readReport, readResult } from './client/ended-run.ts';
import { isOpen } from './client/execution.ts';
import { findRun, listRuns } from './client/find-runs.ts';
import type { RunFilter, RunSummary } from './client/find-runs.ts';
import { describeRun, readStatus } from './client/live-status.ts';
import type { LiveStatus } from './client/live-status.ts';
import { query } from './client/query.ts';
import type { RunbookInput, RunbookType } from './client/runbooks.ts';
import { checkSearchAttributes, createCommand } from './client/search-attributes.ts';
import type { SearchAttributeCheck } from './client/search-attributes.ts';
import { Session } from './client/session.ts';
import type { SessionOptions } from './client/session.ts';
import { check, diagnose, makePlan, startRun } from './client/start-run.ts';
import type { StartedRun } from './client/start-run.ts';
import type { Place } from './client/translate-errors.ts';
import { watchRun } from './client/watch-run.ts';
import type { Observation, WatchOptions } from './client/watch-run.ts';
import { workersOn } from './client/workers.ts';
import type { Worker } from './client/workers.ts';
import type { Check } from './protocol/activities.ts';
import type { CheckReport } from './protocol/check.ts';
import type { Decision } from './protocol/decisions.ts';
import type { Plan } from './protocol/plan.ts';
import { queryNames } from './protocol/run.ts';
import type { PlanResult, Report } from './protocol/run.ts';

export { DecisionRefused, RunFailed } from './client/failures.ts';
export { runbooks } from './client/runbooks.ts';
export { isOpen };
export type { LiveStatus, Observation, RunbookInput, RunbookType, RunFilter, RunSummary, SearchAttributeCheck, SessionOptions, StartedRun, WatchOptions, Worker };

/**
 * Every method answers within seconds or says why not: RunbookError `Unreachable` when Temporal or a worker is silent,
 * `NotFound`, `Forbidden`; DecisionRefused and RunFailed carry the run's own words. Close it when done.
 */
export class RunbookClient {
  private readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  /** @throws RunbookError Unreachable when Temporal does not answer within five seconds. */
  static async connect(options: SessionOptions): Promise<RunbookClient> {
    return new RunbookClient(await Session.open(options));
  }

  get place(): Place & { taskQueue: string } {
    return { ...this.session.place, taskQueue: this.session.taskQueue };
  }

  /** Starts a run. @throws RunbookError InvalidInput for a wrong input, Locked when a run with this id is open. */
  async start<Type extends RunbookType>(type: Type, input: RunbookInput<Type>, options: { workflowId?: string | undefined } = {}): Promise<StartedRun> {
    return await startRun(this.session, type, input, options);
  }

  /** Makes a plan and changes nothing, even while a run is open. @throws RunFailed with the reason why there is no plan. */
  async plan<Type extends RunbookType>(type: Type, input: RunbookInput<Type>): Promise<Plan> {
    return await makePlan(this.session, type, input);
  }

  /** Returns the run's sentence about what follows. @throws DecisionRefused with the run's reason. */
  async decide(workflowId: string, decision: Decision): Promise<string> {
    return await decide(this.session, workflowId, decision);
  }

  async status(workflowId: string): Promise<LiveStatus> {
    return await readStatus(this.session, workflowId);
  }

  /** The plan of a run; undefined before it is made. */
  async planOf(workflowId: string): Promise<Plan | undefined> {
    return (await query<Plan | null>(this.session, await describeRun(this.session, workflowId), queryNames.plan)) ?? undefined;
  }

  /** The report of a run, also of one that failed; of an open run the report so far. */
  async report(workflowId: string): Promise<Report | PlanResult> {
    const described = await describeRun(this.session, workflowId);
    if (isOpen({ execution: described.status.name })) return await query<Report>(this.session, described, queryNames.report);
    return await readReport(this.session, described);
  }

  /** Waits for the end. @throws RunFailed when the run failed, RunbookError Unreachable when `withinMs` have passed. */
  async result(workflowId: string, withinMs: number): Promise<Report | PlanResult> {
    return await readResult(this.session, workflowId, withinMs);
  }

  /** Reads the status once a second until the run has ended. */
  watch(workflowId: string, options: WatchOptions = {}): AsyncGenerator<Observation, void> {
    return watchRun(this.session, workflowId, options);
  }

  /** Newest first. */
  async list(filter: RunFilter = {}): Promise<RunSummary[]> {
    return await listRuns(this.session, filter);
  }

  /** Turns what a person writes into a workflow id: an id, or the name of a TiDB cluster with exactly one open run. */
  async find(name: string): Promise<string> {
    return await findRun(this.session, name);
  }

  /** What is wrong with a TiDB cluster. @throws RunbookError Unreachable without a worker, RunFailed when it is not in the inventory. */
  async check(cluster: string): Promise<CheckReport> {
    return await check(this.session, cluster);
  }

  /** What a worker can reach. @throws RunbookError Unreachable without a worker. */
  async diagnose(cluster?: string): Promise<Check[]> {
    return await diagnose(this.session, cluster);
  }

  async searchAttributes(): Promise<SearchAttributeCheck> {
    return await this.session.ask('Listing search attributes', () => checkSearchAttributes(this.session.connection, this.session.place.namespace));
  }

  /** The line for a terminal that registers those of `check` that are missing. */
  searchAttributeCommand({ missing }: SearchAttributeCheck): string {
    return createCommand(this.session.place.namespace, missing);
  }

  /** The workers that asked for work in the last minute. */
  async workers(): Promise<Worker[]> {
    return await workersOn(this.session, this.session.taskQueue);
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}
