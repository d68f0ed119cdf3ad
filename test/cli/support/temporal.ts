/** A real Temporal dev server with the project's workflows and scripted activities on a task queue. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { startDevServer } from '../../temporal/dev-server.ts';
import type { DevServerSettings } from '../../temporal/dev-server.ts';
import { quietRuntime } from '../../temporal/quiet-runtime.ts';
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

export async function startServer(settings?: DevServerSettings): Promise<DevServer> {
  quietRuntime();
  const env = await startDevServer(settings);
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
