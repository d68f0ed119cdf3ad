/** A local copy of all objects of one kind, kept up to date by a watch. */
import type { KubernetesApi, KubernetesObject } from '../kubernetes-api.ts';
import type { Named } from './kubernetes-objects.ts';

export class Informer<Kind extends Named> {
  readonly #objects = new Map<string, Kind>();
  readonly #listeners: ((object: Kind, gone: boolean) => void)[] = [];
  readonly #synced = Promise.withResolvers<void>();

  /** Follows `path` (a list over all namespaces) until `signal` aborts. */
  start(api: KubernetesApi, path: string, signal: AbortSignal): Promise<void> {
    const relist = (items: KubernetesObject[]): void => {
      this.#dropMissing(items as unknown as Kind[]);
      // The items themselves come right after this as ADDED, in the same turn.
      queueMicrotask(() => this.#synced.resolve());
    };
    void api.follow(path, signal, ({ type, object }) => this.#take(object as unknown as Kind, type === 'DELETED'), relist);
    return this.#synced.promise;
  }

  get(namespace: string, name: string): Kind | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  list(wanted: (object: Kind) => boolean = () => true): Kind[] {
    return [...this.#objects.values()].filter(wanted);
  }

  /** `listener` hears of every change, and may hear of an object that did not change. */
  onChange(listener: (object: Kind, gone: boolean) => void): void {
    this.#listeners.push(listener);
  }

  #take(object: Kind, gone: boolean): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (gone) this.#objects.delete(key);
    else this.#objects.set(key, object);
    for (const listener of this.#listeners) listener(object, gone);
  }

  #dropMissing(items: Kind[]): void {
    const uids = new Set(items.map((item) => item.metadata.uid));
    for (const known of this.list()) if (!uids.has(known.metadata.uid)) this.#take(known, true);
  }
}
