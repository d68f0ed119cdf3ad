/** One pod under observation, from its first address to its end: what the API server says of it, and what its process answers. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { KubernetesObject } from '../../../lab/kubernetes-api.ts';
import { askProcess, silent } from './ask-process.ts';
import type { Answered } from './ask-process.ts';
import type { MeasuredComponent } from './sample.ts';

/** Milliseconds. */
export const every = 100;

interface Condition {
  type: string;
  status: string;
}

export class WatchedPod {
  readonly component: MeasuredComponent;
  answered: Answered = silent;
  #object: KubernetesObject;
  #hasServed = false;
  #ended = false;

  constructor(component: MeasuredComponent, object: KubernetesObject, dispatcher: Dispatcher) {
    this.component = component;
    this.#object = object;
    void this.#askAgainAndAgain(dispatcher);
  }

  take(object: KubernetesObject): void {
    this.#object = object;
  }

  end(): void {
    this.#ended = true;
    this.answered = silent;
  }

  get name(): string {
    return String(this.#object.metadata['name']);
  }
  get uid(): string {
    return String(this.#object.metadata['uid']);
  }
  get version(): string | undefined {
    const containers = (this.#object['spec'] as { containers: { name: string; image: string }[] }).containers;
    return containers.find(({ name }) => name === this.component)?.image.split(':').at(-1);
  }

  /** A process that has served once and is silent for a moment is not going down: only its pod's end says that. */
  get isAway(): boolean {
    const { conditions = [] } = (this.#object['status'] ?? {}) as { conditions?: Condition[] };
    const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    return this.#ended || this.#object.metadata['deletionTimestamp'] !== undefined || !isReady || !this.#hasServed;
  }

  async #askAgainAndAgain(dispatcher: Dispatcher): Promise<void> {
    while (!this.#ended) {
      const began = performance.now();
      const { podIP } = (this.#object['status'] ?? {}) as { podIP?: string };
      const answered = podIP ? await askProcess(dispatcher, this.component, podIP, this.name).catch(() => silent) : silent;
      if (this.#ended) return;
      this.answered = answered;
      this.#hasServed ||= answered.healthy;
      await delay(Math.max(0, every - (performance.now() - began)));
    }
  }
}
