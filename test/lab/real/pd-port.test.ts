/** PD's client port: HTTP for the twin, `/v3` and HTTP/2 for the etcd inside, with and without TLS. */
import { EventEmitter, once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import type { Http2Server } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Agent, request } from 'undici';
import type { Listener } from '../../../lab/database/http-routes.ts';
import { ComponentAuthority } from '../../../lab/deploy/component-certificates.ts';
import { servePdPort } from '../../../lab/real/pd/pd-port.ts';

const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port;
const onLoopback = async <Any extends HttpServer | Http2Server | Server>(server: Any): Promise<Any> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};

let etcd: HttpServer | Http2Server;
let listener: Listener;
let port: number;
let isGatewayOff: boolean;

async function start(inside: HttpServer | Http2Server, tls?: { ca: string; cert: string; key: string }): Promise<void> {
  etcd = await onLoopback(inside);
  const server = await onLoopback(createServer());
  isGatewayOff = false;
  port = portOf(server);
  listener = servePdPort({ server, port, tls, etcd: `http://127.0.0.1:${portOf(etcd)}`, gatewayOff: () => isGatewayOff, answer: ({ url, body }) => Promise.resolve({ json: { pd: url.pathname, body } }) });
}
afterEach(() => {
  listener.close();
  if ('closeAllConnections' in etcd) etcd.closeAllConnections();
  etcd.close();
});

const answering = (): HttpServer =>
  createHttp((asked, response) => {
    let body = '';
    asked.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => response.writeHead(412, { 'content-type': 'application/json' }).end(JSON.stringify({ etcd: asked.url, body })));
  });

const call = async (path: string, body = '', dispatcher = new Agent(), scheme = 'http'): Promise<{ status: number; json: unknown }> => {
  const answer = await request(`${scheme}://127.0.0.1:${port}${path}`, { method: 'POST', body, dispatcher });
  return { status: answer.statusCode, json: await answer.body.json() };
};

test('a request to PD is answered by the twin, one to /v3 by the etcd with its own status', async () => {
  await start(answering());
  expect(await call('/pd/api/v1/members', 'a')).toEqual({ status: 200, json: { pd: '/pd/api/v1/members', body: 'a' } });
  expect(await call('/v3/cluster/member/list', '{}')).toEqual({ status: 412, json: { etcd: '/v3/cluster/member/list', body: '{}' } });
  // Both kinds on one connection.
  const one = new Agent({ connections: 1 });
  expect((await call('/pd/api/v1/health', 'b', one)).status).toBe(200);
  expect((await call('/v2/members', 'c', one)).status).toBe(412);
});

test('a body larger than one packet arrives whole', async () => {
  await start(answering());
  const large = 'x'.repeat(1_000_000);
  expect(await call('/pd/api/v1/config', large)).toEqual({ status: 200, json: { pd: '/pd/api/v1/config', body: large } });
});

test('with the gRPC gateway off nobody answers /v3, and the etcd still answers /v2', async () => {
  await start(answering());
  isGatewayOff = true;
  const answer = await request(`http://127.0.0.1:${port}/v3/cluster/member/list`, { method: 'POST', body: '{}' });
  expect([answer.statusCode, await answer.body.text()]).toEqual([404, '404 page not found\n']);
  expect((await call('/v2/members')).status).toBe(412);
});

test('a client that leaves takes its request away from the etcd', async () => {
  const events = new EventEmitter();
  await start(createHttp((asked, response) => void (asked.resume(), response.once('close', () => events.emit('gone')))));
  const gone = once(events, 'gone');
  await expect(request(`http://127.0.0.1:${port}/v3/cluster/member/update`, { method: 'POST', body: '{}', headersTimeout: 500 })).rejects.toThrow('Headers Timeout Error');
  await gone;
});

test('HTTP/2 goes to the etcd', async () => {
  await start(createHttp2((asked, response) => void response.end(`etcd ${asked.url}`)));
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/etcdserverpb.KV/Range' });
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  session.close();
  expect(text).toBe('etcd /etcdserverpb.KV/Range');
});

test('with TLS only a client with a certificate of the same authority is heard', async () => {
  const member = { cluster: 'east', namespace: 'shop', tidbCluster: 'shop-east', replicas: { pd: 1 } };
  const secrets = await (await ComponentAuthority.create()).secretsOf(member);
  const pem = (name: string): { ca: string; cert: string; key: string } => {
    const data = secrets.find((secret) => secret.name === name)?.data;
    const text = (key: 'ca.crt' | 'tls.crt' | 'tls.key'): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
    return { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') };
  };
  await start(answering(), pem('shop-east-pd-cluster-secret'));
  const client = pem('shop-east-cluster-client-secret');
  expect((await call('/pd/api/v1/health', '', new Agent({ connect: client }), 'https')).status).toBe(200);
  expect((await call('/v3/kv/put', '', new Agent({ connect: client }), 'https')).status).toBe(412);
  await expect(call('/pd/api/v1/health', '', new Agent({ connect: { ca: client.ca } }), 'https')).rejects.toThrow();
  const stranger = (await (await ComponentAuthority.create()).secretsOf(member)).find(({ name }) => name.endsWith('client-secret'))?.data;
  const own = { ca: client.ca, cert: Buffer.from(stranger?.['tls.crt'] ?? '', 'base64').toString(), key: Buffer.from(stranger?.['tls.key'] ?? '', 'base64').toString() };
  await expect(call('/pd/api/v1/health', '', new Agent({ connect: own }), 'https')).rejects.toThrow();
});
