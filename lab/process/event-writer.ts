/** Kubernetes events: the same reason and message again only raises the count of the event that is there. */
import type { KubernetesApi } from '../kubernetes-api.ts';
import type { Meta } from './kubernetes-objects.ts';

export interface EventText {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

interface Known {
  path: string;
  count: number;
}

export class EventWriter {
  readonly #api: KubernetesApi;
  readonly #component: string;
  readonly #known = new Map<string, Known>();
  #serial = Date.now();

  /** `component` is the event's source, e.g. `kubelet`. */
  constructor(api: KubernetesApi, component: string) {
    this.#api = api;
    this.#component = component;
  }

  /** `object` needs its kind and apiVersion. */
  async write(object: { apiVersion: string; kind: string; metadata: Meta }, { type, reason, message }: EventText): Promise<void> {
    const { namespace, name, uid } = object.metadata;
    const key = `${uid} ${reason} ${message}`;
    const known = this.#known.get(key);
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    if (known) {
      known.count += 1;
      await this.#api.patch(known.path, { count: known.count, lastTimestamp: now });
      return;
    }
    this.#serial += 1;
    const eventName = `${name}.${this.#serial.toString(16)}`;
    this.#known.set(key, { path: `/api/v1/namespaces/${namespace}/events/${eventName}`, count: 1 });
    await this.#api.create(`/api/v1/namespaces/${namespace}/events`, {
      apiVersion: 'v1', kind: 'Event', metadata: { name: eventName, namespace },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid },
      type, reason, message, count: 1, firstTimestamp: now, lastTimestamp: now, source: { component: this.#component }, reportingComponent: this.#component,
    });
  }
}
