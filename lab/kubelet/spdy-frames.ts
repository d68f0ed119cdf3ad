/** Frames of SPDY/3.1: read from chunks of a connection, and written. Only what a port-forward uses. */

/** Every frame starts with 8 bytes: 4 for the type or the stream, 1 for flags, 3 for the length. */
const headerBytes = 8;
const flagsOffset = 4;
const lengthOffset = 5;
const lengthBytes = 3;
const controlBit = 0x8000_0000;
const controlVersion = 0x8003;
const streamMask = 0x7fff_ffff;
/** Data frames are cut to this size; the length field would allow 16 MB. Bytes. */
const dataFrameLimit = 64 * 1024;

export const frameTypes = { synStream: 1, synReply: 2, rstStream: 3, ping: 6 } as const;

/** Flag of a frame after which this direction of the stream is over. */
export const fin = 1;

export type Frame =
  | { kind: 'data'; stream: number; flags: number; payload: Buffer }
  /** `type` is a number of `frameTypes` or one that a port-forward may ignore. */
  | { kind: 'control'; type: number; flags: number; payload: Buffer };

/** Cuts a byte stream into frames, whatever the chunks are. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete with this chunk. */
  *read(chunk: Buffer): Generator<Frame> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= headerBytes) {
      const end = headerBytes + this.#rest.readUIntBE(lengthOffset, lengthBytes);
      if (this.#rest.length < end) return;
      const frame = parse(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
      yield frame;
    }
  }
}

function parse(bytes: Buffer): Frame {
  const word = bytes.readUInt32BE();
  const flags = bytes.readUInt8(flagsOffset);
  const payload = bytes.subarray(headerBytes);
  const isControl = word >= controlBit;
  return isControl ? { kind: 'control', type: word & 0xffff, flags, payload } : { kind: 'data', stream: word, flags, payload };
}

/** The stream that a control frame speaks of. */
export const streamOf = (payload: Buffer): number => payload.readUInt32BE() & streamMask;

export function controlFrame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(controlVersion);
  header.writeUInt16BE(type, 2);
  header.writeUIntBE(payload.length, lengthOffset, lengthBytes);
  return Buffer.concat([header, payload]);
}

/** One or more data frames; with `flags` `fin` the last of them ends the stream. */
export function dataFrames(stream: number, payload: Buffer, flags = 0): Buffer {
  const frames: Buffer[] = [];
  for (let start = 0; start === 0 || start < payload.length; start += dataFrameLimit) {
    const part = payload.subarray(start, start + dataFrameLimit);
    const isLast = start + dataFrameLimit >= payload.length;
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32BE(stream);
    header.writeUInt8(isLast ? flags : 0, flagsOffset);
    header.writeUIntBE(part.length, lengthOffset, lengthBytes);
    frames.push(header, part);
  }
  return Buffer.concat(frames);
}
