/**
 * PD's client port: gRPC and `/v3`, `/v2` belong to the etcd inside, everything else to the twin's HTTP API. PD tells them apart
 * by the first bytes of a connection; with TLS by the protocol that was agreed on. With `enable-grpc-gateway` false nobody answers `/v3`.
 */
import { createServer as createHttp, request } from 'node:http';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { respond } from '../../database/http-routes.ts';
import type { Answer, Call, Listener, ServerTls } from '../../database/http-routes.ts';

/** A connection of HTTP/2 begins so. */
const http2Preface = 'PRI * HTTP/2';
const etcdPaths = /^\/v[23]\//;
const gatewayPaths = /^\/v3\//;
const notFound = 404;
const badGateway = 502;

/** A client that knows HTTP/2 only speaks gRPC; who knows both wants PD's HTTP API and is served in HTTP/1.1. */
const agree = ({ protocols }: { protocols: string[] }): string => (protocols.includes('http/1.1') ? 'http/1.1' : 'h2');

export interface PdPort {
  /** Listens already. */
  server: Server;
  port: number;
  tls: ServerTls | undefined;
  /** URL of the etcd. */
  etcd: string;
  /** PD's `enable-grpc-gateway` is false. */
  gatewayOff: () => boolean;
  answer: (call: Omit<Call, 'parts'>) => Promise<Answer>;
}

export function servePdPort({ server, port, tls, etcd, gatewayOff, answer }: PdPort): Listener {
  const http = createHttp((incoming, response) => {
    const { url = '' } = incoming;
    if (gatewayPaths.test(url) && gatewayOff()) notServed(response);
    else if (etcdPaths.test(url)) pass(incoming, response, etcd);
    else void respond(incoming, response, answer);
  });
  const secure = tls && createTls({ ...tls, requestCert: true, rejectUnauthorized: true, ALPNCallback: agree }, (inner) => sort(inner, http, etcd));
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy());
    if (secure) secure.emit('connection', socket);
    else sort(socket, http, etcd);
  });
  return {
    port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Looks at the first bytes and gives them back. */
function sort(socket: Socket, http: HttpServer, etcd: string): void {
  socket.on('error', () => socket.destroy());
  socket.once('data', (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    if (first.toString('latin1', 0, http2Preface.length) === http2Preface) pipe(socket, etcd);
    else http.emit('connection', socket);
    process.nextTick(() => socket.resume());
  });
}

function pipe(socket: Socket, etcd: string): void {
  const { hostname, port } = new URL(etcd);
  const inside = connect({ host: hostname, port: Number(port) });
  inside.on('error', () => socket.destroy()).on('close', () => socket.destroy());
  socket.on('close', () => inside.destroy());
  socket.pipe(inside).pipe(socket);
}

/** The words of an etcd that was started with `--enable-grpc-gateway=false` (seen on 3.4.23 and 3.5.1). */
const notServed = (response: ServerResponse): void => void response.writeHead(notFound, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');

/**
 * One request of etcd's JSON gateway, as it is. It ends with the client who asked: an etcd without a leader answers nothing, and would do
 * what it was asked when one leads again.
 */
function pass(incoming: IncomingMessage, response: ServerResponse, etcd: string): void {
  const outgoing = request(`${etcd}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? badGateway, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
