/** The proxy's way to the API server: requests over kept connections, and upgraded connections as plain tunnels. */
import { Agent, request } from 'node:https';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Below the 90 s after which an API server closes an idle connection, so that we never send into a closed one. Milliseconds. */
const idleTimeout = 30_000;

export class Upstream {
  readonly #url: URL;
  readonly #agent: Agent;

  /** `ca` is the PEM text by which the API server is known. */
  constructor(url: string, ca: string) {
    this.#url = new URL(url);
    this.#agent = new Agent({ ca, keepAlive: true, timeout: idleTimeout });
  }

  /** Passes a request on and its answer back as it comes. `instead`: the answer is awaited and thrown away, then this is called. */
  forward(incoming: IncomingMessage, response: ServerResponse, instead?: () => void): void {
    const outgoing = this.#request(incoming);
    outgoing.on('response', (answer) => {
      if (instead) return void answer.resume().on('end', instead);
      response.writeHead(answer.statusCode ?? 0, answer.statusMessage, answer.rawHeaders);
      // A watch without events yet must see its headers.
      response.flushHeaders();
      answer.on('error', () => response.destroy()).pipe(response);
    });
    outgoing.on('error', () => incoming.socket.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  /** Passes an upgrade (WebSocket, SPDY) on and ties the two connections together. */
  tunnel(incoming: IncomingMessage, client: Duplex, head: Buffer): void {
    const outgoing = this.#request(incoming);
    outgoing.on('upgrade', (answer, server, serverHead) => {
      client.write(headOf(answer));
      client.write(serverHead);
      server.write(head);
      tie(client, server);
    });
    outgoing.on('response', (answer) => {
      client.write(headOf(answer));
      answer.pipe(client);
    });
    outgoing.on('error', () => client.destroy());
    client.on('error', () => outgoing.destroy()).on('close', () => outgoing.destroy());
    outgoing.end();
  }

  close(): void {
    this.#agent.destroy();
  }

  #request({ method, url, rawHeaders }: IncomingMessage): ClientRequest {
    return request({ host: this.#url.hostname, port: this.#url.port, agent: this.#agent, method, path: url, headers: rawHeaders });
  }
}

/** Status line and headers as they came. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const headers = rawHeaders.flatMap((text, index) => (index % 2 === 0 ? [`${text}: ${rawHeaders[index + 1] ?? ''}\r\n`] : []));
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${headers.join('')}\r\n`;
}

function tie(one: Duplex, other: Duplex): void {
  one.pipe(other);
  other.pipe(one);
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }
}
