/** A real Temporal dev server with the project's workflows and scripted activities on a task queue. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { tools } from '../../../lab/provision/tools.ts';
import { provide } from '../../../lab/provision/ladder.ts';
import { searchAttributes } from '../../../src/protocol/run.ts';
import { bundleWorkflows } from '../../workflows/bundle.ts';
import { activityFunctions } from './scripted-activities.ts';
import type { ScriptedActivities } from './scripted-activities.ts';

export interface DevServer {
  env: TestWorkflowEnvironment;
  address: string;
  startWorker(activities: ScriptedActivities, taskQueue: string): Promise<RunningWorker>;
  stop(): Promise<void>;
}

export interface RunningWorker {
  stop(): Promise<void>;
}

/** Without them the dev server rounds timers up to a second (lab notes on dynamic config). */
const quickTimers = ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"', '--dynamic-config-value', 'history.workflowIdReuseMinimalInterval="0s"'];

let isInstalled = false;

export async function startDevServer({ attributes = true, port }: { attributes?: boolean; port?: number } = {}): Promise<DevServer> {
  if (!isInstalled) Runtime.install({ logger: new DefaultLogger('ERROR') });
  isInstalled = true;
  const names = attributes ? (Object.keys(searchAttributes) as (keyof typeof searchAttributes)[]) : [];
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await provide(tools.temporal) },
      extraArgs: quickTimers,
      searchAttributes: names.map((name) => defineSearchAttributeKey(name, searchAttributes[name])),
      ...(port ? { port } : {}),
    },
  });
  return {
    env,
    address: env.address,
    startWorker: async (activities, taskQueue) => {
      const worker = await Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        identity: 'worker-of-the-test',
        workflowBundle: await bundleWorkflows(),
        activities: activityFunctions(activities),
        maxHeartbeatThrottleInterval: '100ms',
        defaultHeartbeatThrottleInterval: '100ms',
      });
      const running = worker.run();
      return {
        stop: async () => {
          worker.shutdown();
          await running;
        },
      };
    },
    stop: () => env.teardown(),
  };
}
