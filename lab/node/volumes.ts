/**
 * The storage of a Kubernetes cluster: a default StorageClass, a volume for every claim, and the end of a volume whose claim is gone
 * if its policy says so. Binding and releasing is done by the control plane's own controller.
 */
import { isGone } from '../kubernetes-api.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import { Informer } from '../process/informer.ts';
import type { Named } from '../process/kubernetes-objects.ts';

const className = 'lab';
const provisioner = 'lab.tidb-runbooks/volumes';
/** By this annotation the binder asks for a volume. */
const askedFrom = 'volume.kubernetes.io/storage-provisioner';
const provisionedBy = 'pv.kubernetes.io/provisioned-by';
const volumesPath = '/api/v1/persistentvolumes';
const storageClassesPath = '/apis/storage.k8s.io/v1/storageclasses';

interface Claim extends Named {
  spec: { volumeName?: string; accessModes?: string[]; resources?: { requests?: { storage?: string } } };
}
interface Volume extends Named {
  spec: { persistentVolumeReclaimPolicy?: string };
  status?: { phase?: string };
}

export class Volumes {
  readonly #api: KubernetesApi;
  readonly #claims = new Informer<Claim>();
  readonly #volumes = new Informer<Volume>();

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** Resolves when claims are followed. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#tolerate(this.#api.create(storageClassesPath, {
      apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: className, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true,
    }));
    this.#claims.onChange((claim, gone) => !gone && void this.#provide(claim).catch(() => undefined));
    this.#volumes.onChange((volume, gone) => !gone && void this.#bury(volume).catch(() => undefined));
    await Promise.all([this.#claims.start(this.#api, '/api/v1/persistentvolumeclaims', signal), this.#volumes.start(this.#api, volumesPath, signal)]);
  }

  async #provide({ metadata, spec }: Claim): Promise<void> {
    if (spec.volumeName !== undefined || metadata.annotations?.[askedFrom] !== provisioner || metadata.deletionTimestamp) return;
    const { namespace, name, uid } = metadata;
    await this.#tolerate(this.#api.create(volumesPath, {
      apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `pvc-${uid}`, annotations: { [provisionedBy]: provisioner } },
      spec: {
        capacity: { storage: spec.resources?.requests?.storage ?? '1Gi' }, accessModes: spec.accessModes ?? ['ReadWriteOnce'], storageClassName: className,
        persistentVolumeReclaimPolicy: 'Delete', claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid }, hostPath: { path: `/lab/${uid}` },
      },
    }));
  }

  async #bury({ metadata, spec, status }: Volume): Promise<void> {
    const isOver = status?.phase === 'Released' && spec.persistentVolumeReclaimPolicy === 'Delete' && metadata.annotations?.[provisionedBy] === provisioner;
    if (isOver && !metadata.deletionTimestamp) await this.#tolerate(this.#api.remove(`${volumesPath}/${metadata.name}`));
  }

  /** Somebody has done it already. */
  async #tolerate(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }
}
