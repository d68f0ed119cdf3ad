/** tidb-controller-manager of one Kubernetes cluster: looks at its TidbClusters on every change and at a steady pace. */
import { isDeepStrictEqual } from 'node:util';
import type { Databases } from '../database/databases.ts';
import { ApiError, isGone } from '../kubernetes-api.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import { EventWriter } from '../process/event-writer.ts';
import { Informer } from '../process/informer.ts';
import type { ConfigMap, Named, Pod, StatefulSet } from '../process/kubernetes-objects.ts';
import type { Component, Speeds } from '../settings.ts';
import { carryOut } from './carry-out.ts';
import { companionsOf } from './companions.ts';
import { observeDatabase } from './database-view.ts';
import { OperatorPresence } from './operator-presence.ts';
import { decidePass } from './pass.ts';
import type { PassResult } from './pass.ts';
import { instanceLabels, setName } from './naming.ts';
import { faultsOf } from './validation.ts';
import { withDefaults } from './tidb-cluster.ts';
import type { TidbCluster } from './tidb-cluster.ts';
import type { PassView } from './view.ts';
import { WorkQueue } from './work-queue.ts';

export interface OperatorSetting {
  api: KubernetesApi;
  kubernetesCluster: string;
  databases: Databases;
  speeds: Speeds;
  /** A fault, asked in every pass. */
  refusesScaleIn?: (cluster: { namespace: string; name: string }, component: Component) => boolean;
  /** One line about what the operator does, for its log. */
  log: (line: string) => void;
}

const instanceLabel = 'app.kubernetes.io/instance';

export class Operator {
  readonly clusters = new Informer<TidbCluster>();
  readonly sets = new Informer<StatefulSet>();
  readonly #pods = new Informer<Pod>();
  readonly #configMaps = new Informer<ConfigMap>();
  readonly #claims = new Informer<Named>();
  readonly #setting: OperatorSetting;
  readonly #events: EventWriter;
  readonly #queue: WorkQueue;
  readonly #presence: OperatorPresence;
  readonly #furnished = new Set<string>();

  constructor(setting: OperatorSetting) {
    this.#setting = setting;
    this.#events = new EventWriter(setting.api, 'tidb-controller-manager');
    this.#presence = new OperatorPresence(setting.api);
    this.#queue = new WorkQueue(setting.speeds, (key) => this.#reconcile(key));
  }

  async start(signal: AbortSignal): Promise<void> {
    const { api, speeds } = this.#setting;
    this.clusters.onChange((cluster, gone) => (gone ? this.#forget(cluster) : this.#enqueue(cluster.metadata.namespace, cluster.metadata.name)));
    this.sets.onChange(({ metadata }) => this.#enqueue(metadata.namespace, metadata.labels?.[instanceLabel] ?? ''));
    await Promise.all([
      this.clusters.start(api, '/apis/pingcap.com/v1alpha1/tidbclusters', signal),
      this.sets.start(api, '/apis/apps/v1/statefulsets', signal),
      this.#pods.start(api, '/api/v1/pods', signal),
      this.#configMaps.start(api, '/api/v1/configmaps', signal),
      this.#claims.start(api, '/api/v1/persistentvolumeclaims', signal),
      this.#presence.start(signal),
    ]);
    const resync = setInterval(() => this.#enqueueAll(), speeds.operatorResync);
    signal.addEventListener('abort', () => clearInterval(resync));
  }

  /** Stops or resumes all work and the renewal of the lease: the process is gone, or back. */
  setStopped(stopped: boolean): void {
    this.#presence.setStopped(stopped);
    this.#queue.setStopped(stopped);
    if (!stopped) this.#enqueueAll();
  }

  #enqueueAll(): void {
    for (const { metadata } of this.clusters.list()) this.#enqueue(metadata.namespace, metadata.name);
  }

  #enqueue(namespace: string, name: string): void {
    if (this.clusters.get(namespace, name)) this.#queue.add(`${namespace}/${name}`);
  }

  #forget({ metadata }: TidbCluster): void {
    const { databases, kubernetesCluster } = this.#setting;
    databases.forget({ kubernetesCluster, namespace: metadata.namespace, name: metadata.name });
    this.#furnished.delete(metadata.uid);
  }

  /** One pass. False asks for another one soon. */
  async #reconcile(key: string): Promise<boolean> {
    const [namespace = '', name = ''] = key.split('/');
    const seen = this.clusters.get(namespace, name);
    if (!seen || seen.metadata.deletionTimestamp) return true;
    const cluster = withDefaults(seen);
    const faults = faultsOf(cluster);
    if (faults.length > 0) {
      await this.#events.write(cluster, { type: 'Warning', reason: 'FailedValidation', message: faults.join('; ') });
      return true;
    }
    await this.#furnish(cluster);
    const result = decidePass(this.#look(cluster));
    if (result.endedBy !== undefined) this.#setting.log(`TidbCluster: [${key}], ${result.endedBy}`);
    await carryOut(result.actions, this.#reach(cluster));
    await this.#writeStatus(seen, cluster, result);
    return result.endedBy === undefined;
  }

  #reach(cluster: TidbCluster): Parameters<typeof carryOut>[1] {
    const { api, kubernetesCluster, databases } = this.#setting;
    const { namespace, name } = cluster.metadata;
    return { api, events: this.#events, kubernetesCluster, cluster, database: databases.of({ kubernetesCluster, namespace, name }) };
  }

  #look(cluster: TidbCluster): Omit<PassView, 'act'> {
    const { speeds } = this.#setting;
    const { namespace } = cluster.metadata;
    const now = Date.now();
    const ours = <Kind extends Named>(informer: Informer<Kind>, component: Component): Kind[] => {
      const labels = Object.entries(instanceLabels(cluster, component));
      return informer.list(({ metadata }) => metadata.namespace === namespace && labels.every(([key, value]) => metadata.labels?.[key] === value));
    };
    return {
      cluster, now, status: cluster.status ?? {}, leadersBack: speeds.leadersBack,
      set: (component) => this.sets.get(namespace, setName(cluster, component)),
      pods: (component) => ours(this.#pods, component),
      configMap: (name) => this.#configMaps.get(namespace, name),
      claims: (component) => ours(this.#claims, component),
      database: observeDatabase(this.#reach(cluster).database),
      refusesScaleIn: (component) => this.#setting.refusesScaleIn?.(cluster.metadata, component) === true,
    };
  }

  /** Services and discovery, once per TidbCluster and set of components. */
  async #furnish(cluster: TidbCluster): Promise<void> {
    for (const { group, resource, body } of cluster.spec.paused ? [] : companionsOf(cluster)) {
      const key = `${cluster.metadata.uid} ${resource} ${body.metadata.name}`;
      if (this.#furnished.has(key)) continue;
      await this.#setting.api.create(`/${group}/namespaces/${cluster.metadata.namespace}/${resource}`, body).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
      this.#furnished.add(key);
    }
  }

  /**
   * A full-object update of what this pass began with, so that it meets conflicts; after one, the newest object with
   * only its status replaced (`C/tidbcluster_control.go:release-1.6`).
   */
  async #writeStatus(seen: TidbCluster, cluster: TidbCluster, { status }: PassResult): Promise<void> {
    // The API server sorts keys, and JSON drops what is undefined.
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), seen.status)) return;
    const { api } = this.#setting;
    const path = `/apis/pingcap.com/v1alpha1/namespaces/${seen.metadata.namespace}/tidbclusters/${seen.metadata.name}`;
    try {
      await api.replace(path, { ...cluster, status });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      const newest = await api.get(path);
      await api.replace(path, { ...newest, status });
    }
  }
}
