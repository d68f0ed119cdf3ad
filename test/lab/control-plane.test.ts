/** The control planes of the lab, really started once: what they serve, refuse, write down, and survive. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { administratorEntry, productEntry, restrictedEntry } from '../../lab/control-plane/access.ts';
import { administrator, restricted } from '../../lab/control-plane/control-plane.ts';
import type { ControlPlane } from '../../lab/control-plane/control-plane.ts';
import { startControlPlanes } from '../../lab/control-plane/control-planes.ts';
import type { ControlPlanes } from '../../lab/control-plane/control-planes.ts';
import { writeKubeconfig } from '../../lab/control-plane/kubeconfig.ts';
import type { KubeconfigEntry } from '../../lab/control-plane/kubeconfig.ts';
import { startKubelet } from '../../lab/kubelet/kubelet.ts';
import type { Kubelet } from '../../lab/kubelet/kubelet.ts';
import { KubernetesApi } from '../../lab/kubernetes-api.ts';
import type { KubernetesObject } from '../../lab/kubernetes-api.ts';

const run = promisify(execFile);
/** A computer without the tools builds them first. */
const startLimit = 15 * 60_000;
/** An outage takes 2 s on a calm computer; a busy one may need many times that. */
jest.setTimeout(120_000);
const pod = 'shop-pd-0';
const podPath = `/api/v1/namespaces/default/pods/${pod}`;
const rights = `
apiVersion: v1
kind: Namespace
metadata: { name: tidb-runbooks }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: tidb-runbooks }
rules:
  - { apiGroups: [pingcap.com], resources: [tidbclusters], verbs: [get, list, watch] }
  - { apiGroups: [''], resources: [pods, pods/portforward], verbs: [get, list, create] }
  - { apiGroups: [''], resources: [secrets], verbs: [create] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: tidb-runbooks }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tidb-runbooks }
subjects: [{ kind: ServiceAccount, namespace: tidb-runbooks, name: tidb-runbooks }]
`;

let directory: string;
let lab: ControlPlanes;
let plane: ControlPlane;
let api: KubernetesApi;
let echo: Server;
let kubelet: Kubelet;
const log = { lines: ['one', 'two', 'three'], listeners: new Set<(line: string) => void>() };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidb-runbooks-control-plane-'));
  lab = await startControlPlanes({ names: ['east'], directory });
  plane = lab.planes[0] as ControlPlane;
  api = new KubernetesApi(await plane.connectionFor({ ...administrator, userAgent: 'test' }));
  echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  kubelet = await startKubelet({ tls: plane.kubeletTls, dial: dialEcho, log: () => ({ lines: log.lines, subscribe: follow }) });
  await createPodOnNode();
}, startLimit);

afterAll(async () => {
  await api?.close();
  await kubelet?.stop();
  echo?.close();
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

const dialEcho = (_namespace: string, _pod: string, port: number) => (port === 2379 ? connect((echo.address() as AddressInfo).port, '127.0.0.1') : undefined);

function follow(onLine: (line: string) => void): () => void {
  log.listeners.add(onLine);
  return () => log.listeners.delete(onLine);
}

async function createPodOnNode(): Promise<void> {
  const now = new Date().toISOString();
  await api.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } });
  await api.patch('/api/v1/nodes/node/status', {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: '', lastHeartbeatTime: now, lastTransitionTime: now }],
    },
  });
  await api.create('/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod },
    spec: { nodeName: 'node', containers: [{ name: 'pd', image: 'pd' }] },
  });
  await api.patch(`${podPath}/status`, { status: { phase: 'Running', containerStatuses: [{ name: 'pd', image: 'pd', imageID: '', ready: true, restartCount: 0, state: { running: { startedAt: now } } }] } });
}

async function until<Value>(what: string, probe: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(20)) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
  }
  throw new Error(`waited in vain for ${what}`);
}

const auditLines = async (): Promise<KubernetesObject[]> => (await readFile(plane.auditLog, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as KubernetesObject);

const tidbCluster = (name: string): object => ({ apiVersion: 'pingcap.com/v1alpha1', kind: 'TidbCluster', metadata: { name }, spec: { version: 'v8.5.2' } });
const tidbClusters = '/apis/pingcap.com/v1alpha1/namespaces/default/tidbclusters';

async function productAccess(): Promise<KubeconfigEntry & { credentials: { token: string } }> {
  const manifest = join(directory, 'rbac.yaml');
  await writeFile(manifest, rights);
  return (await productEntry(plane, manifest)) as KubeconfigEntry & { credentials: { token: string } };
}

/** GET, or POST when there is a body. */
async function askWithToken(entry: KubeconfigEntry, path: string, content?: object): Promise<{ status: number; body: unknown }> {
  const dispatcher = new Agent({ connect: { ca: entry.ca } });
  const { token } = entry.credentials as { token: string };
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'product-test', 'content-type': 'application/json' };
  const answer = await request(entry.server + path, { dispatcher, headers, method: content ? 'POST' : 'GET', body: content ? JSON.stringify(content) : null });
  const body = await answer.body.json();
  await dispatcher.close();
  return { status: answer.statusCode, body };
}

it('serves the TidbCluster of tidb-operator, with the defaults of its schema', async () => {
  const created = await api.create(tidbClusters, tidbCluster('served'));
  expect(created['spec'].pvReclaimPolicy).toBe('Retain');
});

it('writes the body of a change to a TidbCluster into the audit log before it answers', async () => {
  await api.create(tidbClusters, tidbCluster('audited'));
  const line = (await auditLines()).find(({ requestObject }) => requestObject?.metadata?.name === 'audited');
  expect(line).toMatchObject({ verb: 'create', userAgent: 'test', user: { username: administrator.user }, responseStatus: { code: 201 }, objectRef: { resource: 'tidbclusters' } });
});

it('writes the body of a change to a Lease into the audit log', async () => {
  await api.create('/apis/coordination.k8s.io/v1/namespaces/default/leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'lock' }, spec: { holderIdentity: 'me' } });
  expect((await auditLines()).find(({ requestObject }) => requestObject?.spec?.holderIdentity === 'me')).toBeDefined();
});

it('never writes the body of a Secret into the audit log, though it writes down what the product changes', async () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'quiet' }, stringData: { key: 'do-not-tell' } };
  expect((await askWithToken(await productAccess(), '/api/v1/namespaces/default/secrets', secret)).status).toBe(201);
  const text = await readFile(plane.auditLog, 'utf8');
  expect(text.includes('"name":"quiet"')).toBe(true);
  const spellings = ['do-not-tell', Buffer.from('do-not-tell').toString('base64')];
  expect(spellings.filter((spelling) => text.includes(spelling))).toEqual([]);
});

it('refuses a user without rights', async () => {
  const stranger = new KubernetesApi(await plane.connectionFor({ ...restricted, userAgent: 'test' }));
  await expect(stranger.list(tidbClusters)).rejects.toMatchObject({ status: 403 });
  await stranger.close();
  expect((await askWithToken(await restrictedEntry(plane), tidbClusters)).status).toBe(403);
});

it('gives the product exactly the rights of its manifest, and writes down what it reads', async () => {
  const entry = await productAccess();
  expect(entry.server).toBe(plane.proxyServer);
  expect((await askWithToken(entry, tidbClusters)).status).toBe(200);
  expect((await askWithToken(entry, '/api/v1/secrets')).status).toBe(403);
  const reads = (await auditLines()).filter(({ userAgent }) => userAgent === 'product-test').map(({ verb, objectRef }) => `${verb} ${objectRef.resource}`);
  expect(reads).toEqual(expect.arrayContaining(['list tidbclusters', 'list secrets']));
});

it('lets the proxy answer in place of the API server while a fault is on', async () => {
  const entry = await restrictedEntry(plane);
  plane.proxy.setFaults([{ effect: { kind: 'throttle', retryAfter: 7 }, count: 1 }]);
  expect(await askWithToken(entry, '/version')).toMatchObject({ status: 429, body: { details: { retryAfterSeconds: 7 } } });
  expect(await askWithToken(entry, '/version')).toMatchObject({ status: 200, body: { gitVersion: 'v1.34.4' } });
});

it('does not start on the data of an earlier lab', async () => {
  await expect(startControlPlanes({ names: ['east'], directory })).rejects.toThrow('holds the data of an earlier lab');
});

it('runs the StatefulSet controller', async () => {
  await api.create('/apis/apps/v1/namespaces/default/statefulsets', {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'set' },
    spec: {
      serviceName: 'set',
      replicas: 1,
      selector: { matchLabels: { app: 'set' } },
      template: { metadata: { labels: { app: 'set' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  const created = await until('pod set-0', () => api.get('/api/v1/namespaces/default/pods/set-0').catch(() => undefined));
  expect(created.metadata['ownerReferences'][0].kind).toBe('StatefulSet');
});

describe('port-forward by WebSocket, as the product, through proxy and API server', () => {
  const open = async (port: number): Promise<WebSocket> => {
    const { server, ca, credentials } = await productAccess();
    const url = `${server.replace('https', 'wss')}${podPath}/portforward?ports=${port}`;
    return new WebSocket(url, 'v4.channel.k8s.io', { ca, headers: { authorization: `Bearer ${credentials.token}` } });
  };
  const received = (client: WebSocket, channel: number, enough: (bytes: Buffer) => boolean): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      client.on('error', reject).on('close', () => reject(new Error('closed')));
      client.on('message', (message: Buffer) => {
        if (message[0] === channel) parts.push(message.subarray(1));
        const bytes = Buffer.concat(parts).subarray(2); // Each channel opens with the port.
        if (enough(bytes)) resolve(bytes);
      });
    });

  it('carries megabytes both ways unchanged', async () => {
    const sent = randomBytes(3 * 1024 * 1024);
    const client = await open(2379);
    const echoed = received(client, 0, (bytes) => bytes.length >= sent.length);
    client.on('open', () => {
      for (let start = 0; start < sent.length; start += 65_536) client.send(Buffer.concat([Buffer.from([0]), sent.subarray(start, start + 65_536)]));
    });
    expect((await echoed).equals(sent)).toBe(true);
    client.terminate();
  });

  it('tells on the error channel that nobody listens', async () => {
    const client = await open(4000);
    const reason = await received(client, 1, (bytes) => bytes.includes('refused'));
    expect(reason.toString()).toBe('error forwarding port 4000: connection refused');
    client.terminate();
  });
});

it('follows a container log', async () => {
  const { ca, server } = plane;
  const { cert, key } = await plane.credentialsFor(administrator);
  const dispatcher = new Agent({ connect: { ca, cert, key } });
  const { body } = await request(`${server}${podPath}/log?follow=true&tailLines=2`, { dispatcher });
  let text = '';
  body.on('data', (chunk: Buffer) => (text += chunk.toString()));
  body.on('error', () => undefined);
  await until('the last lines', () => text === 'two\nthree\n');
  for (const listener of log.listeners) listener('four');
  await until('the new line', () => text === 'two\nthree\nfour\n');
  await dispatcher.destroy();
  await until('the end of the subscription', () => log.listeners.size === 0);
});

it('comes back from an outage on the same port with its data', async () => {
  const { server } = plane;
  await api.create(tidbClusters, tidbCluster('kept'));
  await plane.stopApiServer();
  await expect(api.get(`${tidbClusters}/kept`)).rejects.toThrow();
  await plane.startApiServer();
  expect(plane.server).toBe(server);
  expect((await api.get(`${tidbClusters}/kept`)).metadata['name']).toBe('kept');
});

describe('kubectl', () => {
  let kubectl: (...args: string[]) => string[];
  let forward: ChildProcess | undefined;
  const hasKubectl = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'kubectl')));
  const withKubectl = hasKubectl ? it : it.skip;

  beforeAll(async () => {
    const file = join(directory, 'kubeconfig');
    await writeKubeconfig(file, [await administratorEntry(plane)]);
    kubectl = (...args) => ['--kubeconfig', file, '--context', 'east', ...args];
  });
  afterAll(() => void forward?.kill());

  withKubectl('reads TidbClusters and logs with the kubeconfig of the lab', async () => {
    await api.create(tidbClusters, tidbCluster('listed'));
    expect((await run('kubectl', kubectl('get', 'tidbclusters', '-o', 'name'))).stdout).toContain('tidbcluster.pingcap.com/listed');
    expect((await run('kubectl', kubectl('logs', pod))).stdout).toContain('one\ntwo\nthree');
  });

  withKubectl('forwards a port, several connections at once and megabytes', async () => {
    forward = spawn('kubectl', kubectl('port-forward', `pod/${pod}`, ':2379'));
    let said = '';
    forward.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    forward.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const port = Number(await until('a local port', () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]));
    await Promise.all([1, 2, 3].map(() => expectEcho(port, randomBytes(2 * 1024 * 1024))));
  });

  const expectEcho = async (port: number, sent: Buffer): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    const parts: Buffer[] = [];
    let length = 0;
    socket.on('data', (data) => (length += parts.push(data) && data.length));
    socket.write(sent);
    await until('the echo', () => length >= sent.length);
    socket.destroy();
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
  };
});
