/**
 * One TCP connection to a pod's port, as a stream over a port-forward WebSocket. Each message begins with a channel byte: 0 is data, 1 is
 * the kubelet's error text; the first message of each channel begins with the port as two more bytes (kubelet v4.channel.k8s.io; observed.md 29).
 */
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

export const PORT_FORWARD_PROTOCOL = 'v4.channel.k8s.io';

const channels = { data: 0, error: 1 } as const;
const CHANNEL_BYTES = 1;
const PORT_BYTES = 2;

/** Close codes of an orderly end (RFC 6455: normal, no code given). */
const orderlyEnds = new Set([1000, 1005]);

export class PodSocket extends Duplex {
  readonly #socket: WebSocket;
  readonly #failure: (reason: string) => Error;
  readonly #opened = new Set<number>();
  #kubeletSays = '';

  /**
   * Takes over an open, paused WebSocket. Ends when the pod closes. Fails with what `failure` makes of the kubelet's sentence, when the
   * kubelet could not connect, or of the reason why the WebSocket broke.
   */
  constructor(socket: WebSocket, failure: (reason: string) => Error) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#failure = failure;
    socket.on('message', (message: Buffer) => this.#receive(message));
    socket.on('close', (code) => this.#finish(code));
    socket.on('error', ({ message }) => this.destroy(this.#failure(message)));
  }

  #receive(message: Buffer): void {
    const channel = message[0] ?? channels.data;
    const opening = !this.#opened.has(channel);
    this.#opened.add(channel);
    const payload = message.subarray(CHANNEL_BYTES + (opening ? PORT_BYTES : 0));
    if (payload.length === 0) return;
    if (channel === channels.error) this.#kubeletSays += payload.toString();
    // A reader that is slow must slow the pod down: no more messages are taken from the socket until it asks again.
    else if (!this.push(payload)) this.#socket.pause();
  }

  #finish(code: number): void {
    if (this.#kubeletSays) this.destroy(this.#failure(this.#kubeletSays.trim()));
    else if (orderlyEnds.has(code)) this.push(null);
    else this.destroy(this.#failure(`the port-forward was cut off (WebSocket code ${code})`));
  }

  override _read(): void {
    this.#socket.resume();
  }

  /** Calls back when the message has been handed to the network, so that a slow pod slows the writer down. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat([Buffer.of(channels.data), chunk]), (error) => done(error && this.#failure(error.message)));
  }

  override _final(done: () => void): void {
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }

  // undici and tls treat it as a net.Socket and call these; a WebSocket keeps itself alive.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
