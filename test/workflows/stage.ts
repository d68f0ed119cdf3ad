/** Where scripted runs are played: a dev server, a worker with the real workflows, and handles that wait for conditions. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { Check } from '../../src/protocol/activities.ts';
import type { DecisionName } from '../../src/protocol/decisions.ts';
import type { PlanResult, Report, RunStatus } from '../../src/protocol/run.ts';
import { defaultTaskQueue } from '../../src/protocol/run.ts';
import { identity, startDevServer } from '../temporal/dev-server.ts';
import { quietRuntime } from '../temporal/quiet-runtime.ts';
import { bundleWorkflows } from './bundle.ts';
import { planHash, ScriptedActivities } from './script.ts';
import type { ActivityName, Script } from './script.ts';

/** A condition that does not come true within this time fails the test. */
const patienceMs = 20_000;
const pollMs = 50;

/** More than `patienceMs`, so that a condition in vain is what a test reports. The recording script runs without jest. */
const testMs = 60_000;
if (typeof jest !== 'undefined') jest.setTimeout(testMs);

export async function eventually<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const value = await read();
    if (fits(value)) return value;
    if (Date.now() > end) throw new Error(`Waited ${patienceMs} ms in vain; the last value was ${JSON.stringify(value)}`);
    await sleep(pollMs);
  }
}

export class Stage {
  readonly env: TestWorkflowEnvironment;
  private readonly bundle: { codePath: string };
  private readonly casts = new Map<string, ScriptedActivities>();
  private worker: Worker | undefined;
  private running: Promise<void> | undefined;
  /** What `diagnose` answers. */
  checks: Check[] | ApplicationFailure = [];
  private count = 0;

  private constructor(env: TestWorkflowEnvironment, bundle: { codePath: string }) {
    this.env = env;
    this.bundle = bundle;
  }

  static async open(server: Promise<TestWorkflowEnvironment> = startDevServer()): Promise<Stage> {
    quietRuntime();
    const [env, bundle] = await Promise.all([server, bundleWorkflows()]);
    const stage = new Stage(env, bundle);
    await stage.startWorker();
    return stage;
  }

  async startWorker(): Promise<void> {
    this.worker = await Worker.create({
      connection: this.env.nativeConnection,
      namespace: this.env.namespace,
      identity,
      taskQueue: defaultTaskQueue,
      workflowBundle: this.bundle,
      activities: this.activities(),
      maxHeartbeatThrottleInterval: '50ms',
      defaultHeartbeatThrottleInterval: '50ms',
      shutdownGraceTime: 0,
      shutdownForceTime: '2s',
    });
    this.running = this.worker.run();
  }

  async stopWorker(): Promise<void> {
    this.worker?.shutdown();
    await this.running;
  }

  async close(): Promise<void> {
    await this.stopWorker();
    await this.env.teardown();
  }

  /** Starts a run whose activities answer as `script` says. */
  async play(script: Script = {}, input: unknown = {}, type = 'upgradeCluster'): Promise<Play> {
    const workflowId = `${type}/shop-${++this.count}`;
    const cast = new ScriptedActivities(script);
    this.casts.set(workflowId, cast);
    const args = typeof input === 'object' && input !== null && !Array.isArray(input) ? [{ ...safeInput, ...(type === 'upgradeCluster' ? { version: 'v8.5.4' } : {}), ...input }] : [input];
    return new Play(await this.start(type, workflowId, args), cast);
  }

  async start(type: string, workflowId: string, args: unknown[]): Promise<WorkflowHandleWithFirstExecutionRunId> {
    return this.env.client.workflow.start(type, { taskQueue: defaultTaskQueue, workflowId, args });
  }

  private activities(): Record<string, (argument: never) => Promise<unknown>> {
    const names: ActivityName[] = ['acquireLock', 'makePlan', 'applyStep', 'awaitGuards', 'waitStep', 'brakeStep', 'cleanUp'];
    const delegate = (name: ActivityName): [string, (argument: never) => Promise<unknown>] => [name, async (argument): Promise<unknown> => this.cast()[name](argument)];
    return { ...Object.fromEntries(names.map(delegate)), diagnose: async () => this.diagnose() };
  }

  private diagnose(): Check[] {
    if (this.checks instanceof ApplicationFailure) throw this.checks;
    return this.checks;
  }

  private cast(): ScriptedActivities {
    const { workflowExecution } = activityInfo();
    const cast = this.casts.get(workflowExecution?.workflowId ?? '');
    if (!cast) throw new Error(`No script for ${workflowExecution?.workflowId}`);
    return cast;
  }
}

const safeInput = { cluster: 'shop', gates: 'none', settle: '0s', soak: '0s' };

/** One run on the stage. */
export class Play {
  readonly handle: WorkflowHandleWithFirstExecutionRunId;
  readonly cast: ScriptedActivities;

  constructor(handle: WorkflowHandleWithFirstExecutionRunId, cast: ScriptedActivities) {
    this.handle = handle;
    this.cast = cast;
  }

  async status(): Promise<RunStatus> {
    return this.handle.query<RunStatus>('status');
  }

  async until(fits: (status: RunStatus) => boolean): Promise<RunStatus> {
    return eventually(() => this.status(), fits);
  }

  async untilPhase(phase: RunStatus['phase']): Promise<RunStatus> {
    return this.until((status) => status.phase === phase);
  }

  /** Until the activity was called `times` times. */
  async untilCalled(activity: ActivityName, times = 1): Promise<void> {
    await eventually(async () => this.cast.of(activity).length, (count) => count >= times);
  }

  async signal(name: string, argument?: unknown): Promise<void> {
    await this.handle.signal(name, ...(argument === undefined ? [] : [argument]));
  }

  /** The answer of the update, or the sentence with which it was refused. */
  async decide(decision: DecisionName, argument: Record<string, unknown> = {}): Promise<string> {
    try {
      return await this.handle.executeUpdate<string, [unknown]>('decide', { args: [{ decision, by: 'alice', ...argument }] });
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) return `${error.cause.type}: ${error.cause.message}`;
      throw error;
    }
  }

  async approvePlan(by = 'alice'): Promise<string> {
    await this.until(({ gate }) => gate?.id === 'plan');
    return this.decide('approve', { by, gate: 'plan', planHash });
  }

  async report(): Promise<Report> {
    return (await this.handle.result()) as Report;
  }

  async planResult(): Promise<PlanResult> {
    return (await this.handle.result()) as PlanResult;
  }

  /** The failure of a failed run. */
  async failure(): Promise<{ type: string | null | undefined; message: string; report: Report }> {
    const error = await this.handle.result().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw new Error(`The run did not fail as expected: ${String(error)}`);
    const { type, message, details } = error.cause;
    return { type, message, report: details?.[0] as Report };
  }

  /** Types of all events of the run's history. */
  async eventCount(): Promise<number> {
    const { events } = await this.handle.fetchHistory();
    return events?.length ?? 0;
  }
}
