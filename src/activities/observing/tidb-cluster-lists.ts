/**
 * All TidbClusters of a Kubernetes cluster, as every whole look needs them to find its own: read for all looks of one moment together, and parsed
 * only as far as they changed. One list of thousands is tens of megabytes.
 */
import type { KubernetesApi } from '../../kubernetes/api.ts';
import type { KubernetesObject } from '../../kubernetes/resources.ts';
import { resources } from '../../kubernetes/resources.ts';
import { within } from '../../kubernetes/within.ts';
import type { Located } from '../../tidb/membership.ts';
import { parseTidbCluster } from './read-tidb-cluster.ts';
import { SharedRead } from './shared-read.ts';

export class TidbClusterLists {
  readonly #lists = new Map<KubernetesApi, SharedRead<Located[]>>();

  /** Listed after the call. The objects are frozen: others look at the same ones. Throws as the API server's answer says. */
  async of(api: KubernetesApi, signal?: AbortSignal): Promise<Located[]> {
    const list = this.#lists.get(api) ?? new SharedRead(reader(api));
    this.#lists.set(api, list);
    return signal ? within(signal, list.ask()) : list.ask();
  }
}

function reader(api: KubernetesApi): () => Promise<Located[]> {
  let known = new Map<string, Located>();
  return async () => {
    const { items } = await api.list(resources.tidbCluster);
    const listed = new Map(items.map((item) => [versionOf(item), item]));
    known = new Map([...listed].map(([version, item]) => [version, known.get(version) ?? locatedIn(api, item)]));
    return [...known.values()];
  };
}

/** The same version of the same object has the same content (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions). */
function versionOf({ metadata: { uid, resourceVersion } }: KubernetesObject): string {
  return `${uid} ${resourceVersion}`;
}

function locatedIn(api: KubernetesApi, item: KubernetesObject): Located {
  return frozen({ kubernetesCluster: api.cluster, object: parseTidbCluster(item, api.cluster) });
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}
