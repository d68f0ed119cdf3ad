/** What the fleet stands on: Temporal, etcd, API servers without controllers, the databases, the worker as it is shipped. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { productEntry } from '../../../lab/control-plane/access.ts';
import { administrator } from '../../../lab/control-plane/control-plane.ts';
import type { ControlPlane } from '../../../lab/control-plane/control-plane.ts';
import { startControlPlanes } from '../../../lab/control-plane/control-planes.ts';
import { writeKubeconfig } from '../../../lab/control-plane/kubeconfig.ts';
import { freePort } from '../../../lab/control-plane/ports.ts';
import { KubernetesApi } from '../../../lab/kubernetes-api.ts';
import { OperatorPresence } from '../../../lab/operator/operator-presence.ts';
import { end, node, root, said, start } from '../../faults/ground/processes.ts';
import type { Started } from '../../faults/ground/processes.ts';
import { LastingServer } from '../../temporal/lasting-server.ts';
import { FleetDatabases } from './databases.ts';
import { kubernetesClusters } from './tidb-cluster.ts';
import type { KubernetesCluster, Site } from './tidb-cluster.ts';

export interface Parts {
  /** Its address. */
  temporal: string;
  client: Client;
  planes: ControlPlane[];
  /** As the administrator, by Kubernetes cluster. */
  apis: ReadonlyMap<KubernetesCluster, KubernetesApi>;
  databases: FleetDatabases;
}

export interface Worker extends Started {
  /** URL of its metrics. */
  metrics: string;
}

export const taskQueue = 'fleet';
/** What the image sets, for a limit of 2 GiB. */
const image = Object.fromEntries([...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^ENV (\w+)="?([^"\n]*)"?$/gm)].map(([, name = '', value]) => [name, value]));

export class FleetGround {
  readonly directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-fleet-'));
  /** Temporal's database, in memory where Linux offers that: a dev server that waits for a disk with every write carries only a few hundred a second. */
  readonly #memory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tidb-runbooks-fleet-'));
  readonly #ends: (() => unknown)[] = [];
  #parts: Parts | undefined;
  #ended: Promise<void> | undefined;

  /** Builds the worker and starts everything but it. */
  async start(): Promise<Parts> {
    await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root });
    const temporal = await LastingServer.in(this.#memory);
    this.#ends.push(() => temporal.stop());
    const controlPlanes = await startControlPlanes({ names: kubernetesClusters, directory: join(this.directory, 'planes'), controllers: false });
    this.#ends.push(() => controlPlanes.stop());
    const { planes } = controlPlanes;
    await temporal.start();
    const connection = await Connection.connect({ address: temporal.address });
    const apis = new Map<KubernetesCluster, KubernetesApi>();
    for (const plane of planes) {
      const api = new KubernetesApi(await plane.connectionFor({ ...administrator, userAgent: 'fleet-hands' }));
      apis.set(plane.name as KubernetesCluster, api);
      this.#ends.push(() => api.close());
      const operator = new AbortController();
      await new OperatorPresence(api).start(operator.signal);
      this.#ends.push(() => operator.abort());
    }
    const databases = await FleetDatabases.serve();
    this.#ends.push(() => databases.close());
    return (this.#parts = { temporal: temporal.address, client: new Client({ connection }), planes, apis, databases });
  }

  /** Resolves when it polls. */
  async worker(sites: readonly Site[]): Promise<Worker> {
    if (!this.#parts) throw new Error('The ground is started first.');
    const { planes, temporal, databases } = this.#parts;
    const kubeconfig = join(this.directory, 'kubeconfig');
    // Straight to the API servers: the lab's proxies between them would be one more thing to saturate.
    const entries = planes.map(async (plane) => ({ ...(await productEntry(plane, join(root, 'deploy/kubernetes-rbac.yaml'))), server: plane.server }));
    await writeKubeconfig(kubeconfig, await Promise.all(entries));
    const inventory = join(this.directory, 'inventory.yaml');
    writeFileSync(inventory, stringify(inventoryOf(sites, kubeconfig, databases.port)));
    const metrics = `127.0.0.1:${await freePort()}`;
    const own = { TEMPORAL_ADDRESS: temporal, TIDB_RUNBOOKS_INVENTORY: inventory, TIDB_RUNBOOKS_TASK_QUEUE: taskQueue, TIDB_RUNBOOKS_METRICS_ADDRESS: metrics, HOSTNAME: 'worker-of-the-fleet' };
    const worker = start(node, ['dist/worker.js'], join(this.directory, 'worker.log'), { ...process.env, ...own, ...image });
    this.#ends.push(() => end(worker));
    await said(worker, 'worker is polling');
    return { ...worker, metrics: `http://${metrics}/metrics` };
  }

  /** Ends every process, the last one first, and leaves nothing. */
  end(): Promise<void> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<void> {
    for (const each of this.#ends.toReversed()) await Promise.resolve(each()).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    for (const each of [this.directory, this.#memory]) rmSync(each, { recursive: true, force: true });
    // Last of all: a call that is still repeated throws when its channel is closed.
    await this.#parts?.client.connection.close();
  }
}

function inventoryOf(sites: readonly Site[], kubeconfig: string, port: number): object {
  const entryOf = ({ kubernetesCluster, name, namespace, address }: Site): object => ({ initial: { kubernetesCluster, namespace, name }, kubernetesClusters: [kubernetesCluster], pd: { access: 'direct', urls: [`http://${address}:${port}`] } });
  return { kubernetesClusters: Object.fromEntries(kubernetesClusters.map((context) => [context, { kubeconfig, context }])), tidbClusters: Object.fromEntries(sites.map((site) => [site.name, entryOf(site)])) };
}
