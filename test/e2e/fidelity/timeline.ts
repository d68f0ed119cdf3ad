/** Everything that changed in one namespace, in the order in which the API server wrote it. */
import type { KubernetesApi, KubernetesObject } from '../../../lab/kubernetes-api.ts';

export type Kind = 'cluster' | 'set' | 'pod';

export interface Moment {
  kind: Kind;
  name: string;
  gone: boolean;
  /** All kinds of one API server share one counter: greater is later. */
  revision: number;
  object: KubernetesObject;
}

const pathOf = (namespace: string): Record<Kind, string> => ({
  cluster: `/apis/pingcap.com/v1alpha1/namespaces/${namespace}/tidbclusters`,
  set: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  pod: `/api/v1/namespaces/${namespace}/pods`,
});

/** A point of a story: the first moment that fits, or the first one later than the point called `after`. */
export interface Point {
  words: string;
  when: (moment: Moment) => boolean;
  after?: string;
}

export class Timeline {
  readonly #moments: Moment[] = [];
  readonly #ending = new AbortController();

  /** Begins with what is there now. */
  static watch(api: KubernetesApi, namespace: string): Timeline {
    const timeline = new Timeline();
    for (const [kind, path] of Object.entries(pathOf(namespace)) as [Kind, string][]) {
      void api.follow(path, timeline.#ending.signal, ({ type, object }) => timeline.#take(kind, type === 'DELETED', object));
    }
    return timeline;
  }

  stop(): void {
    this.#ending.abort();
  }

  all(): Moment[] {
    return [...this.#moments].sort((one, other) => one.revision - other.revision);
  }
  of(kind: Kind, name: string): Moment[] {
    return this.all().filter((moment) => moment.kind === kind && moment.name === name);
  }

  /** The points in the order in which they came, points of one write joined by "and"; what never came is told at the end. */
  story(points: Point[]): string {
    const found = this.#find(points);
    const come = points.filter(({ words }) => found.has(words)).sort((one, other) => (found.get(one.words) ?? 0) - (found.get(other.words) ?? 0));
    const steps = come.map(({ words }, index) => {
      const earlier = come[index - 1];
      if (!earlier) return words;
      return `${found.get(earlier.words) === found.get(words) ? ' and ' : ' → '}${words}`;
    });
    const never = points.filter(({ words }) => !found.has(words)).map(({ words }) => `; never: ${words}`);
    return [...steps, ...never].join('');
  }

  #find(points: Point[]): Map<string, number> {
    const found = new Map<string, number>();
    const moments = this.all();
    for (const { words, when, after } of points) {
      const from = after === undefined ? -1 : found.get(after);
      const first = from === undefined ? undefined : moments.find((moment) => moment.revision > from && when(moment));
      if (first) found.set(words, first.revision);
    }
    return found;
  }

  #take(kind: Kind, gone: boolean, object: KubernetesObject): void {
    this.#moments.push({ kind, name: String(object.metadata['name']), gone, revision: Number(object.metadata['resourceVersion']), object });
  }
}

/** Neighbours that are equal told once. */
export const distinct = <Item>(items: Item[]): Item[] => items.filter((item, index) => index === 0 || item !== items[index - 1]);
