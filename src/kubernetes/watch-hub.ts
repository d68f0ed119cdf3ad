/**
 * One watch per (Kubernetes cluster, namespace, kind) and process, shared by everybody who waits. A watch only wakes: who is woken reads
 * again, so a watch that is silent or late costs time and never correctness.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isRunbookError } from '../errors.ts';
import type { KubernetesApi } from './api.ts';
import { pathOf } from './resources.ts';
import type { ResourceRef } from './resources.ts';

/** `name` is the object that changed; undefined after an interruption: anything may have changed. */
export type OnWake = (name: string | undefined) => void;

export interface WatchCounters {
  /** Watches that somebody needs, connected or not. */
  watches: number;
  subscribers: number;
  /** How often a watch began again after a failure, since the hub was made. */
  reconnects: number;
  /** How often somebody was woken. */
  wakes: number;
}

export interface WatchHubOptions {
  /** Milliseconds before the first new try after a failure; doubles up to `slowestRetryMs`. */
  firstRetryMs?: number;
  slowestRetryMs?: number;
  /** Milliseconds that a watch stays after its last subscriber left, because the next step often watches the same. */
  lingerMs?: number;
}

const defaults: Required<WatchHubOptions> = { firstRetryMs: 250, slowestRetryMs: 30_000, lingerMs: 10_000 };

export class WatchHub {
  readonly #options: Required<WatchHubOptions>;
  readonly #watches = new Map<string, SharedWatch>();
  readonly #totals: Totals = { reconnects: 0, wakes: 0 };

  constructor(options: WatchHubOptions = {}) {
    this.#options = { ...defaults, ...options };
  }

  /**
   * Calls `onWake` after every change in the collection of `ref`, or of the object `ref.name` only, until the returned function is called.
   * It is also called once when the watch is established, so read *after* subscribing and nothing is missed. Never throws.
   */
  subscribe(api: KubernetesApi, ref: ResourceRef, onWake: OnWake): () => void {
    const { name, ...collection } = ref;
    const key = `${api.cluster} ${pathOf(collection)}`;
    const watch = this.#watches.get(key) ?? this.#begin(key, api, collection);
    const leave = watch.join({ name, onWake });
    return () => {
      if (leave() > 0) return;
      watch.endAfter(this.#options.lingerMs);
    };
  }

  get counters(): WatchCounters {
    const watches = [...this.#watches.values()];
    return { watches: watches.length, subscribers: watches.reduce((sum, watch) => sum + watch.subscribers, 0), ...this.#totals };
  }

  /** Ends all watches. */
  close(): void {
    for (const watch of this.#watches.values()) watch.end();
  }

  #begin(key: string, api: KubernetesApi, collection: ResourceRef): SharedWatch {
    const watch = new SharedWatch({ api, collection, options: this.#options, totals: this.#totals, onEnd: () => this.#watches.delete(key) });
    this.#watches.set(key, watch);
    return watch;
  }
}

interface Totals {
  reconnects: number;
  wakes: number;
}

interface Subscriber {
  name: string | undefined;
  onWake: OnWake;
}

interface Watched {
  api: KubernetesApi;
  collection: ResourceRef;
  options: Required<WatchHubOptions>;
  totals: Totals;
  onEnd: () => void;
}

class SharedWatch {
  readonly #watched: Watched;
  readonly #subscribers = new Set<Subscriber>();
  readonly #stop = new AbortController();
  #lingering: NodeJS.Timeout | undefined;
  /** Failures in short succession. */
  #failures = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    void this.#run();
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** The returned function leaves and says how many are left. */
  join(subscriber: Subscriber): () => number {
    clearTimeout(this.#lingering);
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
      return this.#subscribers.size;
    };
  }

  endAfter(lingerMs: number): void {
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.end(), lingerMs).unref();
  }

  end(): void {
    clearTimeout(this.#lingering);
    this.#watched.onEnd();
    this.#stop.abort();
  }

  /** Until stopped: list, wake everybody, follow. Nothing that goes wrong gets out of here. */
  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const began = performance.now();
      try {
        await this.#follow();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const lasted = performance.now() - began > this.#watched.options.slowestRetryMs;
        this.#failures = lasted ? 0 : this.#failures + 1;
        this.#watched.totals.reconnects += 1;
        await this.#pause(error);
      }
    }
  }

  /** The list makes good what a broken watch missed. An orderly end goes on from the last version without a list. */
  async #follow(): Promise<void> {
    const { api, collection } = this.#watched;
    const { signal } = this.#stop;
    let { resourceVersion } = await api.list(collection, { resourceVersion: '0', metadataOnly: true, signal });
    this.#wake(undefined);
    for (;;) {
      const from = resourceVersion;
      for await (const event of api.watch(collection, { resourceVersion, signal })) {
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type !== 'BOOKMARK') this.#wake(event.object.metadata.name);
      }
      // A server that closes watches without a word must not be asked in a tight loop.
      if (resourceVersion === from) await this.#pause(undefined);
    }
  }

  #wake(name: string | undefined): void {
    for (const subscriber of [...this.#subscribers]) {
      if (name !== undefined && subscriber.name !== undefined && subscriber.name !== name) continue;
      this.#watched.totals.wakes += 1;
      try {
        subscriber.onWake(name);
      } catch {
        // One subscriber's mistake must not silence the others; its own poll goes on.
      }
    }
  }

  /** Full jitter between half and all of the time, so that the watches of many workers do not come back at once. */
  async #pause(error: unknown): Promise<void> {
    const { firstRetryMs, slowestRetryMs } = this.#watched.options;
    const grown = Math.min(slowestRetryMs, firstRetryMs * 2 ** this.#failures);
    const asked = isRunbookError(error) ? (error.retryAfterMs ?? 0) : 0;
    await delay(Math.max(asked, grown * (0.5 + Math.random() / 2)), undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
  }
}
