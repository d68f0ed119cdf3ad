/** Everything that the lab with the real operator has beside the usual one: networks, DNS, programs, and the parts of each cluster. */
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { kubeconfig } from '../control-plane/kubeconfig.ts';
import { Watchdog } from '../control-plane/watchdog.ts';
import type { Databases } from '../database/databases.ts';
import { KubernetesApi } from '../kubernetes-api.ts';
import { provide } from '../provision/ladder.ts';
import { realTools } from '../provision/real-tools.ts';
import { tools } from '../provision/tools.ts';
import type { Speeds } from '../settings.ts';
import { ClusterRecords } from './dns/cluster-records.ts';
import { serveDns } from './dns/dns-server.ts';
import { addressesOf, answer, candidates, searchList } from './dns/names.ts';
import { hubAddress } from './network/addresses.ts';
import { ClusterNetwork, openHub } from './network/cluster-network.ts';
import { RealOperator } from './real-operator.ts';
import { RealPods } from './real-pods.ts';
import type { ClusterResolver } from './real-surroundings.ts';

const dnsPort = 53;

/** Paths of the programs. */
export interface RealPrograms {
  etcd: string;
  oldEtcd: string;
  controllerManager: string;
  discovery: string;
}

/** One after the other: a build takes all processors anyway. */
export async function provideRealPrograms(): Promise<RealPrograms> {
  const etcd = await provide(tools.etcdOfPd);
  const oldEtcd = await provide(realTools.oldEtcd);
  const controllerManager = await provide(realTools.controllerManager);
  return { etcd, oldEtcd, controllerManager, discovery: await provide(realTools.discovery) };
}

export interface RealClusterSetting {
  plane: ControlPlane;
  databases: Databases;
  speeds: Speeds;
  /** The real operator's own user. */
  operatorIdentity: Parameters<ControlPlane['connectionFor']>[0];
  signal: AbortSignal;
}

export interface RealCluster {
  operator: RealOperator;
  pods: RealPods;
}

export class RealGround {
  /** Where pods reach the API servers. */
  readonly hubAddress = hubAddress;
  readonly #directory: string;
  readonly #programs: RealPrograms;
  readonly #networks: Map<string, ClusterNetwork>;
  readonly #records: Map<string, ClusterRecords>;
  readonly #watchdog = new Watchdog();
  readonly #apis: KubernetesApi[] = [];

  private constructor(directory: string, programs: RealPrograms, networks: Map<string, ClusterNetwork>) {
    this.#directory = directory;
    this.#programs = programs;
    this.#networks = networks;
    this.#records = new Map([...networks.keys()].map((name) => [name, new ClusterRecords(`${name}.local`)]));
  }

  /** Makes this process's network the hub and opens one network for each name. Only inside a private place. */
  static async open(names: readonly string[], directory: string): Promise<RealGround> {
    const programs = await provideRealPrograms();
    openHub();
    const networks = new Map<string, ClusterNetwork>();
    for (const [index, name] of names.entries()) {
      networks.set(name, await ClusterNetwork.open({ name, number: index + 1, clusters: names.length, directory, search: searchList(undefined) }));
    }
    return new RealGround(directory, programs, networks);
  }

  /** The parts of one cluster; its DNS answers when this resolves. */
  async cluster({ plane, databases, speeds, operatorIdentity, signal }: RealClusterSetting): Promise<RealCluster> {
    const network = this.#networkOf(plane.name);
    const records = this.#recordsOf(plane.name);
    const api = new KubernetesApi(await plane.connectionFor({ user: 'lab-network', groups: ['system:masters'], userAgent: 'lab-network' }));
    this.#apis.push(api);
    await records.start(api, signal);
    serveDns(await network.sockets.udp(network.dnsAddress, dnsPort), (name, type) => answer(name, type, records, this.#allRecords));
    const { entrance, sockets } = network;
    const { etcd, oldEtcd, discovery, controllerManager } = this.#programs;
    const shared = { directory: this.#directory, entrance, watchdog: this.#watchdog };
    const { hostname, port } = new URL(plane.serverForPods);
    const surroundings = { ...shared, databases, speeds, sockets, cutPeers: network.cutPeers.bind(network), etcd, oldEtcd, names: this.#resolver(plane.name) };
    const credentials = await plane.credentialsFor({ user: operatorIdentity.user, groups: operatorIdentity.groups ?? [] });
    return {
      pods: new RealPods({ network, api, discovery, apiServer: { host: hostname, port, ca: plane.ca }, surroundings }),
      operator: new RealOperator({
        api, kubernetesCluster: plane.name, databases, binary: controllerManager, resync: speeds.operatorResync, ...shared, directory: join(this.#directory, plane.name),
        kubeconfig: kubeconfig([{ name: plane.name, server: plane.serverForPods, ca: plane.ca, credentials }]),
      }),
    };
  }

  /** Cuts a cluster off from all others, or heals that. */
  setCut(name: string, cut: boolean): void {
    this.#networkOf(name).setCut(cut);
  }

  /** Ends every process that is left. */
  async stop(): Promise<void> {
    for (const network of this.#networks.values()) network.close();
    await Promise.all(this.#apis.map((api) => api.close()));
    this.#watchdog.dismiss();
  }

  get #allRecords(): ClusterRecords[] {
    return [...this.#records.values()];
  }

  #networkOf(name: string): ClusterNetwork {
    const network = this.#networks.get(name);
    if (!network) throw new Error(`There is no network of a Kubernetes cluster "${name}".`);
    return network;
  }
  #recordsOf(name: string): ClusterRecords {
    const records = this.#records.get(name);
    if (!records) throw new Error(`There is no DNS of a Kubernetes cluster "${name}".`);
    return records;
  }

  /** For the twins, which live in this process: the same names and answers as their pods have. */
  #resolver(cluster: string): ClusterResolver {
    const own = this.#recordsOf(cluster);
    const addresses = (name: string): string[] | undefined =>
      candidates(name, searchList(undefined)).map((each) => addressesOf(each, own, this.#allRecords)).find((found) => found && found.length > 0);
    return { addresses, lookup: lookupWith(addresses) };
  }
}

const lookupWith = (addresses: (name: string) => string[] | undefined): LookupFunction => (name, options, callback) => {
  const found = (addresses(name) ?? []).map((address) => ({ address, family: 4 }));
  const [first] = found;
  if (!first) callback(Object.assign(new Error(`lookup ${name}: no such host`), { code: 'ENOTFOUND' }), '', 0);
  else if (options.all) callback(null, found);
  else callback(null, first.address, first.family);
};
