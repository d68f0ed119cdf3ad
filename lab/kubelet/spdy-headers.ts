/** Header blocks of SPDY/3: each direction of a connection is one compressed stream, so the blocks must be treated in order. */
import { constants, createDeflate, createInflate } from 'node:zlib';
import type { Deflate, Inflate } from 'node:zlib';
import { spdyDictionary } from './spdy-dictionary.ts';

const settings = { dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH };
const numberBytes = 4;

/** Reads the blocks of one connection. Await each block before the next. */
export class HeaderReader {
  readonly #inflate = createInflate(settings);

  /** Names in lower case. */
  async read(block: Buffer): Promise<Map<string, string>> {
    return parsePairs(await through(this.#inflate, block));
  }
}

/** Writes the blocks of one connection. */
export class HeaderWriter {
  readonly #deflate = createDeflate(settings);

  /** A block without any header. */
  async empty(): Promise<Buffer> {
    return through(this.#deflate, Buffer.alloc(numberBytes));
  }
}

/** What a compressor makes of a chunk, complete up to a sync flush. */
function through(stream: Inflate | Deflate, chunk: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.write(chunk, () => {
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.off('error', reject);
        resolve((stream.read() as Buffer | null) ?? Buffer.alloc(0));
      });
    });
  });
}

/** A count, then name and value of each pair behind their lengths. */
function parsePairs(block: Buffer): Map<string, string> {
  let offset = numberBytes;
  const next = (): string => {
    const start = offset + numberBytes;
    offset = start + block.readUInt32BE(offset);
    return block.toString('utf8', start, offset);
  };
  const pairs = new Map<string, string>();
  for (let left = block.readUInt32BE(); left > 0; left--) {
    const name = next().toLowerCase();
    pairs.set(name, next());
  }
  return pairs;
}
