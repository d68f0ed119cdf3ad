/**
 * What every call to one Kubernetes cluster needs: its credentials, read again when they change, and its pools of sockets. @kubernetes/client-node
 * supplies kubeconfig and credentials only: its own transport makes a TLS connection per call.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Agent as HttpAgent, RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { RunbookError, isRunbookError, sentenceOf } from '../errors.ts';
import { readInCluster, readKubeconfig } from './kubeconfig.ts';
import { CredentialFailure } from './translate-errors.ts';

/** Where the credentials of one Kubernetes cluster are found. */
export interface KubernetesSource {
  /** Path of a kubeconfig file. */
  kubeconfig?: string;
  /** Absent: the file's current context. */
  context?: string;
  /** Use the service account of the pod in which the worker runs. */
  inCluster?: boolean;
}

/** What one call needs, valid now. */
export interface Session {
  /** `https://host:6443`, perhaps with a path. */
  server: string;
  /** Authorization and impersonation. */
  headers: Record<string, string>;
  tls: ConnectionOptions;
  /** For calls: few sockets, shared. */
  calls: Dispatcher;
  /** For watches, each of which holds a socket for minutes: no cap, or they would starve each other. */
  streams: Dispatcher;
  /** Carries WebSockets through a proxy; undefined without one. */
  proxyAgent: HttpAgent | undefined;
}

interface Pools {
  key: string;
  calls: Dispatcher;
  streams: Dispatcher;
}

/** API servers answer in milliseconds; more sockets than this only hide a slow server. */
const CALL_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 10_000;
/** Credentials that were looked at within this time are not looked at again: thousands of calls in a second would spend it with their kubeconfig. */
const FRESH_MS = 1_000;
/** Longer than the pause between two polls of a waiting activity, shorter than the idle limit of common load balancers (60 s). */
const IDLE_SOCKET_MS = 30_000;
/** The watch hub asks for streams of at most five minutes; silence must be allowed for longer than that. */
export const STREAM_SILENCE_MS = 330_000;

export class Sessions {
  readonly cluster: string;
  readonly #source: KubernetesSource;
  #config: KubeConfig | undefined;
  /** What the file looked like when `#config` was read. */
  #fileMark = '';
  #pools: Pools | undefined;
  #opening: Promise<Session> | undefined;
  #opened: { session: Session; atMs: number } | undefined;
  #secrets: [string[], string[]] = [[], []];
  #closed = false;

  constructor(cluster: string, source: KubernetesSource) {
    this.cluster = cluster;
    this.#source = source;
  }

  /**
   * Current credentials and sockets. Calls within a second share one look, so that ten of them start a credential plugin once.
   * Throws InvalidInput for a bad kubeconfig, CredentialFailure when credentials cannot be had.
   */
  async current(): Promise<Session> {
    if (this.#closed) throw new RunbookError('Unreachable', `Kubernetes cluster ${this.cluster}: the connection was closed`);
    if (this.#opened && performance.now() - this.#opened.atMs < FRESH_MS) return this.#opened.session;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** After a 401: whatever is cached (a plugin's token, a token file read up to 60 s ago) is read anew at the next call. */
  forget(): void {
    this.#config = undefined;
    this.#opened = undefined;
  }

  /** What was used lately and must not appear in an error. The last credentials count too: a call may outlive a rotation. */
  get secrets(): readonly string[] {
    return [...this.#secrets].flat();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#pools?.calls.destroy(), this.#pools?.streams.destroy()]);
  }

  async #open(): Promise<Session> {
    const atMs = performance.now();
    const config = await this.#currentConfig();
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options).catch((error: unknown) => {
      throw credentialFailure(config, error);
    });
    const cluster = config.getCurrentCluster();
    const user = config.getCurrentUser();
    if (!cluster) throw new RunbookError('InvalidInput', `Kubernetes cluster ${this.cluster}: its kubeconfig names no server`);
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const tls = withoutUndefined({ ca, cert, key, rejectUnauthorized, servername });
    const headers = headersOf(options);
    const pools = this.#poolsFor(tls, cluster.proxyUrl);
    this.#remember(secretsOf([headers['authorization'], user?.password, user?.token, key]));
    const session = { server: cluster.server, headers, tls, calls: pools.calls, streams: pools.streams, proxyAgent: cluster.proxyUrl ? (options.agent as HttpAgent) : undefined };
    this.#opened = { session, atMs };
    return session;
  }

  #remember(secrets: string[]): void {
    const [latest] = this.#secrets;
    if (latest.join() !== secrets.join()) this.#secrets = [secrets, latest];
  }

  async #currentConfig(): Promise<KubeConfig> {
    const { kubeconfig: file, context, inCluster } = this.#source;
    if (inCluster) return (this.#config ??= await readInCluster(this.cluster));
    if (!file) throw new RunbookError('InvalidInput', `Kubernetes cluster ${this.cluster}: the inventory names neither a kubeconfig file nor inCluster`);
    const mark = await markOf(file);
    if (this.#config && mark === this.#fileMark) return this.#config;
    this.#config = await readKubeconfig({ cluster: this.cluster, file, context });
    this.#fileMark = mark;
    return this.#config;
  }

  /** Tokens travel in headers; only another certificate, authority or proxy needs new sockets. Running calls end on the old ones. */
  #poolsFor(tls: ConnectionOptions, proxy: string | undefined): Pools {
    const key = digest([tls, proxy]);
    if (this.#pools?.key === key) return this.#pools;
    void this.#pools?.calls.close();
    void this.#pools?.streams.close();
    this.#pools = { key, calls: pool(tls, proxy, CALL_CONNECTIONS), streams: pool(tls, proxy, null) };
    return this.#pools;
  }
}

/** HTTP/1.1 only: over HTTP/2 all calls would share one session and its fate. `connections: null` is no limit. */
function pool(tls: ConnectionOptions, proxy: string | undefined, connections: number | null): Dispatcher {
  const options = { allowH2: false, connections, keepAliveTimeout: IDLE_SOCKET_MS, headersTimeout: STREAM_SILENCE_MS, bodyTimeout: STREAM_SILENCE_MS };
  if (proxy) return new ProxyAgent({ ...options, uri: proxy, requestTls: { ...tls, timeout: CONNECT_TIMEOUT_MS } });
  return new Agent({ ...options, connect: { ...tls, timeout: CONNECT_TIMEOUT_MS } });
}

/** Changes when the file was rewritten or replaced. A file that is missing is found out when it is read. */
async function markOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found ? `${found.ino}:${found.size}:${found.mtimeMs}` : 'missing';
}

function credentialFailure(config: KubeConfig, error: unknown): Error {
  if (isRunbookError(error)) return error;
  const plugin = (config.getCurrentUser()?.exec as { command?: string } | undefined)?.command;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'EACCES') return new CredentialFailure(`${plugin ? `the plugin ${plugin}` : 'a file that the kubeconfig names'} cannot be used (${code})`, false);
  return new CredentialFailure(plugin ? `the plugin ${plugin} failed: ${sentenceOf(error)}` : sentenceOf(error), true);
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const entries = Object.entries((headers ?? {}) as Record<string, unknown>).map(([name, value]): [string, string] => [name.toLowerCase(), String(value).trim()]);
  if (auth) entries.push(['authorization', `Basic ${Buffer.from(auth).toString('base64')}`]);
  return Object.fromEntries(entries);
}

/** The header as it is and its bare token. */
function secretsOf(values: readonly unknown[]): string[] {
  const texts = values.flatMap((value) => (typeof value === 'string' || Buffer.isBuffer(value) ? [value.toString()] : []));
  return [...new Set(texts.flatMap((text) => [text, text.replace(/^(Bearer|Basic) /, '')]))].filter(Boolean);
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
