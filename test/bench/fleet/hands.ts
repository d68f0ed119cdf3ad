/** The hands that write the fleet's objects: what operator, controllers and kubelets would do, without any of them. */
import { isGone } from '../../../lab/kubernetes-api.ts';
import type { KubernetesApi, KubernetesObject } from '../../../lab/kubernetes-api.ts';
import { podStatus } from '../../../lab/node/pod-status.ts';
import type { TidbCluster } from '../../../lab/operator/tidb-cluster.ts';
import type { Pod } from '../../../lab/process/kubernetes-objects.ts';
import { setName } from '../../../lab/operator/naming.ts';
import type { FleetDatabases } from './databases.ts';
import { parts, podBodyOf, podsOf, replicas, setStatusOf, statefulSetOf, statusOf, templateOf, tidbClusterOf } from './tidb-cluster.ts';
import type { Part, Site } from './tidb-cluster.ts';

/** Writes under way: enough to keep the API server busy. */
const AT_ONCE = 48;
/** Pods of PD that are through before the event; the last one is the event. */
const ALMOST = replicas.pd - 1;

export class Hands {
  readonly #api: KubernetesApi;
  readonly #databases: FleetDatabases;

  constructor(api: KubernetesApi, databases: FleetDatabases) {
    this.#api = api;
    this.#databases = databases;
  }

  /** Everything of all sites, at rest. */
  async populate(sites: readonly Site[]): Promise<void> {
    for (const namespace of new Set(sites.map((site) => site.namespace))) {
      await this.#api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }).catch(unlessThere);
    }
    await forEach(sites, AT_ONCE, (site) => this.#populateOne(site));
  }

  /** The operator rolls PD: all pods but one are through. */
  async roll(sites: readonly Site[]): Promise<void> {
    await forEach(sites, AT_ONCE, async (site) => {
      const cluster = tidbClusterOf(site);
      await this.#api.patch(`${this.#apps(site)}/${setName(cluster, 'pd')}`, { spec: { template: templateOf(cluster, 'pd', ALMOST) } });
      for (const pod of podsOf(cluster, 'pd').slice(0, ALMOST)) await this.#replacePod(site, cluster, pod);
      await this.#report(site, cluster, ALMOST);
    });
  }

  /** The event: the last pod is through, PD says so, and the operator's status last of all. `done` is called after each site. */
  async finish(sites: readonly Site[], done: (site: Site) => void): Promise<void> {
    await forEach(sites, AT_ONCE, async (site) => {
      const cluster = tidbClusterOf(site);
      for (const pod of podsOf(cluster, 'pd').slice(ALMOST)) await this.#replacePod(site, cluster, pod);
      await this.#report(site, cluster, replicas.pd);
      done(site);
    });
  }

  async #populateOne(site: Site): Promise<void> {
    this.#databases.add(site);
    const manifest = tidbClusterOf(site);
    const created = await this.#api.create(`/apis/pingcap.com/v1alpha1/namespaces/${site.namespace}/tidbclusters`, { ...manifest, status: statusOf(manifest, this.#databases.of(site), 0) });
    const cluster = created as unknown as TidbCluster;
    for (const part of parts) {
      await this.#api.create(this.#apps(site), statefulSetOf(cluster, part));
      await this.#api.patch(`${this.#apps(site)}/${setName(cluster, part)}/status`, { status: setStatusOf(cluster, part, 0) });
      for (const name of podsOf(cluster, part)) await this.#createPod(site, cluster, part, name);
    }
  }

  async #createPod({ namespace }: Site, cluster: TidbCluster, part: Part, name: string): Promise<void> {
    const { metadata, spec } = podBodyOf(cluster, part, false);
    const pod = await this.#api.create(`/api/v1/namespaces/${namespace}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: { ...spec, nodeName: 'fleet-node' } });
    await this.#runs(namespace, pod);
  }

  /** In its place: a runbook looks at revision, image and readiness. */
  async #replacePod({ namespace }: Site, cluster: TidbCluster, name: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const { metadata, spec } = podBodyOf(cluster, 'pd', true);
    const images = spec.containers.map(({ image }, index) => ({ op: 'replace', path: `/spec/containers/${index}/image`, value: image }));
    await this.#runs(namespace, await this.#api.patch(path, [{ op: 'replace', path: '/metadata/labels', value: metadata.labels }, ...images], 'json'));
  }

  async #runs(namespace: string, pod: KubernetesObject): Promise<void> {
    const now = new Date().toISOString();
    const status = podStatus(pod as unknown as Pod, { is: 'running', ready: true, restarts: 0, startedAt: now }, { address: '127.0.0.1', now });
    await this.#api.patch(`/api/v1/namespaces/${namespace}/pods/${String(pod.metadata['name'])}/status`, { status });
  }

  /** The controller's status of PD's StatefulSet, PD itself, the operator's status. */
  async #report(site: Site, cluster: TidbCluster, pdPods: number): Promise<void> {
    await this.#api.patch(`${this.#apps(site)}/${setName(cluster, 'pd')}/status`, { status: setStatusOf(cluster, 'pd', pdPods) });
    this.#databases.roll(site, pdPods);
    const { pd, conditions } = statusOf(cluster, this.#databases.of(site), pdPods);
    await this.#api.patch(`/apis/pingcap.com/v1alpha1/namespaces/${site.namespace}/tidbclusters/${site.name}`, { status: { pd, conditions } });
  }

  #apps({ namespace }: Site): string {
    return `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
  }
}

function unlessThere(error: unknown): void {
  if (!isGone(error)) throw error;
}

/** All of them, `atOnce` at a time. */
export async function forEach<Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
