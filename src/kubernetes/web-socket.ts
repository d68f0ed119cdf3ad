/** Opens a WebSocket to an API server; a refusal is an HTTP answer with a Status body, as for any call. */
import type { Agent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { ClientRequest, IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { HttpFailure } from './translate-errors.ts';

export interface Destination {
  /** `wss://host:6443/api/…` */
  url: string;
  subprotocol: string;
  headers: Record<string, string>;
  tls: ConnectionOptions;
  agent: Agent | undefined;
}

/** The kubelet is asked on the way: must exceed a slow node, and a new TLS connection. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Paused until the caller listens, so that no frame is lost. Throws HttpFailure when the server refuses. */
export function dial({ url, subprotocol, headers, tls, agent }: Destination): Promise<WebSocket> {
  const socket = new WebSocket(url, [subprotocol], { ...tls, agent, headers, handshakeTimeout: HANDSHAKE_TIMEOUT_MS, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.off('error', reject);
      socket.pause();
      resolve(socket);
    });
    socket.once('error', reject);
    socket.once('unexpected-response', (refused: ClientRequest, response: IncomingMessage) => {
      const failure = readText(response).then((text) => new HttpFailure(response.statusCode ?? 0, text));
      failure.then(reject, reject).finally(() => refused.destroy());
    });
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
