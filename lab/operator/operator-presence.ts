/** How others see that the operator lives: its Deployment with the version in the image, and its leader lease. */
import { isGone } from '../kubernetes-api.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';

export const operatorNamespace = 'tidb-admin';
const namespace = operatorNamespace;
const name = 'tidb-controller-manager';
const version = 'v1.6.6';
/** Seconds; the real operator renews every 2 s as well (client-go's retry period). */
const leaseDuration = 15;
const renewEvery = 2_000;

const labels = { 'app.kubernetes.io/name': 'tidb-operator', 'app.kubernetes.io/component': 'controller-manager' };
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

/** The operator's namespace and Deployment, whose image tells its version. */
export async function createOperatorDeployment(api: KubernetesApi): Promise<void> {
  await create(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await create(api, `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels },
    spec: {
      replicas: 1, selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'tidb-operator', image: `pingcap/tidb-operator:${version}` }] } },
    },
  });
}

async function create(api: KubernetesApi, path: string, body: object): Promise<void> {
  await api.create(path, body).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

export class OperatorPresence {
  readonly #api: KubernetesApi;
  readonly #holder = `${name}-${Math.random().toString(36).slice(2, 8)}`;
  #stopped = false;

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  async start(signal: AbortSignal): Promise<void> {
    await createOperatorDeployment(this.#api);
    await create(this.#api, leasePath, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: this.#lease() });
    const timer = setInterval(() => void this.#renew(), renewEvery);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
  }

  #lease(): object {
    return { holderIdentity: this.#holder, leaseDurationSeconds: leaseDuration, renewTime: new Date().toISOString().replace('Z', '000Z') };
  }

  async #renew(): Promise<void> {
    // An API server that is away just misses this renewal.
    if (!this.#stopped) await this.#api.patch(`${leasePath}/${name}`, { spec: this.#lease() }).catch(() => undefined);
  }
}
