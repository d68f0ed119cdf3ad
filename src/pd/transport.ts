/** How a request reaches a component's HTTP port: over any undici dispatcher (a port-forward, a pool of direct connections). */
import { request } from 'undici';
import type { Dispatcher } from 'undici';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface TransportOptions {
  /** Milliseconds until the request is given up. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Read no more than this much of the body (rounded up to what came in one piece). Absent: all of it. */
  headBytes?: number;
}

export interface TransportAnswer {
  status: number;
  text: string;
}

/** Rejects when there was no HTTP answer; every HTTP status is an answer. */
export interface Transport {
  /** Names the other end in errors: `shop-west-pd-0 in west`. */
  readonly name: string;
  request(method: HttpMethod, path: string, body: string | undefined, options: TransportOptions): Promise<TransportAnswer>;
}

/**
 * A transport to `origin` (`http://host:2379`) over `dispatcher`. Never `fetch`: it refuses port 10080, TiDB's status port, as a "bad port".
 */
export function transportOver(dispatcher: Dispatcher, origin: string, name: string): Transport {
  return {
    name,
    async request(method, path, body, { timeoutMs, signal, headBytes = Infinity }): Promise<TransportAnswer> {
      const deadline = AbortSignal.timeout(timeoutMs);
      const answer = await request(new URL(path, origin), {
        dispatcher,
        method,
        body: body ?? null,
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      });
      return { status: answer.statusCode, text: await readHead(answer.body, headBytes) };
    },
  };
}

async function readHead(body: AsyncIterable<Buffer>, bytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break; // leaving the loop destroys the body, so that the rest is not sent to nobody
  }
  return Buffer.concat(chunks).toString();
}
