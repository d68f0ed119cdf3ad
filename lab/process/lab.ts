/** The whole lab in one process: control planes, twins, databases, faults, deployments. */
import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { administratorEntry, productEntry, restrictedEntry } from '../control-plane/access.ts';
import { startControlPlanes } from '../control-plane/control-planes.ts';
import type { ControlPlanes } from '../control-plane/control-planes.ts';
import { writeKubeconfig } from '../control-plane/kubeconfig.ts';
import { Database } from '../database/database.ts';
import { Databases } from '../database/databases.ts';
import type { DatabaseSettings } from '../database/database-settings.ts';
import { databaseOf, deploy, remove } from '../deploy/deploy.ts';
import type { Site } from '../deploy/deploy.ts';
import { settingsOf } from '../deploy/deployment.ts';
import type { Deployment } from '../deploy/deployment.ts';
import { EventLog } from '../event-log.ts';
import { databaseFaults, Switchboard } from '../faults/switchboard.ts';
import { PodAddresses } from '../node/pod-addresses.ts';
import { EtcdMembers } from '../real/pd/etcd-members.ts';
import { RealGround } from '../real/real-ground.ts';
import { presets } from '../settings.ts';
import type { Preset, Speeds } from '../settings.ts';
import { reportOf } from './database-report.ts';
import type { DatabaseReport } from './database-report.ts';
import { switchOf } from './fault-switches.ts';
import { KubernetesTwin } from './kubernetes-twin.ts';

export const operatorKinds = ['twin', 'real'] as const;
export type OperatorKind = (typeof operatorKinds)[number];

export interface LabSetting {
  names: readonly string[];
  directory: string;
  preset: Preset;
  /** The real TiDB Operator, with real networks and etcds; only inside a private place (`lab/real/enter.ts`). */
  operator?: OperatorKind | undefined;
  /** Path of the RBAC manifest of the product; without it its service account may do everything. */
  rbac: string | undefined;
  say: (line: string) => void;
}

export class Lab {
  readonly directory: string;
  readonly events: EventLog;
  readonly switchboard: Switchboard;
  readonly twins: KubernetesTwin[] = [];
  readonly #databases: Databases;
  readonly #speeds: Speeds;
  readonly #say: (line: string) => void;
  readonly #deployments = new Map<string, Deployment>();
  readonly #clock: NodeJS.Timeout;
  #planes: ControlPlanes | undefined;
  #ground: RealGround | undefined;

  private constructor({ directory, preset, say }: LabSetting) {
    this.directory = directory;
    this.#say = say;
    this.#speeds = presets[preset];
    this.events = new EventLog(join(directory, 'events.jsonl'));
    this.switchboard = new Switchboard(this.events.record, (fault, on) => switchOf(this)(fault, on));
    this.#databases = new Databases((name, key) => this.#bootstrap(name, key), () => this.twins.flatMap((twin) => twin.belongings()));
    this.#clock = setInterval(() => this.#tick(), this.#speeds.tick);
  }

  /** Resolves when everything runs. On failure nothing is left behind but the directory. */
  static async start(setting: LabSetting): Promise<Lab> {
    const lab = new Lab(setting);
    try {
      await lab.#start(setting);
      return lab;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  async #start({ names, rbac, operator }: LabSetting): Promise<void> {
    this.#ground = operator === 'real' ? await RealGround.open(names, this.directory) : undefined;
    this.#say(`starting control planes of ${names.join(', ')}`);
    this.#planes = await startControlPlanes({ names, directory: this.directory, podsReachItAt: this.#ground?.hubAddress });
    this.#say('starting operators and nodes');
    const addresses = new PodAddresses();
    for (const plane of this.#planes.planes) {
      const log = (line: string): void => appendFileSync(join(this.directory, plane.name, 'operator.log'), `${new Date().toISOString()} ${line}\n`);
      const shared = { speeds: this.#speeds, databases: this.#databases, switchboard: this.switchboard, record: this.events.record, ground: this.#ground };
      this.twins.push(await KubernetesTwin.start({ ...shared, plane, addresses, log }));
    }
    await this.#writeAccess(rbac ?? (await this.#everythingManifest()));
  }

  get adminKubeconfig(): string {
    return join(this.directory, 'kubeconfig.admin');
  }
  get restrictedKubeconfig(): string {
    return join(this.directory, 'kubeconfig.restricted');
  }
  get productKubeconfig(): string {
    return join(this.directory, 'kubeconfig');
  }

  async deploy(deployment: Deployment): Promise<DatabaseReport> {
    if (this.#deployments.has(deployment.name)) throw new Error(`A TiDB cluster "${deployment.name}" is deployed already; delete it first or choose another name.`);
    this.#deployments.set(deployment.name, deployment);
    await deploy(deployment, this.#site);
    return this.report(deployment.name);
  }

  async remove(name: string): Promise<void> {
    await remove(this.#deploymentOf(name), this.#site);
    this.#deployments.delete(name);
  }

  deployments(): Deployment[] {
    return [...this.#deployments.values()];
  }

  report(name: string): DatabaseReport {
    return reportOf(this.#databaseOf(name));
  }

  /** Changes rules, labels or sizes of a database while it runs. */
  change(name: string, settings: DatabaseSettings): DatabaseReport {
    this.#databaseOf(name).configuration.change(settings);
    return this.report(name);
  }

  #databaseOf(name: string): Database {
    const database = databaseOf(this.#deploymentOf(name), this.#site);
    if (!database) throw new Error(`TiDB cluster "${name}" has no database yet: its first PD has not started.`);
    return database;
  }

  /** Every database, also such as bootstrapped by themselves. */
  reports(): DatabaseReport[] {
    return this.#databases.all().map(reportOf);
  }

  setNetworkCut(kubernetesCluster: string, cut: boolean): void {
    if (!this.#ground) throw new Error('Only a lab with the real operator ("--operator real") has networks that can be cut.');
    this.#ground.setCut(kubernetesCluster, cut);
  }

  /** Ends every twin and every process. */
  async stop(): Promise<void> {
    clearInterval(this.#clock);
    await Promise.all(this.twins.map((twin) => twin.stop()));
    await this.#ground?.stop();
    await this.#planes?.stop();
  }

  get #site(): Site {
    return { twins: this.twins, databases: this.#databases, say: this.#say };
  }

  #deploymentOf(name: string): Deployment {
    const deployment = this.#deployments.get(name);
    if (!deployment) throw new Error(`No TiDB cluster "${name}" was deployed here, only ${[...this.#deployments.keys()].join(', ') || 'none'}.`);
    return deployment;
  }

  #tick(): void {
    const now = Date.now();
    for (const database of this.#databases.all()) database.advance(now);
  }

  #bootstrap(name: string, { kubernetesCluster, namespace, name: tidbCluster }: Parameters<Databases['bootstrap']>[0]): Database {
    const { record } = this.events;
    const members = this.#ground ? { members: new EtcdMembers(name, record) } : {};
    const database = new Database({ name, speeds: this.#speeds, disturbances: databaseFaults(this.switchboard, name), record, ...members });
    const deployment = this.#deployments.get(name);
    if (deployment) database.configuration.change(settingsOf(deployment));
    this.events.record({ kind: 'database-bootstrapped', database: name, kubernetesCluster, namespace, tidbCluster, clusterId: String(database.clusterId) });
    return database;
  }

  async #writeAccess(rbac: string): Promise<void> {
    const planes = this.twins.map(({ plane }) => plane);
    await writeKubeconfig(this.adminKubeconfig, await Promise.all(planes.map((plane) => administratorEntry(plane))));
    await writeKubeconfig(this.productKubeconfig, await Promise.all(planes.map((plane) => productEntry(plane, rbac))));
    await writeKubeconfig(this.restrictedKubeconfig, await Promise.all(planes.map((plane) => restrictedEntry(plane))));
  }

  async #everythingManifest(): Promise<string> {
    const file = join(this.directory, 'product-may-do-everything.yaml');
    const subjects = [{ kind: 'ServiceAccount', name: 'tidb-runbooks', namespace: 'tidb-runbooks' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'tidb-runbooks' }, subjects, roleRef }));
    return file;
  }
}
