import { createHash, randomBytes } from 'node:crypto';
import { createServer as createHttp } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { openKubernetes } from '../../src/kubernetes/connection.ts';
import { forwardToPod, originOf } from '../../src/kubernetes/port-forward.ts';
import type { PodTls } from '../../src/kubernetes/port-forward.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { makeAuthority } from './certificates.ts';
import { TEST_LIMIT_MS, until } from './until.ts';

jest.setTimeout(TEST_LIMIT_MS);

const PD_PORT = 2379;
const MEBIBYTE = 1024 * 1024;
const POD_NAME = 'shop-pd-0.shop-pd-peer.shop.svc';
const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

let fake: FakeApiServer;
let api: KubernetesApi;
let servers: Server[];
let dispatchers: Dispatcher[];

const serve = async (server: Server, pod: string): Promise<void> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.pods.set(pod, new Map([[PD_PORT, (server.address() as AddressInfo).port]]));
};

const forward = (pod: string, tls?: PodTls): { get: (path?: string, options?: object) => Promise<Dispatcher.ResponseData> } => {
  const target = { namespace: 'shop', pod, port: PD_PORT };
  const dispatcher = forwardToPod(api, target, tls);
  dispatchers.push(dispatcher);
  return { get: (path = '/', options = {}) => request(originOf(target, tls) + path, { dispatcher, ...options }) };
};

const big = randomBytes(20 * MEBIBYTE);

const answer: RequestListener = (incoming, response) => {
  if (incoming.url === '/big') return void response.end(big);
  if (incoming.url === '/hash') return void readAll(incoming).then((body) => response.end(digest(body)));
  if (incoming.url === '/hang') return;
  if (incoming.url === '/cut') return void incoming.socket.destroy();
  response.end(`pong ${incoming.url}`);
};

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

beforeEach(async () => {
  servers = [];
  dispatchers = [];
  fake = await FakeApiServer.start();
  api = openKubernetes('west', { kubeconfig: await fake.kubeconfig() });
  await serve(createHttp(answer), 'pd-0');
});
afterEach(async () => {
  await Promise.all(dispatchers.map((each) => each.destroy()));
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await api.close();
  await fake.stop();
});

describe('over a port-forward', () => {
  it('requests share WebSockets', async () => {
    const pod = forward('pd-0');
    for (let index = 0; index < 20; index++) expect(await (await pod.get(`/${index}`)).body.text()).toBe(`pong /${index}`);
    expect(fake.webSockets).toBeLessThanOrEqual(2);
  });

  it('large bodies arrive whole, both ways', async () => {
    const pod = forward('pd-0');
    const down = Buffer.from(await (await pod.get('/big')).body.arrayBuffer());
    expect(digest(down)).toBe(digest(big));
    expect(await (await pod.get('/hash', { method: 'POST', body: big })).body.text()).toBe(digest(big));
  });

  it('no byte is lost, however late one begins to listen', async () => {
    const socket = await api.openWebSocket(`/api/v1/namespaces/shop/pods/pd-0/portforward?ports=${PD_PORT}`, 'v4.channel.k8s.io', 'try');
    await until(() => fake.webSockets === 1);
    await forward('pd-0').get('/a'); // by now the first frames of the other have arrived as well
    const frames: Buffer[] = [];
    socket.on('message', (frame: Buffer) => frames.push(frame));
    socket.resume();
    await until(() => frames.length === 2);
    expect(frames.map((frame) => frame.toString('hex'))).toEqual(['004b09', '014b09']);
    socket.terminate();
  });

  it('a request that hangs does not keep the next one waiting', async () => {
    const pod = forward('pd-0');
    const stop = new AbortController();
    const hanging = pod.get('/hang', { signal: stop.signal });
    expect(await (await pod.get('/a')).body.text()).toBe('pong /a');
    stop.abort();
    await expect(hanging).rejects.toThrow();
  });

  it('a server that closes the connection is dialled anew', async () => {
    const pod = forward('pd-0');
    await expect(pod.get('/cut')).rejects.toThrow();
    expect(await (await pod.get('/a')).body.text()).toBe('pong /a');
    expect(fake.webSockets).toBe(2);
  });
});

describe('with TLS end to end', () => {
  let tls: PodTls;
  let clientOf: string | undefined;

  beforeEach(async () => {
    const authority = await makeAuthority('tidb-ca');
    const server = await authority.issue('pd', [POD_NAME]);
    const client = await authority.issue('cluster-client');
    tls = { ca: authority.ca, ...client, servername: POD_NAME };
    clientOf = undefined;
    const listener: RequestListener = (incoming, response) => {
      clientOf = (incoming.socket as TLSSocket).getPeerCertificate().subject.CN?.toString();
      answer(incoming, response);
    };
    await serve(createHttps({ ...server, ca: authority.ca, requestCert: true, rejectUnauthorized: true }, listener), 'pd-tls');
  });

  it('the pod sees our client certificate', async () => {
    const pod = forward('pd-tls', tls);
    for (let index = 0; index < 20; index++) expect(await (await pod.get(`/${index}`)).body.text()).toBe(`pong /${index}`);
    expect(clientOf).toBe('cluster-client');
    expect(fake.webSockets).toBeLessThanOrEqual(2);
  });

  it('large bodies arrive whole', async () => {
    const down = Buffer.from(await (await forward('pd-tls', tls).get('/big')).body.arrayBuffer());
    expect(digest(down)).toBe(digest(big));
  });

  it('a certificate for another name is refused', async () => {
    const pod = forward('pd-tls', { ...tls, servername: 'other-pd-0.shop.svc' });
    await expect(pod.get('/a')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining("Hostname/IP does not match certificate's altnames") });
  });

  it('a certificate of another authority is refused', async () => {
    const { ca } = await makeAuthority('stranger');
    await expect(forward('pd-tls', { ...tls, ca }).get('/a')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringMatching(/certificate/) });
  });

  it('a pod that refuses our certificate is Unreachable', async () => {
    const stranger = await (await makeAuthority('stranger')).issue('stranger');
    await expect(forward('pd-tls', { ...tls, ...stranger }).get('/a')).rejects.toThrow();
  });

  it('a pod that does not speak TLS is Unreachable', async () => {
    await expect(forward('pd-0', tls).get('/a')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('the port-forward to port 2379 of pod shop/pd-0 failed') });
  });
});

describe('what goes wrong is one sentence', () => {
  it('the kubelet\'s, when nothing listens on the port', async () => {
    fake.pods.set('pd-1', new Map());
    await expect(forward('pd-1').get()).rejects.toMatchObject({
      type: 'Unreachable',
      message: 'Kubernetes cluster west: the port-forward to port 2379 of pod shop/pd-1 failed: error forwarding port 2379 to pod pd-1: connection refused',
    });
  });

  it('Unreachable when the pod is missing, for it may be on its way', async () => {
    await expect(forward('pd-9').get()).rejects.toMatchObject({
      type: 'Unreachable',
      message: 'Kubernetes cluster west: open a port-forward to port 2379 of pod shop/pd-9 found nothing: 404 pods "pd-9" not found',
    });
  });

  it('Forbidden when the right is missing', async () => {
    await expect(forward('forbidden').get()).rejects.toMatchObject({ type: 'Forbidden', message: expect.stringContaining('pods/portforward') });
  });

  it('Forbidden when the credentials are wrong', async () => {
    fake.tokens.clear();
    await expect(forward('pd-0').get()).rejects.toMatchObject({ type: 'Forbidden', message: expect.stringContaining('401') });
  });

  it('Unreachable when the WebSocket is cut in the middle', async () => {
    fake.onForward = (socket) => socket.on('message', () => socket.terminate());
    await expect(forward('pd-0').get('/hang')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('cut off (WebSocket code 1006)') });
  });
});
