/** An HTTPS server that plays the API server badly or well, as a test tells it, and a kubelet that forwards ports to local sockets. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { makeAuthority } from './certificates.ts';
import type { Authority } from './certificates.ts';

export interface Received {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Answers a request by hand; `json` and `refuse` are the usual ways. */
export type Handler = (request: Received, response: ServerResponse) => void | Promise<void>;

export const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

export const refuse = (response: ServerResponse, code: number, message: string, headers: Record<string, string> = {}): void =>
  json(response, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }, code, headers);

export class FakeApiServer {
  readonly authority: Authority;
  /** Tokens that are accepted; a request with another one gets 401. */
  readonly tokens = new Set(['secret-token-one']);
  readonly received: Received[] = [];
  /** TCP connections accepted since the start, and WebSockets among them. */
  connections = 0;
  webSockets = 0;
  handler: Handler = (_request, response) => json(response, { metadata: { name: 'x', resourceVersion: '1' }, items: [] });
  /** Where pods' ports lead: `pod:port` → local port. Missing pods are 404, a pod without the port cannot be connected to. */
  readonly pods = new Map<string, Map<number, number>>();
  /** Called with each open forward, before data flows. */
  onForward: (socket: WebSocket) => void = () => undefined;
  url = '';
  readonly #server: ReturnType<typeof createServer>;
  readonly #kubelet = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: (offered) => offered.has('v4.channel.k8s.io') && 'v4.channel.k8s.io' });
  #folder = '';

  private constructor(authority: Authority, server: ReturnType<typeof createServer>) {
    this.authority = authority;
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
    server.on('secureConnection', () => (this.connections += 1));
  }

  static async start(): Promise<FakeApiServer> {
    const authority = await makeAuthority('fake-ca');
    const { cert, key } = await authority.issue('api-server', ['localhost', '127.0.0.1']);
    const fake = new FakeApiServer(authority, createServer({ cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: false }));
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    fake.url = `https://127.0.0.1:${(fake.#server.address() as AddressInfo).port}`;
    fake.#folder = await mkdtemp(join(tmpdir(), 'fake-api-server-'));
    return fake;
  }

  async stop(): Promise<void> {
    for (const client of this.#kubelet.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true });
  }

  /** Writes a kubeconfig with one context `west` and returns its path; the same path each time, so that it is rewritten. */
  async kubeconfig(user: object = { token: 'secret-token-one' }, cluster: object = {}): Promise<string> {
    const ca = Buffer.from(this.authority.ca).toString('base64');
    return this.writeFile('kubeconfig', JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'west',
      contexts: [{ name: 'west', context: { cluster: 'w', user: 'u' } }],
      clusters: [{ name: 'w', cluster: { server: this.url, 'certificate-authority-data': ca, ...cluster } }],
      users: [{ name: 'u', user }],
    }));
  }

  async writeFile(name: string, text: string): Promise<string> {
    const path = join(this.#folder, name);
    await writeFile(path, text, { mode: 0o755 });
    return path;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body: Buffer.concat(chunks).toString() };
    this.received.push(received);
    if (!this.#knows(request)) return refuse(response, 401, 'Unauthorized');
    await this.handler(received, response);
  }

  #knows(request: IncomingMessage): boolean {
    const authorized = (request.socket as Socket & { authorized?: boolean }).authorized;
    return authorized === true || this.tokens.has((request.headers.authorization ?? '').replace('Bearer ', ''));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', this.url);
    const pod = url.pathname.split('/')[6] ?? '';
    const port = Number(url.searchParams.get('ports'));
    const ports = this.pods.get(pod);
    if (!this.#knows(request)) return refuseUpgrade(socket, 401, 'Unauthorized');
    if (pod === 'forbidden') return refuseUpgrade(socket, 403, 'pods "forbidden" is forbidden: User "restricted" cannot get resource "pods/portforward"');
    if (!ports) return refuseUpgrade(socket, 404, `pods "${pod}" not found`);
    this.#kubelet.handleUpgrade(request, socket, head, (client) => this.#forward(client, pod, port, ports.get(port)));
  }

  #forward(client: WebSocket, pod: string, port: number, target: number | undefined): void {
    this.webSockets += 1;
    this.onForward(client);
    const portBytes = Buffer.alloc(2);
    portBytes.writeUInt16LE(port);
    for (const channel of [0, 1]) client.send(Buffer.concat([Buffer.of(channel), portBytes]));
    const fail = (text: string): void => {
      client.send(Buffer.concat([Buffer.of(1), Buffer.from(text)]));
      client.close(1000);
    };
    if (target === undefined) return fail(`error forwarding port ${port} to pod ${pod}: connection refused`);
    const tcp = connect(target, '127.0.0.1');
    tcp.on('data', (data) => client.send(Buffer.concat([Buffer.of(0), data])));
    tcp.on('end', () => client.close(1000));
    tcp.on('error', (error) => fail(error.message));
    client.on('message', (message: Buffer) => message[0] === 0 && tcp.write(message.subarray(1)));
    client.on('close', () => tcp.destroy());
    client.on('error', () => tcp.destroy());
  }
}

function refuseUpgrade(socket: Duplex, code: number, message: string): void {
  const body = JSON.stringify({ kind: 'Status', message, code });
  socket.end(`HTTP/1.1 ${code} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}
