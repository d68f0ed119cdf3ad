/**
 * The HTTPS endpoint that an API server calls as kubelet: port-forward (WebSocket and SPDY) and container logs. What is
 * behind it, a node twin gives as two functions.
 */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { serveLog } from './container-logs.ts';
import type { Dial, DialPort, ReadLog } from './dial.ts';
import { servePortForwardOverSpdy } from './spdy-port-forward.ts';
import { servePortForwardOverWebSocket } from './websocket-port-forward.ts';

const subprotocol = 'v4.channel.k8s.io';

export interface KubeletSettings {
  /** What it shows to the API server, and the authority whose client certificates it accepts: `ControlPlane.kubeletTls`. */
  tls: { cert: string; key: string; ca: string };
  /** Default: any free port. */
  port?: number;
  dial: Dial;
  log: ReadLog;
}

export interface Kubelet {
  /** For the node's `status.daemonEndpoints.kubeletEndpoint.Port`; the address is 127.0.0.1. */
  port: number;
  /** Breaks every connection. */
  stop(): Promise<void>;
}

/** Resolves when it listens on 127.0.0.1. */
export async function startKubelet({ tls, port = 0, dial, log }: KubeletSettings): Promise<Kubelet> {
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: (offered) => offered.has(subprotocol) && subprotocol });
  const sockets = new Set<Socket>();
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (request, response) => onRequest(request, response, log));
  server.on('secureConnection', (socket: Socket) => sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)));
  server.on('upgrade', (request, socket, head) => onUpgrade(request, socket, head, { webSockets, dial }));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** `/<what>/<namespace>/<pod>[/<container>]?…` */
function parsePath({ url = '/' }: IncomingMessage): { what: string; namespace: string; pod: string; container: string; query: URLSearchParams } {
  const { pathname, searchParams: query } = new URL(url, 'https://kubelet');
  const [, what = '', namespace = '', pod = '', container = ''] = pathname.split('/');
  return { what, namespace, pod, container, query };
}

function onRequest(request: IncomingMessage, response: ServerResponse, readLog: ReadLog): void {
  const { what, namespace, pod, container, query } = parsePath(request);
  const log = what === 'containerLogs' ? readLog(namespace, pod, container) : undefined;
  if (log) serveLog(response, log, query);
  else response.writeHead(404, { 'content-type': 'text/plain' }).end(`this node has nothing at ${what}/${namespace}/${pod}/${container}\n`);
}

function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, { webSockets, dial }: { webSockets: WebSocketServer; dial: Dial }): void {
  const { what, namespace, pod, query } = parsePath(request);
  if (what !== 'portForward') return void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  const dialPort: DialPort = (port) => dial(namespace, pod, port);
  if (/^spdy/i.test(request.headers.upgrade ?? '')) return void servePortForwardOverSpdy(socket, head, dialPort);
  const ports = query.getAll('port').map(Number);
  webSockets.handleUpgrade(request, socket, head, (client) => servePortForwardOverWebSocket(client, ports, dialPort));
}
