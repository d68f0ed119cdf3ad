/** The proxy in front of an API server: what passes through it, and each of its faults, on a fake upstream. */
import fc from 'fast-check';
import { once } from 'node:events';
import { createServer, request as httpsRequest } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Agent, request } from 'undici';
import { ApiProxy } from '../../lab/api-proxy/api-proxy.ts';
import { decide, fits } from '../../lab/api-proxy/faults.ts';
import type { Asked, Fault } from '../../lab/api-proxy/faults.ts';
import { LabAuthority } from '../../lab/control-plane/certificates.ts';
import { freePort } from '../../lab/control-plane/ports.ts';

let upstream: Server;
let proxy: ApiProxy;
let agent: Agent;
let ca: string;
let dice = 0;
/** What the fake API server was asked, e.g. `GET /pods`. */
const asked: string[] = [];
const upstreamSockets = new Set<Socket>();
let watcher: ServerResponse | undefined;

beforeAll(async () => {
  const authority = await LabAuthority.create('test');
  ca = authority.certificate;
  const tls = await authority.issueServer('any');
  upstream = createServer(tls, onRequest).listen(0, '127.0.0.1');
  upstream.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => undefined).pipe(socket);
  });
  upstream.on('secureConnection', (socket) => upstreamSockets.add(socket));
  await once(upstream, 'listening');
  proxy = await ApiProxy.start({ upstream: `https://127.0.0.1:${(upstream.address() as AddressInfo).port}`, ca, tls, port: await freePort(), random: () => dice });
});
beforeEach(() => {
  agent = new Agent({ connect: { ca } });
  asked.length = 0;
  upstreamSockets.clear();
});
afterEach(async () => {
  proxy.setFaults([]);
  await agent.destroy();
});
afterAll(async () => {
  await proxy.stop();
  upstream.closeAllConnections();
  upstream.close();
});

function onRequest(incoming: IncomingMessage, response: ServerResponse): void {
  asked.push(`${incoming.method} ${incoming.url}`);
  if (incoming.url?.includes('watch')) {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    watcher = response;
    return;
  }
  response.writeHead(200, { 'x-token': incoming.headers.authorization ?? '' });
  incoming.pipe(response);
}

const send = async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: string) => {
  const answer = await request(proxy.url + path, { dispatcher: agent, method, body: body ?? null, headers: { authorization: 'Bearer abc' } });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
};

const upgrade = (path: string): Promise<{ answer: IncomingMessage; socket?: Socket }> =>
  new Promise((resolve, reject) => {
    const outgoing = httpsRequest(proxy.url + path, { ca, headers: { connection: 'Upgrade', upgrade: 'echo' } });
    outgoing.on('upgrade', (answer, socket) => resolve({ answer, socket }));
    outgoing.on('response', (answer) => resolve({ answer }));
    outgoing.on('error', reject).end();
  });

describe('without a fault', () => {
  it('passes method, path, body and bearer token to the API server, and its answer back', async () => {
    expect(await send('POST', '/a?b=c', 'hello')).toMatchObject({ status: 200, text: 'hello', headers: { 'x-token': 'Bearer abc' } });
    expect(asked).toEqual(['POST /a?b=c']);
  });

  it('keeps its connections to the API server', async () => {
    for (let count = 0; count < 20; count++) await send('GET', '/a');
    expect(upstreamSockets.size).toBeLessThanOrEqual(1);
  });

  it('shows the headers of a watch before its first event, and each event as it comes', async () => {
    const { body, statusCode } = await request(`${proxy.url}/pods?watch=1`, { dispatcher: agent });
    expect(statusCode).toBe(200);
    const events = body[Symbol.asyncIterator]();
    watcher?.write('{"type":"ADDED"}\n');
    expect(String((await events.next()).value)).toBe('{"type":"ADDED"}\n');
    body.on('error', () => undefined).destroy();
  });

  it('ends a watch at the API server when its client leaves', async () => {
    const leaving = new AbortController();
    const { body } = await request(`${proxy.url}/pods?watch=1`, { dispatcher: agent, signal: leaving.signal });
    body.on('error', () => undefined);
    const ended = once(watcher as ServerResponse, 'close');
    leaving.abort();
    await ended;
  });

  it('ties an upgraded connection to the API server', async () => {
    const { answer, socket } = await upgrade('/portforward');
    expect(answer.statusCode).toBe(101);
    socket?.write('ping');
    expect(String((await once(socket as Socket, 'data'))[0])).toBe('ping');
    socket?.destroy();
  });

  it('breaks the connection when the API server breaks its own', async () => {
    const { body } = await request(`${proxy.url}/pods?watch=1`, { dispatcher: agent });
    const broken = once(body, 'error');
    watcher?.socket?.destroy();
    await broken;
    expect(await send('GET', '/a')).toMatchObject({ status: 200 });
  });
});

describe('a fault', () => {
  it.each([
    [{ kind: 'throttle', retryAfter: 3 } as const, 429, 'TooManyRequests'],
    [{ kind: 'error', status: 500 } as const, 500, 'InternalError'],
    [{ kind: 'error', status: 503 } as const, 503, 'ServiceUnavailable'],
  ])('answers %j in the form of the API server', async (effect, status, reason) => {
    proxy.setFaults([{ effect }]);
    const answer = await send('GET', '/a');
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', reason, code: status });
    expect(answer.headers['retry-after']).toBe(effect.kind === 'throttle' ? '3' : undefined);
    expect(asked).toEqual([]);
  });

  it('meets only what fits its methods and its path', async () => {
    proxy.setFaults([{ effect: { kind: 'error', status: 500 }, methods: ['PATCH'], path: /tidbclusters/ }]);
    expect((await send('PATCH', '/tidbclusters/a')).status).toBe(500);
    expect((await send('GET', '/tidbclusters/a')).status).toBe(200);
    expect((await send('PATCH', '/pods/a')).status).toBe(200);
  });

  it('is over after its count', async () => {
    proxy.setFaults([{ effect: { kind: 'error', status: 503 }, count: 2 }]);
    const answers = [await send('GET', '/a'), await send('GET', '/a'), await send('GET', '/a')];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(proxy.faults).toEqual([]);
  });

  it('meets its share of requests', async () => {
    proxy.setFaults([{ effect: { kind: 'error', status: 503 }, share: 0.3 }]);
    const statuses: number[] = [];
    for (dice of [0.29, 0.31, 0]) statuses.push((await send('GET', '/a')).status);
    expect(statuses).toEqual([503, 200, 503]);
  });

  it('can make requests slow, and the API server still answers them', async () => {
    proxy.setFaults([{ effect: { kind: 'delay', milliseconds: 100 }, path: /slow/ }]);
    const [slow] = await Promise.all([send('POST', '/slow', 'body'), send('GET', '/fast')]);
    expect(slow).toMatchObject({ status: 200, text: 'body' });
    expect(asked).toEqual(['GET /fast', 'POST /slow']);
  });

  it('can break a connection before the API server sees the request', async () => {
    proxy.setFaults([{ effect: { kind: 'reset' }, count: 1 }]);
    await expect(send('POST', '/a')).rejects.toThrow();
    expect(asked).toEqual([]);
  });

  it('breaks open watches and tunnels that fit when a reset is set, and no others', async () => {
    const pods = await request(`${proxy.url}/pods?watch=1`, { dispatcher: agent });
    const leases = await request(`${proxy.url}/leases?watch=1`, { dispatcher: agent });
    const { socket } = await upgrade('/pods/portforward');
    leases.body.on('error', () => undefined);
    const broken = [once(pods.body, 'error'), once(socket as Socket, 'close')];
    socket?.on('error', () => undefined);
    proxy.setFaults([{ effect: { kind: 'reset' }, path: /pods/ }]);
    await Promise.all(broken);
    expect(leases.body.destroyed).toBe(false);
  });

  it('can lose the answer to a request that the API server has carried out', async () => {
    proxy.setFaults([{ effect: { kind: 'lose-answer' }, count: 1 }]);
    await expect(send('PATCH', '/a')).rejects.toThrow();
    expect(asked).toEqual(['PATCH /a']);
  });

  it.each([
    ['before', []],
    ['after', ['PATCH /a']],
  ] as const)('can hold a request %s the API server carries it out, and says when it does; it is not carried out later either', async (moment, carriedOut) => {
    const caller = new AbortController();
    const held = new Promise<Asked>((note) => proxy.setFaults([{ effect: { kind: 'hold', moment, note }, methods: ['PATCH'], path: /a/ }]));
    const answered = request(`${proxy.url}/a`, { dispatcher: agent, method: 'PATCH', signal: caller.signal });
    expect(await held).toEqual({ method: 'PATCH', path: '/a' });
    expect((await send('PATCH', '/b')).status).toBe(200);
    caller.abort();
    await expect(answered).rejects.toThrow('aborted');
    proxy.setFaults([]);
    expect((await send('GET', '/a')).status).toBe(200);
    expect(asked).toEqual([...carriedOut, 'PATCH /b', 'GET /a']);
  });

  it('refuses an upgrade with the same answer', async () => {
    proxy.setFaults([{ effect: { kind: 'error', status: 503 }, count: 1 }]);
    expect((await upgrade('/portforward')).answer.statusCode).toBe(503);
  });
});

it('refuses connections and breaks the open ones while it is down, and comes back on the same port', async () => {
  const { body } = await request(`${proxy.url}/pods?watch=1`, { dispatcher: agent });
  const broken = once(body, 'error');
  await proxy.refuse();
  await broken;
  await expect(send('GET', '/a')).rejects.toThrow('ECONNREFUSED');
  await proxy.accept();
  expect((await send('GET', '/a')).status).toBe(200);
});

describe('the decision', () => {
  const faults: fc.Arbitrary<Fault> = fc.record(
    {
      effect: fc.constantFrom({ kind: 'reset' } as const, { kind: 'error', status: 500 } as const),
      methods: fc.subarray(['GET', 'PATCH']),
      path: fc.constantFrom(/a/, /b/),
      count: fc.nat(3),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    },
    { requiredKeys: ['effect'] },
  );
  const requests = fc.record({ method: fc.constantFrom('GET', 'PATCH'), path: fc.constantFrom('/a', '/b', '/c') });
  const rolls = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('never meets a request that does not fit, and never more often than the count says', () => {
    fc.assert(
      fc.property(faults, fc.array(fc.tuple(requests, rolls)), (fault, sequence) => {
        let left: readonly Fault[] = [fault];
        let met = 0;
        for (const [one, roll] of sequence) {
          const decision = decide(left, one, roll);
          left = decision.left;
          if (!decision.effect) continue;
          met++;
          expect(fits(fault, one) && roll < (fault.share ?? 1)).toBe(true);
        }
        expect(met).toBeLessThanOrEqual(fault.count ?? Infinity);
      }),
    );
  });

  it('lets the first fault that fits decide', () => {
    const first: Fault = { effect: { kind: 'reset' }, path: /b/ };
    const second: Fault = { effect: { kind: 'error', status: 500 } };
    expect(decide([first, second], { method: 'GET', path: '/b' }, 0).effect).toEqual({ kind: 'reset' });
    expect(decide([first, second], { method: 'GET', path: '/a' }, 0).effect).toEqual({ kind: 'error', status: 500 });
  });
});
