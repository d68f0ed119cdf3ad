/** The adapter against a real kube-apiserver of the lab: what fakes only assume. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { administratorEntry, restrictedEntry } from '../../lab/control-plane/access.ts';
import type { ControlPlane } from '../../lab/control-plane/control-plane.ts';
import { startControlPlanes } from '../../lab/control-plane/control-planes.ts';
import type { ControlPlanes } from '../../lab/control-plane/control-planes.ts';
import { writeKubeconfig } from '../../lab/control-plane/kubeconfig.ts';
import { startKubelet } from '../../lab/kubelet/kubelet.ts';
import type { Kubelet } from '../../lab/kubelet/kubelet.ts';
import { openKubernetes } from '../../src/kubernetes/connection.ts';
import { forwardToPod, originOf } from '../../src/kubernetes/port-forward.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import type { ResourceRef } from '../../src/kubernetes/resources.ts';
import { WatchHub } from '../../src/kubernetes/watch-hub.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import { TEST_LIMIT_MS, until } from './until.ts';

jest.setTimeout(TEST_LIMIT_MS);

/** A computer without the tools builds them first. */
const START_LIMIT_MS = 15 * 60_000;
/** Stop, start and readiness of an API server take seconds, on a busy computer half a minute. */
const OUTAGE_LIMIT_MS = 60_000;
const PORT = 2379;
const node: ResourceRef = { apiVersion: 'v1', plural: 'nodes', kind: 'Node' };
const collection = { ...resources.tidbCluster, namespace: 'default' };
const ref = { ...collection, name: 'shop-west' };
const podRef = { ...resources.pod, namespace: 'default', name: 'shop-pd-0' };
const minimal = { apiVersion: 'pingcap.com/v1alpha1', kind: 'TidbCluster', metadata: { name: 'shop-west' }, spec: { version: 'v8.5.3', pd: { baseImage: 'pingcap/pd', replicas: 1, requests: { storage: '1Gi' } } } };

let directory: string;
let lab: ControlPlanes;
let plane: ControlPlane;
let api: KubernetesApi;
let nobody: KubernetesApi;
let kubelet: Kubelet;
let pd: Server;
const body = randomBytes(5 * 1024 * 1024);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidb-runbooks-adapter-'));
  lab = await startControlPlanes({ names: ['west'], directory: join(directory, 'lab') });
  plane = lab.planes[0] as ControlPlane;
  api = await open('admin', await administratorEntry(plane));
  nobody = await open('nobody', await restrictedEntry(plane));
  pd = createServer((incoming, response) => void response.end(incoming.url === '/big' ? body : incoming.url)).listen(0, '127.0.0.1');
  const dial = (_namespace: string, _pod: string, port: number) => (port === PORT ? connect((pd.address() as AddressInfo).port, '127.0.0.1') : undefined);
  kubelet = await startKubelet({ tls: plane.kubeletTls, dial, log: () => undefined });
  await placePod();
  await api.create(ref, minimal);
}, START_LIMIT_MS);

afterAll(async () => {
  await api?.close();
  await nobody?.close();
  await kubelet?.stop();
  pd?.closeAllConnections();
  pd?.close();
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
}, 30_000);

async function open(name: string, entry: Parameters<typeof writeKubeconfig>[1][number]): Promise<KubernetesApi> {
  const file = join(directory, name);
  await writeKubeconfig(file, [entry]);
  return openKubernetes('west', { kubeconfig: file });
}

/** A running pod on a node whose kubelet is the lab's. */
async function placePod(): Promise<void> {
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } };
  await api.create(node, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'twin' }, status });
  const spec = { nodeName: 'twin', containers: [{ name: 'pd', image: 'pd' }] };
  await api.create(podRef, { apiVersion: 'v1', kind: 'Pod', metadata: { name: podRef.name }, spec });
}

describe('calls', () => {
  it('read and list', async () => {
    expect(await api.version()).toMatch(/^v1\./);
    const object = await api.get(ref);
    expect(object.metadata).toMatchObject({ name: 'shop-west', managedFields: [{ manager: 'tidb-runbooks' }] });
    const list = await api.list(collection, { resourceVersion: '0' });
    expect(list.items.map((each) => each.metadata.name)).toEqual(['shop-west']);
    expect(Number(list.resourceVersion)).toBeGreaterThan(0);
  });

  it('list metadata only', async () => {
    const { items } = await api.list(collection, { metadataOnly: true });
    expect(items[0]).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'shop-west' } });
    expect(items[0]).not.toHaveProperty('spec');
  });

  it('patch, or only try to', async () => {
    await api.mergePatch(ref, { spec: { version: 'v8.5.9' } }, { dryRun: true });
    expect(await api.get(ref)).toMatchObject({ spec: { version: 'v8.5.3' } });
    await api.mergePatch(ref, { spec: { version: 'v8.5.4' } });
    expect(await api.get(ref)).toMatchObject({ spec: { version: 'v8.5.4' } });
  });

  it('a patch of an older version is a Conflict', async () => {
    const { metadata } = await api.get(ref);
    await api.mergePatch(ref, { metadata: { labels: { touched: 'yes' } } });
    await expect(api.mergePatch(ref, { metadata: { resourceVersion: metadata.resourceVersion, labels: { touched: 'late' } } })).rejects.toMatchObject({ type: 'Conflict' });
  });

  it('a JSON patch whose test fails is a Conflict', async () => {
    const operations = [{ op: 'test' as const, path: '/spec/version', value: 'v0' }, { op: 'replace' as const, path: '/spec/version', value: 'v1' }];
    await expect(api.jsonPatch(ref, operations)).rejects.toMatchObject({ type: 'Conflict' });
    await expect(api.jsonPatch(ref, [{ op: 'replace', path: '/spec/none/x', value: 'v1' }])).rejects.toMatchObject({ type: 'InvalidInput' });
  });

  it.each([
    ['patched', () => api.mergePatch(ref, { spec: { crossK8s: true } })],
    ['created', () => api.create(ref, { ...minimal, metadata: { name: 'other' }, spec: { ...minimal.spec, crossK8s: true } })],
  ])('an unknown field that is %s is InvalidInput and named, in one short sentence', async (_name, write) => {
    const error = (await write().catch((each: unknown) => each)) as Error;
    expect(error).toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('unknown field "spec.crossK8s"') });
    expect(error.message.length).toBeLessThan(300);
  });

  it('a wrong type is InvalidInput', async () => {
    await expect(api.mergePatch(ref, { spec: { pd: { replicas: 'three' } } })).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('spec.pd.replicas') });
  });

  it('what exists already is a Conflict, what is missing NotFound', async () => {
    await expect(api.create(ref, minimal)).rejects.toMatchObject({ type: 'Conflict' });
    await expect(api.get({ ...ref, name: 'none' })).rejects.toMatchObject({ type: 'NotFound', message: 'Kubernetes cluster west: get TidbCluster default/none found nothing: 404 tidbclusters.pingcap.com "none" not found' });
    await expect(api.list({ apiVersion: 'none.io/v1', plural: 'nones', kind: 'None' })).rejects.toMatchObject({ type: 'NotFound' });
  });

  it('another object of the same name is not removed', async () => {
    await expect(api.remove(ref, { uid: '00000000-0000-0000-0000-000000000000' })).rejects.toMatchObject({ type: 'Conflict' });
  });

  it('a missing right is Forbidden, and known beforehand', async () => {
    const access = { verb: 'patch', group: 'pingcap.com', resource: 'tidbclusters', namespace: 'default' };
    expect(await api.allowed(access)).toBe(true);
    expect(await nobody.allowed(access)).toBe(false);
    await expect(nobody.get(ref)).rejects.toMatchObject({ type: 'Forbidden', message: expect.stringContaining('cannot get resource "tidbclusters"') });
  });
});

describe('watches', () => {
  it('wake after a change, and go on over an outage of the API server', async () => {
    const hub = new WatchHub({ firstRetryMs: 50, slowestRetryMs: 200 });
    let wakes = 0;
    hub.subscribe(api, ref, () => (wakes += 1));
    await until(() => wakes === 1, OUTAGE_LIMIT_MS);
    await api.mergePatch(ref, { metadata: { annotations: { wake: '1' } } });
    await until(() => wakes === 2, OUTAGE_LIMIT_MS);
    await plane.stopApiServer();
    await until(() => hub.counters.reconnects > 0, OUTAGE_LIMIT_MS);
    const before = wakes;
    await plane.startApiServer();
    await until(() => wakes > before, OUTAGE_LIMIT_MS);
    const after = wakes;
    await api.mergePatch(ref, { metadata: { annotations: { wake: '2' } } });
    await until(() => wakes > after, OUTAGE_LIMIT_MS);
    expect(hub.counters.watches).toBe(1);
    hub.close();
  }, 2 * OUTAGE_LIMIT_MS);
});

describe('port-forwards', () => {
  const get = async (target: { pod: string; port: number }, path: string, by = api): Promise<Buffer> => {
    const dispatcher = forwardToPod(by, { namespace: 'default', ...target });
    try {
      const answer = await request(originOf({ namespace: 'default', ...target }, undefined) + path, { dispatcher });
      return Buffer.from(await answer.body.arrayBuffer());
    } finally {
      await dispatcher.destroy();
    }
  };

  it('reach the pod', async () => {
    expect(String(await get({ pod: 'shop-pd-0', port: PORT }, '/pd/api/v1/members'))).toBe('/pd/api/v1/members');
    expect(body.equals(await get({ pod: 'shop-pd-0', port: PORT }, '/big'))).toBe(true);
  });

  it('tell what the kubelet says of a closed port', async () => {
    await expect(get({ pod: 'shop-pd-0', port: 1 }, '/')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('connection refused') });
  });

  it('tell that the pod is missing, or the right', async () => {
    await expect(get({ pod: 'none', port: PORT }, '/')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('404 pods "none" not found') });
    await expect(get({ pod: 'shop-pd-0', port: PORT }, '/', nobody)).rejects.toMatchObject({ type: 'Forbidden' });
  });
});
