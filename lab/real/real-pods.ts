/** How the pods of one cluster run with the real operator: on addresses inside the cluster's network, PD with a real etcd, discovery as the real program. */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, Process } from '../database/processes/process.ts';
import { StagedProcess } from '../database/processes/process.ts';
import { startProcess } from '../database/processes/start.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import { environmentOf } from '../node/container-inputs.ts';
import type { PodRuntime } from '../node/pod-life.ts';
import type { Pod } from '../process/kubernetes-objects.ts';
import { lookUp } from './dns/look-up.ts';
import type { ClusterNetwork } from './network/cluster-network.ts';
import { askDiscovery } from './pd/discovery-calls.ts';
import { startRealPd } from './pd/real-pd.ts';
import { registerPump } from './pd/pump-registration.ts';
import type { RealSurroundings } from './real-surroundings.ts';

export interface RealPodsSetting {
  network: ClusterNetwork;
  api: KubernetesApi;
  /** Path of the discovery program. */
  discovery: string;
  /** Where the API server is for pods: `host:port`, and its authority. */
  apiServer: { host: string; port: string; ca: string };
  surroundings: Omit<RealSurroundings, 'log'>;
}

const tokenLifetime = 7 * 24 * 3600;
const privateMode = 0o600;
const discoveryLabel = 'discovery';

export class RealPods implements PodRuntime {
  readonly #setting: RealPodsSetting;

  constructor(setting: RealPodsSetting) {
    this.#setting = setting;
  }

  takeAddress(pod: Pod): string {
    return isDiscovery(pod) ? this.#setting.network.takeGuestAddress() : this.#setting.network.takeAddress();
  }

  start(container: Container, log: (line: string) => void): Process {
    const { network, surroundings } = this.#setting;
    const all: RealSurroundings = {
      ...surroundings, log,
      open: (address, port) => network.sockets.tcp(address, port),
      findPd: (process, asking) => this.#findPd(process, asking, log),
    };
    if (container.component === 'pd') return startRealPd(container, all);
    const process = startProcess(container, all);
    return container.component === 'pump' ? registerPump(process, container, surroundings.databases) : process;
  }

  async startOther(pod: Pod, address: string, log: (line: string) => void): Promise<Process> {
    if (!isDiscovery(pod)) return { isReady: () => true, stop: () => undefined };
    const { network, discovery, apiServer } = this.#setting;
    const environment = { ...environmentOf(pod), KUBERNETES_SERVICE_HOST: apiServer.host, KUBERNETES_SERVICE_PORT: apiServer.port };
    const directory = join(this.#setting.surroundings.directory, 'pods', pod.metadata.uid);
    const secrets = await this.#secretsFor(pod, directory);
    const output = openSync(join(directory, 'discovery.log'), 'a');
    const child = await network.startGuest(address, { command: [discovery], secrets, environment, output });
    closeSync(output);
    const process = new StagedProcess();
    process.atStop(() => child.kill('SIGKILL'));
    child.once('exit', (code) => process.die(`discovery ended with ${code}`));
    process.serving();
    log(`tidb-discovery runs at ${address}; its own log is ${directory}/discovery.log`);
    return process;
  }

  lookUp(name: string): Promise<string | undefined> {
    return lookUp(this.#setting.network.entrance, name);
  }

  /** The files of a service account, as a kubelet mounts them. */
  async #secretsFor({ metadata, spec }: Pod, directory: string): Promise<string> {
    const { api, apiServer } = this.#setting;
    const secrets = join(directory, 'serviceaccount');
    mkdirSync(secrets, { recursive: true });
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: tokenLifetime } };
    const answer = await api.create(`/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${spec.serviceAccountName ?? 'default'}/token`, request);
    const files = { token: (answer['status'] as { token: string }).token, 'ca.crt': apiServer.ca, namespace: metadata.namespace };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(secrets, name), text, { mode: privateMode });
    return secrets;
  }

  /** Start scripts of an across-Kubernetes cluster ask discovery where PD is, and wait for its answer. */
  async #findPd(process: StagedProcess, container: Container, log: (line: string) => void): Promise<void> {
    if (!container.script.includes('/verify/')) return;
    const question = /pd_url="([^"]+)"/.exec(container.script)?.[1] ?? '';
    const answer = await askDiscovery(process, container, { ...this.#setting.surroundings, log }, `verify/${Buffer.from(`${question}\n`).toString('base64')}`);
    if (answer !== undefined) log(`PD is at ${answer}`);
  }
}

const isDiscovery = (pod: Pod): boolean => pod.metadata.labels?.['app.kubernetes.io/component'] === discoveryLabel;
