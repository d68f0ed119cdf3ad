/** What stands in Kubernetes for one TidbCluster, also when its object is gone, and what the worker may not see. */
import { readRemains } from '../../../src/activities/observing/read-remains.ts';
import { RunbookError } from '../../../src/errors.ts';
import type { GetOptions, KubernetesApi, ListOptions } from '../../../src/kubernetes/api.ts';
import { describe as describeRef } from '../../../src/kubernetes/resources.ts';
import type { KubernetesObject, ResourceRef } from '../../../src/kubernetes/resources.ts';

const place = { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west' };

interface Kept {
  plural: string;
  object: KubernetesObject;
}

/** An API server with these objects, which refuses these kinds. */
class Api {
  readonly cluster = 'west';
  readonly asked: string[] = [];
  readonly #kept: Kept[] = [];
  readonly #forbidden: readonly string[];

  constructor(forbidden: readonly string[] = []) {
    this.#forbidden = forbidden;
  }

  with(plural: string, name: string, more: object = {}, labels: Record<string, string> = { 'app.kubernetes.io/instance': 'shop-west', 'app.kubernetes.io/managed-by': 'tidb-operator' }): this {
    this.#kept.push({ plural, object: { metadata: { name, uid: `uid-of-${name}`, namespace: 'shop', labels }, ...more } });
    return this;
  }

  async list(ref: ResourceRef, { labelSelector }: ListOptions = {}): Promise<{ items: KubernetesObject[]; resourceVersion: string }> {
    this.#see(ref, labelSelector ?? '');
    const wanted = (labelSelector ?? '').split(',').filter(Boolean).map((each) => each.split('='));
    const items = this.#kept.filter(({ plural, object }) => plural === ref.plural && wanted.every(([key = '', value]) => object.metadata.labels?.[key] === value)).map(({ object }) => object);
    return { items, resourceVersion: '1' };
  }

  async get(ref: ResourceRef, { metadataOnly = false }: GetOptions = {}): Promise<KubernetesObject> {
    this.#see(ref, metadataOnly ? 'metadata only' : '');
    const found = this.#kept.find(({ plural, object }) => plural === ref.plural && object.metadata.name === ref.name);
    if (!found) throw new RunbookError('NotFound', `${describeRef(ref)} is not there`);
    return found.object;
  }

  #see(ref: ResourceRef, how: string): void {
    this.asked.push(`${ref.plural}${ref.name ? `/${ref.name}` : ''} ${how}`.trim());
    if (this.#forbidden.includes(ref.plural)) throw new RunbookError('Forbidden', `${ref.plural} are forbidden`);
  }
}

const read = (api: Api, volumes: string[] = []) => readRemains(api as unknown as KubernetesApi, place, volumes);

const claimOf = (volumeName?: string): object => ({ spec: volumeName ? { volumeName } : {} });
const volume = (policy: string, phase: string): object => ({ spec: { persistentVolumeReclaimPolicy: policy }, status: { phase } });

test('lists what carries the instance label, with volumes and their policies', async () => {
  const api = new Api()
    .with('tidbclusters', 'shop-west', { spec: {} })
    .with('statefulsets', 'shop-west-pd')
    .with('pods', 'shop-west-discovery-7d9f')
    .with('pods', 'shop-east-pd-0', {}, { 'app.kubernetes.io/instance': 'shop-east' })
    .with('persistentvolumeclaims', 'pd-shop-west-pd-0', claimOf('pv-1'))
    .with('persistentvolumeclaims', 'tikv-shop-west-tikv-0', claimOf())
    .with('persistentvolumeclaims', 'somebody-elses', claimOf('pv-9'), { 'app.kubernetes.io/instance': 'shop-west' })
    .with('persistentvolumes', 'pv-1', volume('Retain', 'Bound'));
  const remains = await read(api);
  expect(remains.object?.metadata.uid).toBe('uid-of-shop-west');
  expect(remains.statefulSets.map(({ name }) => name)).toEqual(['shop-west-pd']);
  expect(remains.pods).toEqual([{ name: 'shop-west-discovery-7d9f', uid: 'uid-of-shop-west-discovery-7d9f' }]);
  expect(remains.claims).toEqual([{ name: 'pd-shop-west-pd-0', uid: 'uid-of-pd-shop-west-pd-0', volume: 'pv-1' }, { name: 'tikv-shop-west-tikv-0', uid: 'uid-of-tikv-shop-west-tikv-0', volume: '' }]);
  expect(remains.volumes).toEqual([{ name: 'pv-1', uid: 'uid-of-pv-1', reclaimPolicy: 'Retain', phase: 'Bound' }]);
  expect(remains.unread).toEqual([]);
});

test('goes on when the object is gone', async () => {
  const remains = await read(new Api().with('pods', 'shop-west-discovery-7d9f'));
  expect(remains.object).toBeUndefined();
  expect(remains.pods).toHaveLength(1);
});

test('uses the instance label that the TidbCluster overrides', async () => {
  const other = { 'app.kubernetes.io/instance': 'renamed' };
  const remains = await read(new Api().with('tidbclusters', 'shop-west', { spec: {} }, other).with('pods', 'shop-west-pd-0', {}, other));
  expect(remains.pods.map(({ name }) => name)).toEqual(['shop-west-pd-0']);
});

test('uses the one that is remembered of it when the object is gone', async () => {
  const api = new Api().with('pods', 'shop-west-pd-0', {}, { 'app.kubernetes.io/instance': 'renamed' }).with('pods', 'somebody-elses');
  const remains = await readRemains(api as unknown as KubernetesApi, { ...place, instance: 'renamed' });
  expect(remains.pods.map(({ name }) => name)).toEqual(['shop-west-pd-0']);
});

test('looks at a volume also when no claim names it any more', async () => {
  const remains = await read(new Api().with('persistentvolumes', 'pv-1', volume('Delete', 'Failed')), ['pv-1', 'pv-2']);
  expect(remains.volumes).toEqual([{ name: 'pv-1', uid: 'uid-of-pv-1', reclaimPolicy: 'Delete', phase: 'Failed' }]);
});

test('finds Secrets by their documented names, and reads nothing of them but metadata', async () => {
  const api = new Api().with('secrets', 'shop-west-cluster-client-secret').with('secrets', 'shop-west-pd-cluster-secret').with('secrets', 'something-else');
  expect((await read(api)).secrets.map(({ name }) => name).toSorted()).toEqual(['shop-west-cluster-client-secret', 'shop-west-pd-cluster-secret']);
  expect(api.asked.filter((each) => each.startsWith('secrets') && !each.endsWith('metadata only'))).toEqual([]);
});

test('takes a TidbMonitor only when it watches this TidbCluster and no other', async () => {
  const clusters = (...names: string[]): object => ({ spec: { clusters: names.map((name) => ({ name })) } });
  const api = new Api().with('tidbmonitors', 'own', clusters('shop-west')).with('tidbmonitors', 'shared', clusters('shop-west', 'shop-east')).with('tidbmonitors', 'empty', clusters());
  expect((await read(api)).monitors.map(({ name }) => name)).toEqual(['own']);
});

test('says which kinds it may not read, instead of calling them empty', async () => {
  const remains = await read(new Api(['secrets', 'persistentvolumeclaims', 'tidbmonitors']).with('persistentvolumeclaims', 'pd-shop-west-pd-0', claimOf()));
  expect(remains.claims).toEqual([]);
  expect(remains.unread).toEqual(['persistentvolumeclaims', 'secrets', 'tidbmonitors']);
});

test.each(['pods', 'statefulsets', 'tidbclusters'])('does not go on without %s: they prove that nothing is left', async (plural) => {
  await expect(read(new Api([plural]))).rejects.toMatchObject({ type: 'Forbidden' });
});
