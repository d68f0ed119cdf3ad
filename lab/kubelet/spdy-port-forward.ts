/**
 * The kubelet's half of a port-forward over SPDY/3.1, as kubectl speaks it. Streams come in pairs with the same `requestid`:
 * first `streamtype: error`, then `streamtype: data`. There is no flow control but that of TCP: the Go client ignores
 * WINDOW_UPDATE, so one slow stream slows the others of its connection.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { refusal } from './dial.ts';
import type { DialPort } from './dial.ts';
import { FrameReader, controlFrame, dataFrames, fin, frameTypes, streamOf } from './spdy-frames.ts';
import type { Frame } from './spdy-frames.ts';
import { HeaderReader, HeaderWriter } from './spdy-headers.ts';

const greeting = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: portforward.k8s.io', '', ''].join('\r\n');
/** Stream, associated stream, priority and slot stand before the headers of a SYN_STREAM. Bytes. */
const synStreamPrefix = 10;
const nothing = Buffer.alloc(0);

/** Serves the connection until it ends. `dial` opens a port of the pod. */
export async function servePortForwardOverSpdy(socket: Duplex, head: Buffer, dial: DialPort): Promise<void> {
  socket.setMaxListeners(0);
  const connection = new SpdyPortForward(socket, dial);
  socket.write(greeting);
  if (head.length > 0) socket.unshift(head);
  try {
    for await (const chunk of socket) await connection.receive(chunk as Buffer);
  } catch {
    // A broken connection is an ended one.
  } finally {
    connection.close();
  }
}

class SpdyPortForward {
  readonly #socket: Duplex;
  readonly #dial: DialPort;
  readonly #frames = new FrameReader();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  /** Request id → its error stream. */
  readonly #errorStreams = new Map<string, number>();
  /** Data stream → the connection to the pod. */
  readonly #targets = new Map<number, Duplex>();

  constructor(socket: Duplex, dial: DialPort) {
    this.#socket = socket;
    this.#dial = dial;
  }

  /** One frame after the other: the headers of a connection are one compressed stream. */
  async receive(chunk: Buffer): Promise<void> {
    for (const frame of this.#frames.read(chunk)) await this.#handle(frame);
  }

  close(): void {
    for (const target of this.#targets.values()) target.destroy();
    this.#socket.destroy();
  }

  async #handle(frame: Frame): Promise<void> {
    if (frame.kind === 'data') return this.#passOn(frame.stream, frame.payload, frame.flags);
    if (frame.type === frameTypes.synStream) return this.#open(frame.payload);
    if (frame.type === frameTypes.ping) this.#socket.write(controlFrame(frameTypes.ping, frame.payload));
    if (frame.type === frameTypes.rstStream) this.#targets.get(streamOf(frame.payload))?.destroy();
  }

  async #open(payload: Buffer): Promise<void> {
    const stream = streamOf(payload);
    const headers = await this.#reader.read(payload.subarray(synStreamPrefix));
    const id = Buffer.alloc(4);
    id.writeUInt32BE(stream);
    this.#socket.write(controlFrame(frameTypes.synReply, Buffer.concat([id, await this.#writer.empty()])));
    const request = headers.get('requestid') ?? '';
    if (headers.get('streamtype') === 'error') this.#errorStreams.set(request, stream);
    else this.#connect(stream, request, Number(headers.get('port')));
  }

  #connect(stream: number, request: string, port: number): void {
    const target = this.#dial(port);
    if (!target) return this.#finish(stream, request, refusal(port));
    this.#targets.set(stream, target);
    const end = (reason = ''): void => {
      if (!this.#targets.delete(stream)) return;
      target.end();
      this.#finish(stream, request, reason);
    };
    target.on('data', (data: Buffer) => this.#pump(stream, data, target));
    target.on('end', () => end()).on('close', () => end()).on('error', (error) => end(error.message));
  }

  /** Ends a pair of streams; a text on the error stream tells the client why. */
  #finish(stream: number, request: string, reason: string): void {
    const errorStream = this.#errorStreams.get(request);
    this.#errorStreams.delete(request);
    if (errorStream !== undefined) this.#send(errorStream, Buffer.from(reason), fin);
    this.#send(stream, nothing, fin);
  }

  #pump(stream: number, data: Buffer, target: Duplex): void {
    if (this.#send(stream, data)) return;
    target.pause();
    this.#socket.once('drain', () => target.resume());
  }

  async #passOn(stream: number, payload: Buffer, flags: number): Promise<void> {
    const target = this.#targets.get(stream);
    if (!target || target.destroyed) return;
    if (!target.write(payload)) await Promise.race([once(target, 'drain'), once(target, 'close')]).catch(() => undefined);
    if (flags & fin) target.end();
  }

  #send(stream: number, payload: Buffer, flags = 0): boolean {
    return this.#socket.writable && this.#socket.write(dataFrames(stream, payload, flags));
  }
}
