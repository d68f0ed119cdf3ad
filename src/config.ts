/** The settings of a process: the only file that reads the environment, the Temporal profile and the inventory file. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { RunbookError } from './errors.ts';
import { parseInventory } from './inventory.ts';
import type { Inventory } from './inventory.ts';
import { defaultTaskQueue } from './protocol/run.ts';
import { problemsOf } from './schema-problems.ts';

export type Environment = Record<string, string | undefined>;

/** A cached run costs about 0.25 MB (make bench-fleet); one that is not cached costs a replay of some 0.1 s at its next event. */
const cachedRuns = 500;

const address = z.string().regex(/^\S+:\d{1,5}$/, { error: 'is an address and a port such as 0.0.0.0:9464' });
const webAddress = z.url({ protocol: /^https?$/, error: 'is an http or https URL such as https://temporal.example' });
const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

const environmentSchema = z.object({
  TIDB_RUNBOOKS_INVENTORY: z.string().optional().describe('Path of the inventory file. The worker needs it.'),
  TIDB_RUNBOOKS_TASK_QUEUE: z.string().default(defaultTaskQueue).describe('Task queue between client and worker: one per environment.'),
  TIDB_RUNBOOKS_UI_URL: webAddress.optional().describe('Base URL of the Temporal UI; when set, messages and run details carry links to it.'),
  TIDB_RUNBOOKS_PERSON: z.string().optional().describe('Your name: the default of --by and --requested-by of tidb-runbook.'),
  TIDB_RUNBOOKS_HEALTH_ADDRESS: address.optional().describe('Where the worker serves its health over HTTP, e.g. 0.0.0.0:9465; unset: nowhere.'),
  TIDB_RUNBOOKS_METRICS_ADDRESS: address.optional().describe('Where the worker serves metrics for Prometheus, e.g. 0.0.0.0:9464; unset: nowhere.'),
  TIDB_RUNBOOKS_LOG_LEVEL: z.enum(logLevels, { error: `is one of ${logLevels.join(', ')}` }).default('info').describe('The least level that the worker logs.'),
  TIDB_RUNBOOKS_CACHED_RUNS: z.coerce.number({ error: 'is a whole number' }).int({ error: 'is a whole number' }).min(1, { error: 'is at least 1' }).default(cachedRuns).describe('How many runs the worker keeps in memory; each costs about 0.25 MB.'),
  TIDB_RUNBOOKS_DEBUG: z.string().optional().describe('Any value: tidb-runbook prints the stack of an error after its sentence.'),
  TEMPORAL_DEPLOYMENT_NAME: z.string().optional().describe('With TEMPORAL_WORKER_BUILD_ID: switches Worker Versioning on. Nothing runs until that version is made current.'),
  TEMPORAL_WORKER_BUILD_ID: z.string().optional().describe('The build id of this worker; needs TEMPORAL_DEPLOYMENT_NAME.'),
  HOSTNAME: z.string().optional().describe("The worker's identity in Temporal; Kubernetes sets it to the pod's name."),
});

export interface Variable {
  name: string;
  meaning: string;
  default?: string;
}

/** Every variable of ours, for documents and the tests that compare them with the code. Those of the connection are `temporalVariables`. */
export const variables: readonly Variable[] = Object.entries(environmentSchema.shape).map(([name, schema]) => ({
  name,
  meaning: schema.description ?? '',
  ...(schema instanceof z.ZodDefault ? { default: String(schema.def.defaultValue) } : {}),
}));

/** Read by @temporalio/envconfig, with the meaning they have for the `temporal` CLI; the file `temporal.toml` may hold the same. */
export const temporalVariables: readonly string[] = [
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_PROFILE',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_SERVER_NAME',
];

export interface Settings {
  inventoryPath: string | undefined;
  taskQueue: string;
  /** Without a slash at the end. */
  uiUrl: string | undefined;
  person: string | undefined;
  healthAddress: string | undefined;
  metricsAddress: string | undefined;
  logLevel: (typeof logLevels)[number];
  cachedRuns: number;
  /** Present when Worker Versioning is asked for. */
  deployment: { name: string; buildId: string } | undefined;
  workerIdentity: string;
}

/**
 * Reads our own variables. An empty value counts as unset, as docker-compose passes it.
 * @throws RunbookError InvalidInput naming every variable that is wrong.
 */
export function readSettings(environment: Environment = process.env): Settings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(set);
  if (!parsed.success) throw new RunbookError('InvalidInput', `The environment is not right: ${problemsOf(parsed.error, 'it').join('; ')}`);
  const values = parsed.data;
  return {
    inventoryPath: values.TIDB_RUNBOOKS_INVENTORY,
    taskQueue: values.TIDB_RUNBOOKS_TASK_QUEUE,
    uiUrl: values.TIDB_RUNBOOKS_UI_URL?.replace(/\/+$/, ''),
    person: values.TIDB_RUNBOOKS_PERSON,
    healthAddress: values.TIDB_RUNBOOKS_HEALTH_ADDRESS,
    metricsAddress: values.TIDB_RUNBOOKS_METRICS_ADDRESS,
    logLevel: values.TIDB_RUNBOOKS_LOG_LEVEL,
    cachedRuns: values.TIDB_RUNBOOKS_CACHED_RUNS,
    deployment: deploymentOf(values.TEMPORAL_DEPLOYMENT_NAME, values.TEMPORAL_WORKER_BUILD_ID),
    workerIdentity: values.HOSTNAME ?? hostname(),
  };
}

/** Asked for after something went wrong, perhaps with the settings themselves. */
export function wantsStacks(environment: Environment = process.env): boolean {
  return Boolean(environment['TIDB_RUNBOOKS_DEBUG']);
}

function deploymentOf(name: string | undefined, buildId: string | undefined): Settings['deployment'] {
  if (name && buildId) return { name, buildId };
  if (!name && !buildId) return undefined;
  throw new RunbookError('InvalidInput', 'The environment is not right: TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID switch Worker Versioning on together; set both or none');
}

export interface TemporalSettings {
  /** For `Connection.connect` and `NativeConnection.connect` alike. */
  connectionOptions: ClientConnectConfig['connectionOptions'] & { address: string };
  /** To be passed to every Client and Worker: the connection does not carry it. */
  namespace: string;
}

/**
 * How to reach Temporal: the same profile file and variables as the `temporal` CLI (@temporalio/envconfig).
 * @throws RunbookError InvalidInput; the sentence never quotes the file, which may hold an API key.
 */
export function readTemporalSettings(environment: Environment = process.env): TemporalSettings {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
    return { connectionOptions: { ...connectionOptions, address: connectionOptions.address ?? 'localhost:7233' }, namespace: namespace ?? 'default' };
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n');
    throw new RunbookError('InvalidInput', `The settings of the Temporal connection (variables TEMPORAL_… or the profile file) cannot be used: ${reason}`);
  }
}

/**
 * Reads the inventory file. Relative paths of kubeconfigs in it begin at its folder.
 * @throws RunbookError InvalidInput when no path is set or the content is wrong, NotFound when the file cannot be read.
 */
export function loadInventory(path: string | undefined): Inventory {
  if (path === undefined) throw new RunbookError('InvalidInput', 'No inventory is named: set TIDB_RUNBOOKS_INVENTORY to the path of the inventory file');
  const inventory = parseInventory(readInventoryText(path), path);
  for (const entry of Object.values(inventory.kubernetesClusters)) {
    if (entry.kubeconfig) entry.kubeconfig = resolve(dirname(path), entry.kubeconfig);
  }
  return inventory;
}

function readInventoryText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new RunbookError('NotFound', `The inventory file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): correct TIDB_RUNBOOKS_INVENTORY`);
  }
}
