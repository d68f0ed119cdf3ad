/**
 * An independent look at one TiDB cluster over all its Kubernetes clusters, every 100 ms: pods and StatefulSets from the API servers,
 * health from each process itself. Knows nothing of the product's code, and asks nobody for a summary.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import type { KubernetesApi, KubernetesObject, WatchEvent } from '../../../lab/kubernetes-api.ts';
import { silence } from './ask-process.ts';
import { measured } from './sample.ts';
import type { MeasuredComponent, PodSight, Sample } from './sample.ts';
import { every, WatchedPod } from './watched-pod.ts';

/** Milliseconds in which a TiDB cluster becomes whole, also after rough treatment and on a busy computer. */
const patience = 600_000;

interface Expected {
  kubernetesCluster: string;
  component: MeasuredComponent;
  pod: string;
}

const componentOf = ({ metadata }: KubernetesObject): MeasuredComponent | undefined =>
  measured.find((component) => component === metadata['labels']?.['app.kubernetes.io/component']);

export class Watcher {
  readonly #ending = new AbortController();
  readonly #agent = new Agent({ connect: { timeout: silence }, headersTimeout: silence, bodyTimeout: silence });
  readonly #pods = new Map<string, WatchedPod>();
  readonly #sets = new Map<string, Expected[]>();
  readonly #samples: Sample[] = [];
  #clock: NodeJS.Timeout | undefined;

  private constructor() {}

  /** Resolves when everything is whole: from then on it records. */
  static async over(apis: ReadonlyMap<string, KubernetesApi>, namespace: string): Promise<Watcher> {
    const watcher = new Watcher();
    for (const [cluster, api] of apis) {
      const follow = (path: string, take: (event: WatchEvent) => void): void => void api.follow(path, watcher.#ending.signal, take);
      follow(`/apis/apps/v1/namespaces/${namespace}/statefulsets`, (event) => watcher.#takeSet(cluster, event));
      follow(`/api/v1/namespaces/${namespace}/pods`, (event) => watcher.#takePod(cluster, event));
    }
    await watcher.untilWhole({ kubernetesClusters: apis.size });
    watcher.#clock = setInterval(() => watcher.#samples.push(watcher.#sample()), every);
    return watcher;
  }

  /** Every pod is there and its process serves, of this version if one is given. */
  async untilWhole({ version, kubernetesClusters = 1 }: { version?: string; kubernetesClusters?: number } = {}): Promise<void> {
    const end = performance.now() + patience;
    while (!this.#isWhole(version, kubernetesClusters)) {
      if (performance.now() > end) throw new Error(`The watcher waited ${patience / 1_000} s for a whole TiDB cluster; away: ${this.#sample().pods.filter(({ away }) => away).map(({ pod }) => pod).join(', ') || 'nothing, but of another version'}`);
      await delay(every);
    }
  }

  /** Ends the watching; resolves with what was seen. */
  async stop(): Promise<readonly Sample[]> {
    clearInterval(this.#clock);
    this.#ending.abort();
    for (const pod of this.#pods.values()) pod.end();
    await this.#agent.destroy();
    return this.#samples;
  }

  #isWhole(version: string | undefined, kubernetesClusters: number): boolean {
    const { pods } = this.#sample();
    return new Set(pods.filter(({ component }) => component === 'pd').map(({ kubernetesCluster }) => kubernetesCluster)).size >= kubernetesClusters
      && pods.every(({ away, healthy }) => !away && healthy)
      && (version === undefined || [...this.#pods.values()].every((pod) => pod.version === version));
  }

  #sample(): Sample {
    const answers = [...this.#pods.values()].map(({ answered }) => answered.ddlPaused).filter((answer) => answer !== undefined);
    const pods = [...this.#sets.values()].flat().map((expected): PodSight => {
      const pod = this.#pods.get(`${expected.kubernetesCluster}/${expected.pod}`);
      return { ...expected, away: pod?.isAway ?? true, alive: pod?.answered.alive ?? false, healthy: pod?.answered.healthy ?? false };
    });
    return { at: performance.now(), pods, ddlPaused: answers.length > 0 ? answers.some(Boolean) : undefined };
  }

  #takeSet(kubernetesCluster: string, { type, object }: WatchEvent): void {
    const component = componentOf(object);
    if (!component) return;
    const name = String(object.metadata['name']);
    const replicas = type === 'DELETED' ? 0 : Number(object['spec'].replicas);
    this.#sets.set(`${kubernetesCluster}/${name}`, Array.from({ length: replicas }, (_, ordinal) => ({ kubernetesCluster, component, pod: `${name}-${ordinal}` })));
  }

  #takePod(kubernetesCluster: string, { type, object }: WatchEvent): void {
    const component = componentOf(object);
    if (!component) return;
    const key = `${kubernetesCluster}/${object.metadata['name']}`;
    const known = this.#pods.get(key);
    const isSame = known?.uid === object.metadata['uid'];
    if (known && isSame && type !== 'DELETED') return known.take(object);
    // The end of an earlier pod of this name may be told late.
    if (type === 'DELETED' && !isSame) return;
    known?.end();
    this.#pods.delete(key);
    if (type !== 'DELETED') this.#pods.set(key, new WatchedPod(component, object, this.#agent));
  }
}
