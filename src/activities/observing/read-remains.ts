/** Reads what stands in Kubernetes for one TidbCluster by its place, whether or not its object is still there (§3.11). */
import { z } from 'zod';
import { isRunbookError } from '../../errors.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { resources } from '../../kubernetes/resources.ts';
import type { KubernetesObject, ResourceRef } from '../../kubernetes/resources.ts';
import type { LastingPlace, Place } from '../../protocol/place.ts';
import { labels } from '../../tidb/components.ts';
import { allSecrets } from '../../tidb/secrets.ts';
import type { ClaimLeftover, Leftover, Remains, VolumeLeftover } from '../../tidb/view.ts';
import { readTidbCluster } from './read-tidb-cluster.ts';

/**
 * Reading claims, volumes, Secrets (their metadata) and monitors may be forbidden where nobody wants them reclaimed: what is `unread` says so.
 * `volumes` are looked at also when no claim names them any more.
 */
export async function readRemains(api: KubernetesApi, place: LastingPlace, volumes: readonly string[] = [], signal?: AbortSignal): Promise<Remains> {
  const { namespace, name } = place;
  const object = await unless('NotFound', readTidbCluster(api, place, signal));
  const labelSelector = `${labels.instance}=${object?.metadata.labels[labels.instance] ?? place.instance ?? name}`;
  const look = new Look(api, signal);
  const [statefulSets, pods, claims, secrets, monitors] = await Promise.all([
    look.list({ ...resources.statefulSet, namespace }, labelSelector),
    look.list({ ...resources.pod, namespace }, labelSelector),
    look.list({ ...resources.persistentVolumeClaim, namespace }, `${labelSelector},app.kubernetes.io/managed-by=tidb-operator`),
    Promise.all(allSecrets(name).map((secret) => look.metadataOf({ ...resources.secret, namespace, name: secret }))),
    look.list({ ...resources.tidbMonitor, namespace }),
  ]);
  const names = [...new Set([...claims.map(volumeOf).filter(Boolean), ...volumes])];
  const found = await Promise.all(names.map((name) => look.get({ ...resources.persistentVolume, name })));
  return {
    place,
    object,
    statefulSets: statefulSets.map(leftover),
    pods: pods.map(leftover),
    claims: claims.map(claim),
    volumes: found.flatMap((each) => (each ? [volume(each)] : [])),
    secrets: secrets.flatMap((each) => (each ? [leftover(each)] : [])),
    monitors: monitors.filter((monitor) => watchesOnly(monitor, place)).map(leftover),
    unread: look.unread,
  };
}

const optional: readonly string[] = [resources.persistentVolumeClaim, resources.persistentVolume, resources.secret, resources.tidbMonitor].map(({ plural }) => plural);

class Look {
  readonly #api: KubernetesApi;
  readonly #options: { signal?: AbortSignal };
  readonly #unread = new Set<string>();

  constructor(api: KubernetesApi, signal: AbortSignal | undefined) {
    this.#api = api;
    this.#options = signal ? { signal } : {};
  }

  get unread(): string[] {
    return [...this.#unread].sort();
  }

  async list(ref: ResourceRef, labelSelector?: string): Promise<KubernetesObject[]> {
    const listed = await this.#allowed(ref, this.#api.list(ref, { ...this.#options, ...(labelSelector ? { labelSelector } : {}) }));
    return listed?.items ?? [];
  }

  async get(ref: ResourceRef): Promise<KubernetesObject | undefined> {
    return this.#allowed(ref, this.#api.get(ref, this.#options));
  }

  async metadataOf(ref: ResourceRef): Promise<KubernetesObject | undefined> {
    return this.#allowed(ref, this.#api.get(ref, { ...this.#options, metadataOnly: true }));
  }

  /** Undefined when it is not there, or not for us to see. StatefulSets and pods prove a step: there a refusal is an error. */
  async #allowed<T>({ plural }: ResourceRef, reading: Promise<T>): Promise<T | undefined> {
    return unless('NotFound', reading).catch((error: unknown) => {
      if (!isRunbookError(error, 'Forbidden') || !optional.includes(plural)) throw error;
      this.#unread.add(plural);
      return undefined;
    });
  }
}

async function unless<T>(type: 'NotFound', reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (!isRunbookError(error, type)) throw error;
    return undefined;
  });
}

function leftover({ metadata: { name, uid } }: KubernetesObject): Leftover {
  return { name, uid: uid ?? '' };
}

const claimSchema = z.looseObject({ spec: z.looseObject({ volumeName: z.string().default('') }).default({ volumeName: '' }) });

function volumeOf(object: KubernetesObject): string {
  return claimSchema.parse(object).spec.volumeName;
}

function claim(object: KubernetesObject): ClaimLeftover {
  return { ...leftover(object), volume: volumeOf(object) };
}

const volumeSchema = z.looseObject({
  spec: z.looseObject({ persistentVolumeReclaimPolicy: z.string().default('') }),
  status: z.looseObject({ phase: z.string().default('') }).default({ phase: '' }),
});

function volume(object: KubernetesObject): VolumeLeftover {
  const { spec, status } = volumeSchema.parse(object);
  return { ...leftover(object), reclaimPolicy: spec.persistentVolumeReclaimPolicy, phase: status.phase };
}

const monitorSchema = z.looseObject({ spec: z.looseObject({ clusters: z.array(z.looseObject({ name: z.string(), namespace: z.string().optional() })).nullish() }) });

/** A monitor that watches other TidbClusters as well is theirs too. */
function watchesOnly(object: KubernetesObject, { namespace, name }: Place): boolean {
  const clusters = monitorSchema.parse(object).spec.clusters ?? [];
  return clusters.length > 0 && clusters.every((each) => each.name === name && (each.namespace ?? namespace) === namespace);
}
