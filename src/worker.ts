/** The worker process: configuration → connections → Worker. Ends on SIGTERM after what runs has had its grace time. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { LogLevel, WorkerOptions } from '@temporalio/worker';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { createActivities } from './activities/index.ts';
import { PdAccess } from './activities/observing/pd-access.ts';
import { TidbClusterLists } from './activities/observing/tidb-cluster-lists.ts';
import { newPaces } from './activities/paces.ts';
import type { Surroundings } from './activities/surroundings.ts';
import { preloadModules } from './build/preload.ts';
import { checkSearchAttributes, createCommand } from './client/search-attributes.ts';
import { loadInventory, readSettings, readTemporalSettings } from './config.ts';
import type { Settings, TemporalSettings } from './config.ts';
import { RunbookError, sentenceOf } from './errors.ts';
import type { Inventory } from './inventory.ts';
import type { KubernetesApi } from './kubernetes/api.ts';
import { openKubernetes } from './kubernetes/connection.ts';
import { WatchHub } from './kubernetes/watch-hub.ts';

/** Longer than one patch with its retries; a waiting activity hears of the shutdown and is taken up by another worker. */
const SHUTDOWN_GRACE = '5s';
const SHUTDOWN_FORCE = '15s';
/** A waiting run holds one activity slot: the target is 3 000 of them in one worker. */
const MOST_WAITING = 4_000;

/** Connections to all Kubernetes clusters of the inventory; nothing is dialled before it is used. */
export function openKubernetesClusters(inventory: Inventory): Map<string, KubernetesApi> {
  return new Map(Object.entries(inventory.kubernetesClusters).map(([name, entry]) => [name, openKubernetes(name, sourceOf(entry))]));
}

function sourceOf({ kubeconfig, context, inCluster }: Inventory['kubernetesClusters'][string]): Parameters<typeof openKubernetes>[1] {
  return { ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}), ...(inCluster ? { inCluster } : {}) };
}

function surroundingsOf(inventory: Inventory, clusters: Map<string, KubernetesApi>, temporal: Client, log: Logger): Surroundings {
  const kubernetes = (name: string): KubernetesApi => {
    const api = clusters.get(name);
    if (!api) throw new RunbookError('NotFound', `there is no Kubernetes cluster "${name}" in the inventory`);
    return api;
  };
  return { inventory, kubernetes, hub: new WatchHub(), pd: new PdAccess(kubernetes), tidbClusters: new TidbClusterLists(), paces: newPaces(), temporal, log };
}

/** Built workers carry their bundle; in a checkout it is made at start. */
function workflows(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'> {
  const bundle = new URL('./workflow-bundle.js', import.meta.url);
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle.pathname } };
  return { workflowsPath: new URL('./workflows/index.ts', import.meta.url).pathname, bundlerOptions: { preloadModules } };
}

function workerOptions(settings: Settings, temporal: TemporalSettings, connection: NativeConnection): WorkerOptions {
  const { deployment } = settings;
  return {
    connection,
    namespace: temporal.namespace,
    taskQueue: settings.taskQueue,
    identity: settings.workerIdentity,
    ...workflows(),
    maxCachedWorkflows: settings.cachedRuns,
    maxConcurrentActivityTaskExecutions: MOST_WAITING,
    // A killed worker's last heartbeat should be fresh (lab: throttled to 80 % of the time-out by default).
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
    ...(deployment ? { workerDeploymentOptions: { version: { deploymentName: deployment.name, buildId: deployment.buildId }, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' as const } } : {}),
  };
}

/** A run that sets an attribute which the server does not know would hang for ever: the worker does not begin. */
async function requireSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { missing, wrongType } = await checkSearchAttributes(connection, namespace);
  if (wrongType.length > 0) throw new RunbookError('Unsupported', `the search attributes ${wrongType.join(', ')} exist in namespace ${namespace} with another type: remove them first`);
  if (missing.length > 0) throw new RunbookError('NotFound', `the search attributes ${missing.join(', ')} are not registered in namespace ${namespace}: run ${createCommand(namespace, missing)}`);
}

function installRuntime(settings: Settings, log: Logger): void {
  const levels: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' };
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => log[levels[level]]({ ...meta, sdk: true }, message)),
    ...(settings.metricsAddress ? { telemetryOptions: { metrics: { prometheus: { bindAddress: settings.metricsAddress } } } } : {}),
  });
}

/** 200 while the worker polls. */
function serveHealth(address: string, worker: Worker): Server {
  const [host = '127.0.0.1', port = '0'] = address.split(/:(?=\d+$)/);
  return createServer((_request, response) => {
    const state = worker.getState();
    response.writeHead(state === 'RUNNING' ? 200 : 503, { 'content-type': 'text/plain' }).end(`${state}\n`);
  }).listen(Number(port), host);
}

async function main(): Promise<void> {
  const settings = readSettings();
  const temporal = readTemporalSettings();
  const inventory = loadInventory(settings.inventoryPath);
  const log = pino({ level: settings.logLevel, base: {}, timestamp: pino.stdTimeFunctions.isoTime });
  installRuntime(settings, log);
  const connection = await NativeConnection.connect(temporal.connectionOptions);
  const client = new Client({ connection, namespace: temporal.namespace });
  await requireSearchAttributes(connection, temporal.namespace);
  const clusters = openKubernetesClusters(inventory);
  const surroundings = surroundingsOf(inventory, clusters, client, log);
  const worker = await Worker.create({ ...workerOptions(settings, temporal, connection), activities: createActivities(surroundings) });
  const health = settings.healthAddress ? serveHealth(settings.healthAddress, worker) : undefined;
  log.info({ taskQueue: settings.taskQueue, namespace: temporal.namespace, kubernetesClusters: [...clusters.keys()], tidbClusters: Object.keys(inventory.tidbClusters) }, 'worker is polling');
  try {
    await worker.run();
  } finally {
    health?.close();
    surroundings.hub.close();
    surroundings.pd.close();
    await Promise.all([...clusters.values()].map((api) => api.close()));
    await connection.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    process.stderr.write(`The worker cannot run: ${sentenceOf(error)}\n`);
    process.exitCode = 1;
  });
}
