/** A small JSON client for one API server: what the lab's twins need and nothing more. Imports nothing from src. */
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';

/** A Kubernetes object as plain JSON. Twins read the few fields that they know. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- foreign objects of many kinds, read field by field
export type KubernetesObject = Record<string, any> & { metadata: Record<string, any> };

export interface Connection {
  /** e.g. `https://127.0.0.1:16441` */
  server: string;
  /** PEM texts. */
  ca: string;
  cert: string;
  key: string;
  /** Shown in the audit log as the user agent. */
  userAgent: string;
}

/** An answer of the API server that is not 2xx. `status` is the HTTP status, `message` the server's sentence. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const isGone = (error: unknown): boolean => error instanceof ApiError && (error.status === 404 || error.status === 409);

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubernetesObject;
}

const contentTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
} as const;

export class KubernetesApi {
  readonly #connection: Connection;
  readonly #agent: Agent;

  constructor(connection: Connection) {
    this.#connection = connection;
    const { ca, cert, key } = connection;
    // Watches eat pooled connections under HTTP/1.1 (each holds a socket): no cap.
    this.#agent = new Agent({ connect: { ca, cert, key }, allowH2: false, bodyTimeout: 0, headersTimeout: 60_000 });
  }

  async get(path: string): Promise<KubernetesObject> {
    return this.#call('GET', path);
  }
  /** What is no object, such as a pod's log. */
  async text(path: string): Promise<string> {
    return this.#send('GET', path);
  }
  /** The items of a list and the resource version from which a watch goes on. */
  async list(path: string): Promise<{ items: KubernetesObject[]; resourceVersion: string }> {
    const list = await this.#call('GET', path);
    return { items: list['items'] as KubernetesObject[], resourceVersion: list.metadata['resourceVersion'] as string };
  }
  async create(path: string, body: object): Promise<KubernetesObject> {
    return this.#call('POST', path, body);
  }
  async replace(path: string, body: object): Promise<KubernetesObject> {
    return this.#call('PUT', path, body);
  }
  async patch(path: string, body: object, type: keyof typeof contentTypes = 'merge'): Promise<KubernetesObject> {
    return this.#call('PATCH', path, body, contentTypes[type]);
  }
  async remove(path: string, options: object = {}): Promise<KubernetesObject> {
    return this.#call('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', ...options });
  }

  /**
   * Lists, reports every object as ADDED, then watches; relists when the watch is told that it is too old, and goes on
   * until `signal` aborts. `onEvent` must treat a repeated ADDED as "may have changed". A list after an interruption
   * reports objects that vanished meanwhile through `onRelist`.
   */
  async follow(path: string, signal: AbortSignal, onEvent: (event: WatchEvent) => void, onRelist?: (items: KubernetesObject[]) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await this.list(path);
        onRelist?.(items);
        for (const object of items) onEvent({ type: 'ADDED', object });
        await this.#watch(path, resourceVersion, signal, onEvent);
      } catch {
        if (signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #watch(path: string, from: string, signal: AbortSignal, onEvent: (event: WatchEvent) => void): Promise<void> {
    const query = `${path.includes('?') ? '&' : '?'}watch=1&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=${from}`;
    const answer = await this.#agent.request({ ...this.#request('GET', path + query), signal });
    if (answer.statusCode !== 200) throw new ApiError(answer.statusCode, await answer.body.text());
    let rest = '';
    for await (const chunk of answer.body) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter(Boolean)) {
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === 'ERROR') return;
        if (event.type !== 'BOOKMARK') onEvent(event);
      }
    }
  }

  #request(method: string, path: string): Dispatcher.RequestOptions {
    return { origin: this.#connection.server, path, method: method, headers: { 'user-agent': this.#connection.userAgent, accept: 'application/json' } };
  }

  async #call(method: string, path: string, body?: object, contentType = 'application/json'): Promise<KubernetesObject> {
    return JSON.parse(await this.#send(method, path, body, contentType)) as KubernetesObject;
  }

  async #send(method: string, path: string, body?: object, contentType = 'application/json'): Promise<string> {
    const request = this.#request(method, path);
    const answer = await this.#agent.request({
      ...request,
      headers: { ...(request.headers as Record<string, string>), ...(body ? { 'content-type': contentType } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new ApiError(answer.statusCode, sentenceOf(text));
    return text;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function sentenceOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 300);
  }
}
