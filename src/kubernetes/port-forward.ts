/**
 * HTTP to a pod's port through the API server: an undici dispatcher whose connections are port-forwards. TLS, where asked for, is end to
 * end with the pod; the API server's own proxy could not present a client certificate.
 */
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { Pool } from 'undici';
import type { Dispatcher, buildConnector } from 'undici';
import { RunbookError, isRunbookError, sentenceOf } from '../errors.ts';
import type { KubernetesApi } from './api.ts';
import { PORT_FORWARD_PROTOCOL, PodSocket } from './pod-socket.ts';

export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
}

/** PEM texts, and the name that the pod's certificate must carry. */
export interface PodTls {
  ca: string;
  cert: string;
  key: string;
  servername: string;
}

/** A slow answer (PD's /health while a member is cut off) must not keep the others waiting; more would only add WebSockets. */
const CONNECTIONS = 4;
/** Spares a new port-forward per poll: longer than the pause between two polls of a waiting activity. */
const IDLE_SOCKET_MS = 20_000;
/** Two round trips through API server and kubelet, and a busy pod. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * The dispatcher answers requests to `originOf(target, tls)` only. Nothing is dialled before the first request. Requests fail with
 * Forbidden when our credentials lack the right (get and create on pods/portforward), else with Unreachable and the kubelet's sentence.
 * Close it with `destroy()`.
 */
export function forwardToPod(api: KubernetesApi, target: PodPort, tls?: PodTls): Dispatcher {
  return new Pool(originOf(target, tls), {
    connect: connectorTo(api, target, tls),
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
  });
}

/** `https://basic-pd-0:2379`. What the host part says does not matter for reaching the pod. */
export function originOf({ pod, port }: PodPort, tls: PodTls | undefined): string {
  return `${tls ? 'https' : 'http'}://${pod}:${port}`;
}

function connectorTo(api: KubernetesApi, target: PodPort, tls: PodTls | undefined): buildConnector.connector {
  return (_options, callback) => {
    openStream(api, target, tls).then(
      // undici uses what all streams have and the five methods that PodSocket adds.
      (stream) => callback(null, stream as unknown as TLSSocket),
      (error: unknown) => callback(asUnreachable(error), null),
    );
  };
}

async function openStream(api: KubernetesApi, target: PodPort, tls: PodTls | undefined): Promise<Duplex> {
  const { namespace, pod, port } = target;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`;
  const webSocket = await api.openWebSocket(path, PORT_FORWARD_PROTOCOL, `open a port-forward to port ${port} of pod ${namespace}/${pod}`);
  const failure = (reason: string): RunbookError =>
    new RunbookError('Unreachable', `Kubernetes cluster ${api.cluster}: the port-forward to port ${port} of pod ${namespace}/${pod} failed: ${reason}`);
  const socket = new PodSocket(webSocket, failure);
  return tls ? secure(socket, tls, failure) : socket;
}

function secure(socket: PodSocket, { ca, cert, key, servername }: PodTls, failure: (reason: string) => RunbookError): Promise<Duplex> {
  const stream = connectTls({ socket, ca, cert, key, servername, ALPNProtocols: ['http/1.1'] });
  const late = setTimeout(() => stream.destroy(failure(`no TLS handshake within ${HANDSHAKE_TIMEOUT_MS / 1000} s`)), HANDSHAKE_TIMEOUT_MS);
  return new Promise<Duplex>((resolve, reject) => {
    const refuse = (error: Error): void => reject(isRunbookError(error) ? error : failure(sentenceOf(error)));
    stream.once('error', refuse);
    stream.once('secureConnect', () => {
      stream.off('error', refuse);
      resolve(stream);
    });
  }).finally(() => clearTimeout(late));
}

/** A pod that is missing now is one that is being recreated: not a reason to give up. A missing right is. */
function asUnreachable(error: unknown): RunbookError {
  if (isRunbookError(error, 'Forbidden')) return error;
  return new RunbookError('Unreachable', sentenceOf(error));
}
