/** The storage of a simulated Kubernetes cluster: claims are bound, and a volume ends with its claim or outlives it, as its policy says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { administrator } from '../../lab/control-plane/control-plane.ts';
import { startControlPlanes } from '../../lab/control-plane/control-planes.ts';
import type { ControlPlanes } from '../../lab/control-plane/control-planes.ts';
import { waitFor } from '../../lab/control-plane/readiness.ts';
import { KubernetesApi } from '../../lab/kubernetes-api.ts';
import type { KubernetesObject } from '../../lab/kubernetes-api.ts';
import { Volumes } from '../../lab/node/volumes.ts';

jest.setTimeout(240_000);

const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
const volumes = '/api/v1/persistentvolumes';
const ending = new AbortController();
let directory: string;
let planes: ControlPlanes;
let api: KubernetesApi;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidb-runbooks-volumes-'));
  planes = await startControlPlanes({ names: ['east'], directory });
  const [plane] = planes.planes;
  if (!plane) throw new Error('no plane');
  api = new KubernetesApi(await plane.connectionFor({ ...administrator, userAgent: 'test' }));
  await new Volumes(api).start(ending.signal);
});
afterAll(async () => {
  ending.abort();
  await api.close();
  await planes.stop();
  await rm(directory, { recursive: true, force: true });
});

async function boundClaim(name: string): Promise<{ volume: string; uid: string }> {
  await api.create(claims, {
    apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
  });
  let claim: KubernetesObject | undefined;
  await waitFor(`claim ${name} to be bound`, async () => {
    claim = await api.get(`${claims}/${name}`);
    return (claim['status'] as { phase: string }).phase === 'Bound';
  });
  return { volume: (claim?.['spec'] as { volumeName: string }).volumeName, uid: String(claim?.metadata['uid']) };
}

const volumeOf = async (name: string): Promise<{ status: { phase: string }; spec: { persistentVolumeReclaimPolicy: string; capacity: { storage: string } } }> =>
  (await api.get(`${volumes}/${name}`)) as never;

test('a claim is bound to a volume of its own size, which is deleted with it under policy Delete', async () => {
  const { volume, uid } = await boundClaim('shortlived');
  expect(volume).toBe(`pvc-${uid}`);
  expect((await volumeOf(volume)).spec).toMatchObject({ persistentVolumeReclaimPolicy: 'Delete', capacity: { storage: '2Gi' } });
  await api.remove(`${claims}/shortlived`);
  await waitFor('the volume to be gone', async () => (await api.list(volumes)).items.every(({ metadata }) => metadata['name'] !== volume));
});

test('under policy Retain the volume stays, Released, until somebody changes the policy', async () => {
  const { volume } = await boundClaim('longlived');
  await api.patch(`${volumes}/${volume}`, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
  await api.remove(`${claims}/longlived`);
  await waitFor('the volume to be released', async () => (await volumeOf(volume)).status.phase === 'Released');
  // A second claim comes and goes meanwhile: by then the first one's volume would have been deleted.
  const { volume: other } = await boundClaim('between');
  await api.remove(`${claims}/between`);
  await waitFor('the other volume to be gone', async () => (await api.list(volumes)).items.every(({ metadata }) => metadata['name'] !== other));
  expect((await volumeOf(volume)).status.phase).toBe('Released');
  await api.patch(`${volumes}/${volume}`, { spec: { persistentVolumeReclaimPolicy: 'Delete' } });
  await waitFor('the volume to be gone', async () => (await api.list(volumes)).items.every(({ metadata }) => metadata['name'] !== volume));
});
