/** How a call reaches the API server: credentials, deadline, few repetitions, errors translated. What is asked is connection.ts. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import { RunbookError } from '../errors.ts';
import { Sessions } from './sessions.ts';
import type { KubernetesSource, Session } from './sessions.ts';
import { HttpFailure, translateError } from './translate-errors.ts';
import type { Attempt } from './translate-errors.ts';
import { dial } from './web-socket.ts';
import { within } from './within.ts';

/** A call that takes longer is given up. Must exceed the 10 s of a slow admission webhook (Kubernetes default) and a new TLS connection. */
export const CALL_DEADLINE_MS = 30_000;

/** Reads are repeated this often after a connection broke, within the deadline: a socket that the server closed while it idled. */
const READ_REPEATS = 2;
const REPEAT_DELAY_MS = 100;
const brokenConnection = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const { version: productVersion } = createRequire(import.meta.url)('../../package.json') as { version: string };
/** Shown in the API servers' audit logs. */
const USER_AGENT = `tidb-runbooks/${productVersion}`;

export const json = 'application/json';

/** What is asked, and for errors what it is called. */
export interface Call extends Omit<Attempt, 'cluster' | 'secrets'> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  accept?: string;
}

export class Caller {
  readonly cluster: string;
  readonly #sessions: Sessions;

  constructor(cluster: string, source: KubernetesSource) {
    this.cluster = cluster;
    this.#sessions = new Sessions(cluster, source);
  }

  /** The answer's JSON, parsed by `schema`. Rejects with the caller's own reason when `caller` fires. */
  async call<T extends z.ZodType>(call: Call, schema: T, caller: AbortSignal | undefined): Promise<z.output<T>> {
    const parsed = schema.safeParse(parseJson(await this.text(call, caller)));
    if (parsed.success) return parsed.data;
    const problem = parsed.error.issues[0];
    throw new RunbookError('Unreachable', `Kubernetes cluster ${this.cluster}: ${call.what} got something unexpected: ${problem?.path.join('.') ?? ''} ${problem?.message ?? ''}`);
  }

  /** The answer as it came. */
  async text(call: Call, caller: AbortSignal | undefined): Promise<string> {
    const deadline = AbortSignal.timeout(CALL_DEADLINE_MS);
    const signal = caller ? AbortSignal.any([deadline, caller]) : deadline;
    return this.#attempts(call, signal).catch((error: unknown) => {
      throw this.#translate(call, error, caller);
    });
  }

  /** The body of an answer that goes on for long, such as a watch. */
  async *stream<T>(call: Call, signal: AbortSignal, read: (body: AsyncIterable<Buffer>) => AsyncGenerator<T>): AsyncGenerator<T> {
    try {
      const session = await within(signal, this.#sessions.current());
      const answer = await this.#request(call, session, session.streams, signal);
      if (answer.statusCode !== 200) throw await failureOf(answer);
      yield* read(answer.body);
    } catch (error) {
      if (isUnauthorized(error)) this.#sessions.forget();
      throw this.#translate(call, error, signal);
    }
  }

  /** Paused until its `message` events are listened to. */
  async webSocket(call: Call, subprotocol: string): Promise<WebSocket> {
    try {
      const session = await within(AbortSignal.timeout(CALL_DEADLINE_MS), this.#sessions.current());
      const url = session.server.replace(/^http/, 'ws') + call.path;
      const headers = { ...session.headers, 'user-agent': USER_AGENT };
      return await dial({ url, subprotocol, headers, tls: session.tls, agent: session.proxyAgent });
    } catch (error) {
      if (isUnauthorized(error)) this.#sessions.forget();
      throw this.#translate(call, error);
    }
  }

  async close(): Promise<void> {
    await this.#sessions.close();
  }

  /** Repeats once with new credentials after a 401, and reads a few times after a broken connection. A 401 changed nothing, so that is safe for writes. */
  async #attempts(call: Call, signal: AbortSignal): Promise<string> {
    let repeats = call.method === 'GET' ? READ_REPEATS : 0;
    let renewals = 1;
    for (;;) {
      try {
        return await this.#attempt(call, signal);
      } catch (error) {
        const renew = isUnauthorized(error) && renewals-- > 0;
        if (renew) this.#sessions.forget();
        else if (!isBroken(error) || repeats-- <= 0) throw error;
        else await delay(REPEAT_DELAY_MS * (0.5 + Math.random()), undefined, { signal });
      }
    }
  }

  async #attempt(call: Call, signal: AbortSignal): Promise<string> {
    // Credential plugins cannot be told to stop.
    const session = await within(signal, this.#sessions.current());
    const answer = await this.#request(call, session, session.calls, signal);
    if (answer.statusCode >= 300) throw await failureOf(answer);
    return answer.body.text();
  }

  #request(call: Call, session: Session, dispatcher: Dispatcher, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { method, path, query = {}, body, contentType = json, accept = json } = call;
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
    const search = given.length > 0 ? `?${new URLSearchParams(given).toString()}` : '';
    const headers = { ...session.headers, 'user-agent': USER_AGENT, accept, ...(body === undefined ? {} : { 'content-type': contentType }) };
    return request(session.server + path + search, { dispatcher, method, headers, body: body === undefined ? null : JSON.stringify(body), signal });
  }

  /** The caller's own end is the caller's error, unchanged. */
  #translate(call: Call, error: unknown, caller?: AbortSignal): unknown {
    if (caller?.aborted) return caller.reason;
    const { what, confidential, conditional } = call;
    return translateError({ cluster: this.cluster, what, confidential, conditional, secrets: this.#sessions.secrets }, error);
  }
}

async function failureOf(answer: Dispatcher.ResponseData): Promise<HttpFailure> {
  const retryAfter = answer.headers['retry-after'];
  return new HttpFailure(answer.statusCode, await answer.body.text(), typeof retryAfter === 'string' ? retryAfter : undefined);
}

const isUnauthorized = (error: unknown): boolean => error instanceof HttpFailure && error.status === 401;

const isBroken = (error: unknown): boolean => brokenConnection.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
