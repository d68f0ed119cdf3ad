/** The audit log of an API server as it grows: what the worker asked and wrote. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { productUser } from '../../../lab/control-plane/audit-policy.ts';

export interface Asked {
  /** Milliseconds since 1970, as the request arrived. */
  at: number;
  /** A watch has a line of its begin (ResponseStarted) and one of its end. */
  stage: string;
  verb: string;
  resource: string;
  name: string;
  code: number;
}

interface Line {
  stage: string;
  verb: string;
  objectRef?: { resource?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
}

const CHUNK_BYTES = 1 << 20;

export class AuditTail {
  readonly #path: string;
  #file: FileHandle | undefined;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** What the worker has asked since the last call. */
  async read(): Promise<Asked[]> {
    this.#file ??= await open(this.#path, 'r');
    const asked: Asked[] = [];
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return asked;
      const text = Buffer.concat([this.#rest, this.#chunk.subarray(0, bytesRead)]);
      const end = text.lastIndexOf('\n') + 1;
      this.#rest = Buffer.from(text.subarray(end));
      for (const line of text.subarray(0, end).toString().split('\n')) if (line.includes(productUser)) asked.push(askedIn(JSON.parse(line) as Line));
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

function askedIn({ stage, verb, objectRef = {}, responseStatus, requestReceivedTimestamp }: Line): Asked {
  return { at: Date.parse(requestReceivedTimestamp), stage, verb, resource: objectRef.resource ?? '', name: objectRef.name ?? '', code: responseStatus?.code ?? 0 };
}
