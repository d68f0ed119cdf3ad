/**
 * One scenario: a TiDB cluster of its own in the lab, worker processes of its own, runs started through Temporal, and the oracle's
 * verdict at the end. Waits for conditions, never for time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { stringify } from 'yaml';
import { LabClient } from '../../lab/client.ts';
import type { DeploymentInput, FaultInput } from '../../lab/client.ts';
import type { KubernetesApi, KubernetesObject } from '../../lab/kubernetes-api.ts';
import type { Decision } from '../../src/protocol/decisions.ts';
import type { Report, RunStatus } from '../../src/protocol/run.ts';
import { Administrator } from './ground/admin.ts';
import { groundPlaces } from './ground/places.ts';
import type { GroundPlaces } from './ground/places.ts';
import { end, node, said, start } from './ground/processes.ts';
import type { Started } from './ground/processes.ts';

export const clusters = ['east', 'west', 'south'] as const;
export type KubernetesCluster = (typeof clusters)[number];

export interface ScenarioOptions {
  /** Pods per component in each Kubernetes cluster. Small by default: scenarios are about faults, not about size. */
  replicas?: DeploymentInput['members'][number]['replicas'];
  version?: string;
  tls?: boolean;
  /** The TidbClusters; absent: one in each Kubernetes cluster. */
  members?: (DeploymentInput['members'][number] & { cluster: KubernetesCluster })[];
  /** More fields of every TidbCluster's spec. */
  spec?: DeploymentInput['spec'];
  /** The address of a Temporal server of the scenario's own. */
  temporal?: string;
}

/** Asking a run costs 10 ms of a processor (worker, Temporal and client together): more often would slow down what is waited for. */
const POLL_MS = 250;
export const from = 'v8.5.3';
export const to = 'v8.5.4';
/** A version without its `v`: some components tell it with one, some without. */
export const bare = (version: string): string => version.replace(/^v/, '');

/** Patience for tests: the order of things is the same as in production. */
export const hurried = { settle: '300ms', soak: '300ms', gates: 'none' };
/** Settle and soak of a hurried step. */
export const hurriedMs = 600;

export class Scenario {
  readonly name: string;
  readonly lab: LabClient;
  readonly client: Client;
  readonly places: GroundPlaces;
  readonly inventory: string;
  readonly #workers: Started[] = [];
  readonly #faults: number[] = [];
  readonly #administrator: Administrator;
  readonly #members: readonly { cluster: KubernetesCluster; tidbCluster: string }[];
  #runs = 0;
  /** When the cluster was whole and the scenario could begin: other scenarios wrote before. */
  #wholeSince = '';

  private constructor(name: string, client: Client, places: GroundPlaces, members: readonly { cluster: KubernetesCluster; tidbCluster: string }[]) {
    this.name = name;
    this.#members = members;
    this.client = client;
    this.places = places;
    this.lab = LabClient.in(places.lab);
    this.#administrator = new Administrator(this.lab.lab.adminKubeconfig);
    this.inventory = join(places.directory, `${name}.yaml`);
  }

  /** Deploys a TiDB cluster called `name` over the three Kubernetes clusters unless `members` says otherwise, and writes an inventory that knows it alone. */
  static async begin(name: string, { replicas = { pd: 1, tikv: 1, tidb: 1 }, version = from, tls = false, temporal, members, spec }: ScenarioOptions = {}): Promise<Scenario> {
    const ground = groundPlaces();
    const places = { ...ground, temporal: temporal ?? ground.temporal };
    const client = new Client({ connection: await Connection.connect({ address: places.temporal }) });
    const deployed = members ?? clusters.map((cluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas }));
    const scenario = new Scenario(name, client, places, deployed);
    await scenario.lab.deploy({ name, version, tls, members: deployed, ...(spec ? { spec } : {}) });
    scenario.writeInventory();
    scenario.#wholeSince = new Date().toISOString();
    return scenario;
  }

  writeInventory(more: object = {}): void {
    const { kubeconfig } = this.lab.lab;
    const kubernetesClusters = Object.fromEntries(clusters.map((context) => [context, { kubeconfig, context }]));
    const initial = { kubernetesCluster: 'east', namespace: this.name, name: `${this.name}-east` };
    writeFileSync(this.inventory, stringify({ kubernetesClusters, tidbClusters: { [this.name]: { initial, ...more } } }));
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, TEMPORAL_ADDRESS: this.places.temporal, TIDB_RUNBOOKS_INVENTORY: this.inventory, TIDB_RUNBOOKS_TASK_QUEUE: this.name, HOSTNAME: `worker-of-${this.name}` };
  }

  /** Starts a worker process and waits until it polls. */
  async worker(more: NodeJS.ProcessEnv = {}): Promise<Started> {
    const log = join(this.places.directory, `${this.name}-worker-${this.#workers.length}.log`);
    const worker = start(node, ['dist/worker.js'], log, { ...this.environment, ...more });
    this.#workers.push(worker);
    await said(worker, 'worker is polling');
    return worker;
  }

  async upgrade(input: object = {}): Promise<WorkflowHandle> {
    return this.start('upgradeCluster', { version: to, ...input });
  }

  /** Any runbook on this TiDB cluster, without the patience of production. */
  async start(runbook: string, input: object): Promise<WorkflowHandle> {
    this.#runs += 1;
    const workflowId = `${runbook}/${this.name}/${this.#runs}`;
    return this.client.workflow.start(runbook, { workflowId, taskQueue: this.name, args: [{ cluster: this.name, ...hurried, ...input }] });
  }

  /** The status when `holds` is true of it; fails, showing the last status, when the run ends before. */
  async until(run: WorkflowHandle, holds: (status: RunStatus) => boolean): Promise<RunStatus> {
    for (;;) {
      const status = await run.query<RunStatus>('status');
      if (holds(status)) return status;
      if (['done', 'aborted', 'failed'].includes(status.phase)) throw new Error(`The run ended before what was waited for: ${JSON.stringify({ ...status, steps: status.steps.filter((step) => step.state !== 'pending') })}`);
      await delay(POLL_MS);
    }
  }

  async untilHeld(run: WorkflowHandle, words: RegExp): Promise<RunStatus> {
    return this.until(run, (status) => status.phase === 'held' && (status.hold?.reasons ?? []).some((reason) => words.test(reason.message)));
  }

  async decide(run: WorkflowHandle, decision: Decision): Promise<void> {
    await run.executeUpdate('decide', { args: [decision] });
  }

  async report(run: WorkflowHandle): Promise<Report> {
    return (await run.result()) as Report;
  }

  /** Polls the world itself. */
  async eventually(what: string, holds: () => Promise<boolean>, timeoutMs = 180_000): Promise<void> {
    const began = performance.now();
    while (!(await holds())) {
      if (performance.now() - began > timeoutMs) throw new Error(`It did not come true within ${timeoutMs / 1_000} s: ${what}`);
      await delay(POLL_MS);
    }
  }

  async fault(fault: FaultInput): Promise<() => Promise<void>> {
    const id = await this.lab.faultOn(fault);
    this.#faults.push(id);
    return async () => {
      this.#faults.splice(this.#faults.indexOf(id), 1);
      await this.lab.faultOff(id);
    };
  }

  /** What an administrator with kubectl may do. */
  admin(cluster: KubernetesCluster): KubernetesApi {
    return this.#administrator.in(cluster);
  }

  path(cluster: KubernetesCluster): string {
    return `/apis/pingcap.com/v1alpha1/namespaces/${this.name}/tidbclusters/${this.name}-${cluster}`;
  }

  async tidbCluster(cluster: KubernetesCluster): Promise<KubernetesObject> {
    return this.admin(cluster).get(this.path(cluster));
  }

  async patch(cluster: KubernetesCluster, patch: object): Promise<void> {
    await this.admin(cluster).patch(this.path(cluster), patch);
  }

  /** What the oracle needs to judge this scenario. */
  get evidence(): { events: string; auditLogs: Record<string, string>; tidbClusters: { kubernetesCluster: string; namespace: string; name: string }[]; since: string } {
    return {
      events: this.lab.lab.events,
      auditLogs: Object.fromEntries(this.lab.lab.kubernetesClusters.map(({ name, auditLog }) => [name, auditLog])),
      tidbClusters: this.#members.map(({ cluster, tidbCluster }) => ({ kubernetesCluster: cluster, namespace: this.name, name: tidbCluster })),
      since: this.#wholeSince,
    };
  }

  async end(): Promise<void> {
    for (const id of [...this.#faults]) await this.lab.faultOff(id);
    await Promise.all(this.#workers.map((worker) => end(worker)));
    await this.#administrator.close();
    await this.lab.remove(this.name);
    await this.client.connection.close();
  }
}
