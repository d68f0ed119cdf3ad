/** The hands that write the fleet's objects: what operator, controllers and kubelets would do, without any of them. */
import type { KubernetesApi, KubernetesObject } from '../../../lab/kubernetes-api.ts';
import { podStatus } from '../../../lab/node/pod-status.ts';
import type { TidbCluster } from '../../../lab/operator/tidb-cluster.ts';
import type { Pod } from '../../../lab/process/kubernetes-objects.ts';
import { setName } from '../../../lab/operator/naming.ts';
import type { FleetDatabases } from './databases.ts';
import { parts, podBodyOf, podsOf, replicas, setStatusOf, statefulSetOf, statusOf, templateOf, tidbClusterOf } from './tidb-cluster.ts';
import type { KubernetesCluster, Part, Site } from './tidb-cluster.ts';

/** Writes under way: enough to keep the API server busy. */
const AT_ONCE = 48;
/** Pods of PD that are through before the event; the last one is the event. */
const ALMOST = replicas.pd - 1;

export class Hands {
  readonly #apis: ReadonlyMap<KubernetesCluster, KubernetesApi>;
  readonly #databases: FleetDatabases;

  constructor(apis: ReadonlyMap<KubernetesCluster, KubernetesApi>, databases: FleetDatabases) {
    this.#apis = apis;
    this.#databases = databases;
  }

  /** Everything of all sites, at rest. */
  async populate(sites: readonly Site[]): Promise<void> {
    for (const name of new Set(sites.map((site) => site.namespace))) {
      for (const api of this.#apis.values()) await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    await forEach(sites, AT_ONCE, (site) => this.#populateOne(site));
  }

  /** The operator rolls PD: all pods but one are through. */
  async roll(sites: readonly Site[]): Promise<void> {
    await forEach(sites, AT_ONCE, async (site) => {
      const cluster = tidbClusterOf(site);
      await this.#apiOf(site).patch(`${this.#apps(site)}/${setName(cluster, 'pd')}`, { spec: { template: templateOf(cluster, 'pd', ALMOST) } });
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
    const created = await this.#apiOf(site).create(`/apis/pingcap.com/v1alpha1/namespaces/${site.namespace}/tidbclusters`, { ...manifest, status: statusOf(manifest, this.#databases.of(site), 0) });
    const cluster = created as unknown as TidbCluster;
    for (const part of parts) {
      await this.#apiOf(site).create(this.#apps(site), statefulSetOf(cluster, part));
      await this.#apiOf(site).patch(`${this.#apps(site)}/${setName(cluster, part)}/status`, { status: setStatusOf(cluster, part, 0) });
      for (const name of podsOf(cluster, part)) await this.#createPod(site, cluster, part, name);
    }
  }

  async #createPod(site: Site, cluster: TidbCluster, part: Part, name: string): Promise<void> {
    const { metadata, spec } = podBodyOf(cluster, part, false);
    const pod = await this.#apiOf(site).create(`/api/v1/namespaces/${site.namespace}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: { ...spec, nodeName: 'fleet-node' } });
    await this.#runs(site, pod);
  }

  /** In its place: a runbook looks at revision, image and readiness. */
  async #replacePod(site: Site, cluster: TidbCluster, name: string): Promise<void> {
    const path = `/api/v1/namespaces/${site.namespace}/pods/${name}`;
    const { metadata, spec } = podBodyOf(cluster, 'pd', true);
    const images = spec.containers.map(({ image }, index) => ({ op: 'replace', path: `/spec/containers/${index}/image`, value: image }));
    await this.#runs(site, await this.#apiOf(site).patch(path, [{ op: 'replace', path: '/metadata/labels', value: metadata.labels }, ...images], 'json'));
  }

  async #runs(site: Site, pod: KubernetesObject): Promise<void> {
    const now = new Date().toISOString();
    const status = podStatus(pod as unknown as Pod, { is: 'running', ready: true, restarts: 0, startedAt: now }, { address: '127.0.0.1', now });
    await this.#apiOf(site).patch(`/api/v1/namespaces/${site.namespace}/pods/${String(pod.metadata['name'])}/status`, { status });
  }

  /** The controller's status of PD's StatefulSet, PD itself, the operator's status. */
  async #report(site: Site, cluster: TidbCluster, pdPods: number): Promise<void> {
    await this.#apiOf(site).patch(`${this.#apps(site)}/${setName(cluster, 'pd')}/status`, { status: setStatusOf(cluster, 'pd', pdPods) });
    this.#databases.roll(site, pdPods);
    const { pd, conditions } = statusOf(cluster, this.#databases.of(site), pdPods);
    await this.#apiOf(site).patch(`/apis/pingcap.com/v1alpha1/namespaces/${site.namespace}/tidbclusters/${site.name}`, { status: { pd, conditions } });
  }

  #apiOf({ kubernetesCluster }: Site): KubernetesApi {
    const api = this.#apis.get(kubernetesCluster);
    if (!api) throw new Error(`There is no control plane ${kubernetesCluster}.`);
    return api;
  }

  #apps({ namespace }: Site): string {
    return `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
  }
}

/** All of them, `atOnce` at a time. */
export async function forEach<Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
