/** One Kubernetes cluster: the verbs of the Kubernetes API in plain JSON. How a call travels is calls.ts. */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { Access, CallOptions, GetOptions, JsonPatchOperation, KubernetesApi, ListOptions, LogOptions, ObjectList, RemoveOptions, WatchEvent, WatchOptions, WriteOptions } from './api.ts';
import { Caller, json } from './calls.ts';
import type { Call } from './calls.ts';
import { describe, pathOf } from './resources.ts';
import type { KubernetesObject, ResourceRef } from './resources.ts';
import type { KubernetesSource } from './sessions.ts';
import { readEvents } from './watch-events.ts';

export type { KubernetesSource } from './sessions.ts';

/** The API servers end a watch after this time, with up to a fifth less so that watches do not all end at once. */
const WATCH_SECONDS = 300;

/** Names the owner of the fields that we write, in `managedFields` (https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers). */
const FIELD_MANAGER = 'tidb-runbooks';

/** Only metadata comes back (https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches), or all from servers that do not know it. */
const metadataOf = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;

const objectSchema = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });
const listSchema = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string().default('') }), items: z.array(objectSchema).nullish() });
const reviewSchema = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });
const versionSchema = z.looseObject({ gitVersion: z.string() });

/** Nothing is read or dialled before the first call; a wrong kubeconfig is an error of that call. */
export function openKubernetes(name: string, source: KubernetesSource): KubernetesApi {
  return new Connection(name, source);
}

class Connection implements KubernetesApi {
  readonly cluster: string;
  readonly #caller: Caller;

  constructor(cluster: string, source: KubernetesSource) {
    this.cluster = cluster;
    this.#caller = new Caller(cluster, source);
  }

  async get(ref: ResourceRef, { signal, metadataOnly }: GetOptions = {}): Promise<KubernetesObject> {
    const accept = metadataOnly ? metadataOf('PartialObjectMetadata') : json;
    return this.#caller.call({ ...about('get', ref), method: 'GET', accept }, objectSchema, signal);
  }

  async list(ref: ResourceRef, { signal, metadataOnly, ...query }: ListOptions = {}): Promise<ObjectList> {
    const accept = metadataOnly ? metadataOf('PartialObjectMetadataList') : json;
    const list = await this.#caller.call({ ...about('list', ref), method: 'GET', query, accept }, listSchema, signal);
    return { items: list.items ?? [], resourceVersion: list.metadata.resourceVersion };
  }

  async create(ref: ResourceRef, body: object, options: WriteOptions = {}): Promise<KubernetesObject> {
    const { name: _inBody, ...collection } = ref;
    return this.#caller.call({ ...about('create', ref), path: pathOf(collection), method: 'POST', body, query: writeQuery(options) }, objectSchema, options.signal);
  }

  async mergePatch(ref: ResourceRef, body: object, options: WriteOptions = {}): Promise<KubernetesObject> {
    return this.#patch({ ...about('patch', ref), body, contentType: 'application/merge-patch+json' }, options);
  }

  async jsonPatch(ref: ResourceRef, operations: JsonPatchOperation[], options: WriteOptions = {}): Promise<KubernetesObject> {
    const conditional = operations.some(({ op }) => op === 'test');
    return this.#patch({ ...about('patch', ref), body: operations, contentType: 'application/json-patch+json', conditional }, options);
  }

  async remove(ref: ResourceRef, { uid, propagation, dryRun, signal }: RemoveOptions = {}): Promise<void> {
    const preconditions = uid === undefined ? undefined : { uid };
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: propagation };
    await this.#caller.call({ ...about('delete', ref), method: 'DELETE', body, query: { dryRun: dryRun ? 'All' : undefined } }, z.unknown(), signal);
  }

  async log(ref: ResourceRef, { container, tailLines, signal }: LogOptions): Promise<string[]> {
    const query = { container, tailLines: String(tailLines) };
    const text = await this.#caller.text({ ...about('read the log of', ref), path: `${pathOf(ref)}/log`, method: 'GET', query, accept: '*/*' }, signal);
    return text.split('\n').filter(Boolean);
  }

  async allowed(access: Access, options: CallOptions = {}): Promise<boolean> {
    const kind = 'SelfSubjectAccessReview';
    const apiVersion = 'authorization.k8s.io/v1';
    const body = { apiVersion, kind, spec: { resourceAttributes: access } };
    const path = `/apis/${apiVersion}/selfsubjectaccessreviews`;
    const review = await this.#caller.call({ method: 'POST', path, body, what: `ask whether it may ${access.verb} ${access.resource}` }, reviewSchema, options.signal);
    return review.status.allowed;
  }

  async version(options: CallOptions = {}): Promise<string> {
    const { gitVersion } = await this.#caller.call({ method: 'GET', path: '/version', what: 'ask for its version' }, versionSchema, options.signal);
    return gitVersion;
  }

  async *watch(ref: ResourceRef, { resourceVersion, signal }: WatchOptions): AsyncGenerator<WatchEvent> {
    const seconds = Math.round(WATCH_SECONDS * (1 - Math.random() / 5));
    const query = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(seconds), resourceVersion };
    const call: Call = { ...about('watch', ref), method: 'GET', query, accept: metadataOf('PartialObjectMetadata') };
    yield* this.#caller.stream(call, signal, readEvents);
  }

  async openWebSocket(path: string, subprotocol: string, what: string): Promise<WebSocket> {
    return this.#caller.webSocket({ method: 'GET', path, what }, subprotocol);
  }

  async close(): Promise<void> {
    await this.#caller.close();
  }

  async #patch(call: Omit<Call, 'method'>, options: WriteOptions): Promise<KubernetesObject> {
    return this.#caller.call({ ...call, method: 'PATCH', query: writeQuery(options) }, objectSchema, options.signal);
  }
}

function about(verb: string, ref: ResourceRef): Pick<Call, 'path' | 'what' | 'confidential'> {
  return { path: pathOf(ref), what: `${verb} ${describe(ref)}`, confidential: ref.plural === 'secrets' };
}

function writeQuery({ dryRun }: WriteOptions): Record<string, string | undefined> {
  return { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined };
}
