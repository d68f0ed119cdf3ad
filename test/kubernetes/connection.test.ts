import { createServer as createHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { openKubernetes } from '../../src/kubernetes/connection.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import { FakeApiServer, json, refuse } from './fake-api-server.ts';
import { TEST_LIMIT_MS, until } from './until.ts';

jest.setTimeout(TEST_LIMIT_MS);

const ref = { ...resources.tidbCluster, namespace: 'shop', name: 'shop-west' };
const pods = { ...resources.pod, namespace: 'shop' };

let fake: FakeApiServer;
let api: KubernetesApi;
let open: KubernetesApi[];

const connect = (kubeconfig: string, context?: string): KubernetesApi => {
  const opened = openKubernetes('west', { kubeconfig, context });
  open.push(opened);
  return opened;
};

/** Credentials that were looked at within a second are not looked at again. */
function aSecondGoes(): void {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + 1_000);
}

beforeEach(async () => {
  open = [];
  fake = await FakeApiServer.start();
  api = connect(await fake.kubeconfig());
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(open.map((each) => each.close()));
  await fake.stop();
});

describe('what is sent', () => {
  it('reads one object as plain JSON', async () => {
    fake.handler = (_request, response) => json(response, { metadata: { name: 'shop-west', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { version: 'v8.5.4' } });
    expect(await api.get(ref)).toEqual({ metadata: { name: 'shop-west', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { version: 'v8.5.4' } });
    expect(fake.received[0]).toMatchObject({ method: 'GET', path: '/apis/pingcap.com/v1alpha1/namespaces/shop/tidbclusters/shop-west' });
    expect(fake.received[0]?.headers['user-agent']).toMatch(/^tidb-runbooks\/\d/);
  });

  it('lists with selectors and returns the version from which a watch goes on', async () => {
    fake.handler = (_request, response) => json(response, { metadata: { resourceVersion: '42' }, items: [{ metadata: { name: 'a' } }] });
    const list = await api.list(pods, { labelSelector: 'app=x,y=z', fieldSelector: 'status.phase=Running', resourceVersion: '0', metadataOnly: true });
    expect(list).toEqual({ resourceVersion: '42', items: [{ metadata: { name: 'a' } }] });
    expect(Object.fromEntries(fake.received[0]?.query ?? [])).toEqual({ labelSelector: 'app=x,y=z', fieldSelector: 'status.phase=Running', resourceVersion: '0' });
    expect(fake.received[0]?.headers.accept).toContain('as=PartialObjectMetadataList');
  });

  const collection = '/apis/pingcap.com/v1alpha1/namespaces/shop/tidbclusters';
  it.each([
    { write: 'create', call: () => api.create(ref, { spec: {} }), method: 'POST', contentType: 'application/json', path: collection },
    { write: 'merge patch', call: () => api.mergePatch(ref, { spec: {} }), method: 'PATCH', contentType: 'application/merge-patch+json', path: `${collection}/shop-west` },
    { write: 'JSON patch', call: () => api.jsonPatch(ref, [{ op: 'test', path: '/x', value: 1 }]), method: 'PATCH', contentType: 'application/json-patch+json', path: `${collection}/shop-west` },
  ])('writes name their owner and refuse unknown fields: $write', async ({ call, method, contentType, path }) => {
    await call();
    const [request] = fake.received;
    expect(request).toMatchObject({ method, path });
    expect(request?.headers['content-type']).toBe(contentType);
    expect(Object.fromEntries(request?.query ?? [])).toEqual({ fieldManager: 'tidb-runbooks', fieldValidation: 'Strict' });
  });

  it('marks a dry run', async () => {
    await api.mergePatch(ref, {}, { dryRun: true });
    await api.remove(ref, { dryRun: true });
    expect(fake.received.map((each) => each.query.get('dryRun'))).toEqual(['All', 'All']);
  });

  it('removes only the object that was meant', async () => {
    await api.remove(ref, { uid: 'u-1', propagation: 'Foreground' });
    expect(JSON.parse(fake.received[0]?.body ?? '')).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u-1' }, propagationPolicy: 'Foreground' });
  });

  it('asks the API server whether it may', async () => {
    fake.handler = (_request, response) => json(response, { status: { allowed: true } }, 201);
    const access = { verb: 'create', group: '', resource: 'pods', subresource: 'portforward', namespace: 'shop' };
    expect(await api.allowed(access)).toBe(true);
    expect(JSON.parse(fake.received[0]?.body ?? '')).toMatchObject({ spec: { resourceAttributes: access } });
  });

  it('says which version runs', async () => {
    fake.handler = (_request, response) => json(response, { gitVersion: 'v1.34.4' });
    expect(await api.version()).toBe('v1.34.4');
  });
});

describe('connections', () => {
  it('are pooled: 300 reads use at most 16', async () => {
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 100 }, () => api.get(ref)));
    expect(fake.received).toHaveLength(300);
    expect(fake.connections).toBeLessThanOrEqual(16);
  });

  it('are reused by sequential reads', async () => {
    for (let read = 0; read < 50; read++) await api.get(ref);
    expect(fake.connections).toBeLessThanOrEqual(2);
  });

  it('do not carry calls behind watches, nor watches behind each other', async () => {
    let watching = 0;
    fake.handler = (request, response) => {
      if (!request.query.has('watch')) return json(response, { metadata: { name: 'x' } });
      watching += 1;
      response.writeHead(200).flushHeaders();
    };
    const stop = new AbortController();
    const watches = Array.from({ length: 40 }, () => api.watch(pods, { resourceVersion: '1', signal: stop.signal })[Symbol.asyncIterator]().next());
    await until(() => watching === 40);
    expect(await api.get(ref)).toBeDefined();
    stop.abort();
    await Promise.allSettled(watches);
  });

  it('are new after the client certificate changed', async () => {
    const first = await fake.authority.issue('first');
    const user = (pem: typeof first): object => ({ 'client-certificate-data': Buffer.from(pem.cert).toString('base64'), 'client-key-data': Buffer.from(pem.key).toString('base64') });
    const mutual = connect(await fake.kubeconfig(user(first)));
    await mutual.get(ref);
    const before = fake.connections;
    await fake.kubeconfig(user(await fake.authority.issue('second')));
    aSecondGoes();
    await mutual.get(ref);
    expect(fake.connections).toBe(before + 1);
  });

  it('fail after close', async () => {
    await api.close();
    await expect(api.get(ref)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('was closed') });
  });
});

describe('the way to the server', () => {
  it('leads through the proxy that the kubeconfig names, for calls and port-forwards', async () => {
    const tunnels: string[] = [];
    const proxy = createHttp().on('connect', (incoming: IncomingMessage, socket: Duplex) => {
      tunnels.push(incoming.url ?? '');
      const upstream = connectTcp(Number(incoming.url?.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [upstream, socket]) end.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const behind = connect(await fake.kubeconfig(undefined, { 'proxy-url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }));
    await behind.get(ref);
    fake.pods.set('pd-0', new Map());
    (await behind.openWebSocket('/api/v1/namespaces/shop/pods/pd-0/portforward?ports=1', 'v4.channel.k8s.io', 'try')).terminate();
    expect(tunnels).toEqual([new URL(fake.url).host, new URL(fake.url).host]);
    await behind.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('is checked against the name that the kubeconfig names', async () => {
    await connect(await fake.kubeconfig(undefined, { 'tls-server-name': 'localhost' })).get(ref);
    const misnamed = connect(await fake.kubeconfig(undefined, { 'tls-server-name': 'elsewhere' }));
    await expect(misnamed.get(ref)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining("does not match certificate's altnames") });
  });
});

describe('credentials', () => {
  const rotate = (token: string): void => {
    fake.tokens.clear();
    fake.tokens.add(token);
  };

  it('are looked at again after a second, and read when the kubeconfig was rewritten', async () => {
    await api.get(ref);
    rotate('secret-token-two');
    await fake.kubeconfig({ token: 'secret-token-two' });
    aSecondGoes();
    await api.get(ref);
    expect(fake.received.map((each) => each.headers.authorization)).toEqual(['Bearer secret-token-one', 'Bearer secret-token-two']);
  });

  it('are read again after a 401, and the call is repeated once', async () => {
    const tokenFile = await fake.writeFile('token', 'secret-token-one\n');
    const byFile = connect(await fake.kubeconfig({ tokenFile }));
    await byFile.get(ref);
    rotate('secret-token-two');
    await fake.writeFile('token', 'secret-token-two\n');
    await byFile.mergePatch(ref, {});
    expect(fake.received.map((each) => each.headers.authorization?.slice(-3))).toEqual(['one', 'one', 'two']);
  });

  it('that are wrong are Forbidden, without the token in the sentence', async () => {
    rotate('secret-token-two');
    await expect(api.get(ref)).rejects.toMatchObject({
      type: 'Forbidden',
      message: 'Kubernetes cluster west: get TidbCluster shop/shop-west was refused: 401 Unauthorized; the credentials expired or are wrong: renew them, then retry',
    });
  });

  it('come from a plugin that is started once for calls at the same moment, and is told about the cluster', async () => {
    await fake.writeFile('plugin.sh', `#!/bin/sh
echo run >> "$(dirname "$0")/runs"
printf '%s' "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"secret-token-one"}}'
`);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh', provideClusterInfo: true };
    const file = await fake.kubeconfig({ exec });
    const byPlugin = connect(file);
    await Promise.all(Array.from({ length: 10 }, () => byPlugin.get(ref)));
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(file.replace('kubeconfig', 'runs'), 'utf8')).toBe('run\n');
    expect(JSON.parse(await readFile(file.replace('kubeconfig', 'info'), 'utf8'))).toMatchObject({ kind: 'ExecCredential', spec: { cluster: { server: fake.url } } });
  });

  it('of a plugin that fails are Unreachable with what it said, tokens blacked out', async () => {
    await fake.writeFile('plugin.sh', '#!/bin/sh\necho "login expired, had Bearer abc.def.ghi" >&2\nexit 1\n');
    const byPlugin = connect(await fake.kubeconfig({ exec: { command: './plugin.sh' } }));
    const error = await byPlugin.get(ref).catch((each: unknown) => each);
    expect(error).toMatchObject({ type: 'Unreachable', message: expect.stringContaining('login expired') });
    expect(String(error)).not.toContain('abc.def');
  });

  it('of a plugin that is not installed are Forbidden: a person has to act', async () => {
    const byPlugin = connect(await fake.kubeconfig({ exec: { command: 'no-such-plugin' } }));
    await expect(byPlugin.get(ref)).rejects.toMatchObject({ type: 'Forbidden', message: expect.stringContaining('the plugin no-such-plugin cannot be used') });
  });
});

describe('a kubeconfig that is wrong is InvalidInput, naming file and context but never content', () => {
  it.each([
    ['bad YAML', 'users:\n  - token: "secret-token-x\nfoo: [', 'is not valid YAML at line'],
    ['a list', '- secret-token-x', 'is not a kubeconfig'],
    ['no context', JSON.stringify({ clusters: [{ name: 'secret-token-x' }] }), 'has no context "west"'],
    ['no cluster', JSON.stringify({ contexts: [{ name: 'west', context: { cluster: 'w' } }] }), 'has no cluster "w"'],
    ['no user', JSON.stringify({ contexts: [{ name: 'west', context: { cluster: 'w', user: 'u' } }], clusters: [{ name: 'w', cluster: { server: 'https://x' } }] }), 'has no user "u"'],
    ['plain http', JSON.stringify({ contexts: [{ name: 'west', context: { cluster: 'w' } }], clusters: [{ name: 'w', cluster: { server: 'http://x' } }] }), 'over http'],
    ['impersonated groups', JSON.stringify({ contexts: [{ name: 'west', context: { cluster: 'w', user: 'u' } }], clusters: [{ name: 'w', cluster: { server: 'https://x' } }], users: [{ name: 'u', user: { 'as-groups': ['secret-token-x'] } }] }), 'uses as-groups'],
  ])('%s', async (_name, text, problem) => {
    const file = await fake.writeFile('bad', text);
    const error = await connect(file, 'west').get(ref).catch((each: unknown) => each);
    expect(error).toMatchObject({ type: 'InvalidInput' });
    expect(String(error)).toContain(problem);
    expect(String(error)).toContain(`the kubeconfig file ${file} (context "west")`);
    expect(String(error)).not.toContain('secret-token');
  });

  it('a missing file', async () => {
    await expect(connect('/nowhere/kubeconfig').get(ref)).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('cannot be read (ENOENT)') });
  });

  it('in-cluster outside of a pod', async () => {
    const inside = openKubernetes('west', { inCluster: true });
    await expect(inside.get(ref)).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('does not run in a pod') });
  });
});

describe('when the server does not answer well', () => {
  it('repeats a read after the connection broke, at most twice', async () => {
    fake.handler = (_request, response) => (fake.received.length <= 2 ? void response.destroy() : json(response, { metadata: { name: 'x' } }));
    await api.get(ref);
    expect(fake.received).toHaveLength(3);
    fake.handler = (_request, response) => void response.destroy();
    await expect(api.get(ref)).rejects.toMatchObject({ type: 'Unreachable' });
    expect(fake.received).toHaveLength(6);
  });

  it('never repeats a write after the connection broke', async () => {
    fake.handler = (_request, response) => void response.destroy();
    await expect(api.mergePatch(ref, {})).rejects.toMatchObject({ type: 'Unreachable' });
    await expect(api.create(ref, {})).rejects.toMatchObject({ type: 'Unreachable' });
    await expect(api.remove(ref)).rejects.toMatchObject({ type: 'Unreachable' });
    expect(fake.received).toHaveLength(3);
  });

  it('gives up at the deadline', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(new DOMException('late', 'TimeoutError')));
    await expect(api.get(ref)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('no answer in time') });
    expect(timeout).toHaveBeenCalledWith(30_000);
  });

  it('ends with the reason of the caller, unchanged', async () => {
    const reason = new Error('the activity was cancelled');
    const stop = new AbortController();
    fake.handler = () => stop.abort(reason);
    await expect(api.get(ref, { signal: stop.signal })).rejects.toBe(reason);
  });

  it('calls an answer that is not JSON Unreachable', async () => {
    fake.handler = (_request, response) => void response.end('<html>login</html>');
    await expect(api.get(ref)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('something unexpected') });
  });

  it('passes the server\'s Retry-After on', async () => {
    fake.handler = (_request, response) => refuse(response, 429, 'slow down', { 'retry-after': '7' });
    await expect(api.get(ref)).rejects.toMatchObject({ type: 'Throttled', retryAfterMs: 7000 });
  });

  it('says that nobody listens', async () => {
    const nobody = await FakeApiServer.start();
    await nobody.stop();
    const lost = connect(await fake.kubeconfig(undefined, { server: nobody.url }));
    await expect(lost.get(ref)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('ECONNREFUSED') });
  });

  it('refuses a server of another authority', async () => {
    const other = await FakeApiServer.start();
    const misled = connect(await fake.kubeconfig(undefined, { server: other.url }));
    await expect(misled.get(ref)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringMatching(/self-signed certificate|certificate/) });
    await other.stop();
  });
});
