/**
 * A TLS proxy in front of one API server, whose faults are switched while it runs. It passes bearer tokens, watches and
 * upgrades (WebSocket, SPDY) through; client certificates end here and are not asked for.
 */
import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { decide, fits } from './faults.ts';
import type { Asked, Effect, Fault } from './faults.ts';
import { answerWithStatus } from './refusal.ts';
import { Upstream } from './upstream.ts';

/** Longer than clients keep an idle connection, so that they close it and never write into a closed one. Milliseconds. */
const keepAliveTimeout = 120_000;

export interface ApiProxySettings {
  /** URL of the API server. */
  upstream: string;
  /** PEM text of the authority behind the API server's certificate. */
  ca: string;
  /** What the proxy shows to its clients. */
  tls: { cert: string; key: string };
  port: number;
  /** Dice for faults with a share; from 0 to below 1. Default: Math.random. */
  random?: () => number;
}

export class ApiProxy {
  readonly url: string;
  readonly #port: number;
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  /** Requests without a complete answer, watches and tunnels among them. */
  readonly #open = new Map<Duplex, Asked>();
  #faults: readonly Fault[] = [];

  private constructor({ upstream, ca, tls, port, random = Math.random }: ApiProxySettings) {
    this.url = `https://127.0.0.1:${port}`;
    this.#port = port;
    this.#random = random;
    this.#upstream = new Upstream(upstream, ca);
    this.#server = createServer({ ...tls, keepAliveTimeout }, (incoming, response) => this.#onRequest(incoming, response));
    this.#server.on('upgrade', (incoming, socket, head) => this.#onUpgrade(incoming, socket, head));
    this.#server.on('secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    });
  }

  static async start(settings: ApiProxySettings): Promise<ApiProxy> {
    const proxy = new ApiProxy(settings);
    await proxy.accept();
    return proxy;
  }

  /** The faults that are on; those with a count vanish when it is used up. */
  get faults(): readonly Fault[] {
    return this.#faults;
  }

  /** Replaces all faults; an empty list means none. A reset also destroys connections that are open and fit. */
  setFaults(faults: readonly Fault[]): void {
    this.#faults = faults;
    for (const fault of faults.filter(({ effect }) => effect.kind === 'reset')) this.#breakOpen(fault);
  }

  /** Down: breaks every connection, and new ones are refused until `accept`. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Up (again), on the same port. */
  async accept(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => resolve(this.#server.off('error', reject) && undefined));
    });
  }

  async stop(): Promise<void> {
    await this.refuse();
    this.#upstream.close();
  }

  #onRequest(incoming: IncomingMessage, response: ServerResponse): void {
    this.#track(incoming, incoming.socket, response);
    this.#serve(incoming, () => response, (instead) => this.#upstream.forward(incoming, response, instead));
  }

  #onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    this.#track(incoming, socket, socket);
    const respond = (): ServerResponse => plainResponse(incoming, socket);
    this.#serve(incoming, respond, (instead) => (instead ? instead() : this.#upstream.tunnel(incoming, socket, head)));
  }

  /** `forward` is told what to do in the place of passing the answer on, where that is not to be. */
  #serve(incoming: IncomingMessage, respond: () => ServerResponse, forward: (instead?: () => void) => void): void {
    const effect = this.#effectFor(incoming);
    switch (effect?.kind) {
      case 'throttle':
        return answerWithStatus(respond(), 429, effect.retryAfter);
      case 'error':
        return answerWithStatus(respond(), effect.status);
      case 'reset':
        return void incoming.socket.destroy();
      case 'delay':
        return void setTimeout(forward, effect.milliseconds);
      case 'lose-answer':
        return forward(() => void incoming.socket.destroy());
      case 'hold':
        return effect.moment === 'after' ? forward(() => effect.note(askedBy(incoming))) : effect.note(askedBy(incoming));
      default:
        return forward();
    }
  }

  #effectFor(incoming: IncomingMessage): Effect | undefined {
    const { effect, left } = decide(this.#faults, askedBy(incoming), this.#random());
    this.#faults = left;
    return effect;
  }

  #track(incoming: IncomingMessage, socket: Duplex, until: ServerResponse | Duplex): void {
    this.#open.set(socket, askedBy(incoming));
    until.once('close', () => this.#open.delete(socket));
  }

  #breakOpen(fault: Fault): void {
    for (const [socket, asked] of this.#open) if (fits(fault, asked)) socket.destroy();
  }
}

/** A request to upgrade that is refused is answered as any other, and the connection ends with the answer. */
function plainResponse(incoming: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(incoming);
  response.assignSocket(socket as Socket);
  response.on('finish', () => socket.end());
  return response;
}

const askedBy = ({ method = 'GET', url = '/' }: IncomingMessage): Asked => ({ method, path: url });
