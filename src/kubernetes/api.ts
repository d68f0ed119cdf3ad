/** What the rest of the project can ask of one Kubernetes cluster. All JSON is plain; all errors are RunbookErrors (translate-errors.ts). */
import type { WebSocket } from 'ws';
import type { KubernetesObject, ResourceRef } from './resources.ts';

export interface CallOptions {
  /** The caller's own end. When it fires, the call rejects with its reason, not with a RunbookError. */
  signal?: AbortSignal;
}

export interface GetOptions extends CallOptions {
  /** Only `metadata` comes back (the API server's PartialObjectMetadata): no content of a Secret, for instance. */
  metadataOnly?: boolean;
}

export interface WriteOptions extends CallOptions {
  /** The API server checks everything and stores nothing. */
  dryRun?: boolean;
}

export interface RemoveOptions extends WriteOptions {
  /** Refuses with Conflict when the object of this name is another one by now. */
  uid?: string;
  propagation?: 'Foreground' | 'Background' | 'Orphan';
}

export interface ListOptions extends CallOptions {
  labelSelector?: string;
  fieldSelector?: string;
  /** `'0'`: whatever the API server has in memory, perhaps a little old, and cheap. Absent: the newest. */
  resourceVersion?: string;
  /** Only `metadata` of each object comes back (the API server's PartialObjectMetadata). */
  metadataOnly?: boolean;
}

export interface LogOptions extends CallOptions {
  container: string;
  /** The last lines only. */
  tailLines: number;
}

export interface ObjectList {
  items: KubernetesObject[];
  /** The version from which a watch goes on. */
  resourceVersion: string;
}

export interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'test';
  /** JSON pointer (RFC 6901). */
  path: string;
  value?: unknown;
}

export interface Access {
  verb: string;
  /** Empty for the core group. */
  group: string;
  resource: string;
  subresource?: string;
  /** Absent: all namespaces. */
  namespace?: string;
}

export interface WatchOptions {
  resourceVersion: string;
  signal: AbortSignal;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: KubernetesObject;
}

export interface KubernetesApi {
  /** The name of the Kubernetes cluster in the inventory. */
  readonly cluster: string;

  /** Throws NotFound when it does not exist. */
  get(ref: ResourceRef, options?: GetOptions): Promise<KubernetesObject>;
  list(ref: ResourceRef, options?: ListOptions): Promise<ObjectList>;

  /** Writes are never repeated here: who calls reads again first. Unknown fields are refused with InvalidInput. */
  create(ref: ResourceRef, body: object, options?: WriteOptions): Promise<KubernetesObject>;
  /** With `metadata.resourceVersion` in the body, throws Conflict when somebody wrote in between. */
  mergePatch(ref: ResourceRef, body: object, options?: WriteOptions): Promise<KubernetesObject>;
  /** With a `test` operation, throws Conflict when the object is not as the patch expects; without one that is InvalidInput. */
  jsonPatch(ref: ResourceRef, operations: JsonPatchOperation[], options?: WriteOptions): Promise<KubernetesObject>;
  /** Resolves when the deletion is accepted; finalizers may keep the object for longer. */
  remove(ref: ResourceRef, options?: RemoveOptions): Promise<void>;

  /** The last lines of a container's log. `ref` is a pod. */
  log(ref: ResourceRef, options: LogOptions): Promise<string[]>;
  /** Asks the API server itself (SelfSubjectAccessReview) whether our credentials may do this. */
  allowed(access: Access, options?: CallOptions): Promise<boolean>;
  /** `v1.34.4`. */
  version(options?: CallOptions): Promise<string>;

  /** Events with metadata only, until the server ends the stream. Throws like a call when the server refuses or breaks off. */
  watch(ref: ResourceRef, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** An open, paused WebSocket to a path of the API server. `what` says in errors what it is for. */
  openWebSocket(path: string, subprotocol: string, what: string): Promise<WebSocket>;

  /** Cuts everything that is open. */
  close(): Promise<void>;
}
