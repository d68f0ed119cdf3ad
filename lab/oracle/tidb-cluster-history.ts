/** One TidbCluster as the writes of everybody made it: follows its spec and metadata, and says what each accepted write changed. */
import { applyBody, pointerSegments } from './apply-body.ts';
import type { AuditedRequest } from './audit-log.ts';
import { replicasChanges, versionChanges } from './component-versions.ts';
import type { ReplicasChange, VersionChange } from './component-versions.ts';
import { difference, flatten, isMap, join } from './object-paths.ts';
import type { Json, JsonMap, PathChange } from './object-paths.ts';
import { describeChange } from './describe-change.ts';
import type { Place } from './places.ts';

/** One accepted write that changed something. */
export interface Change {
  place: Place;
  request: AuditedRequest;
  /** When it was asked for: its author had decided by then. Milliseconds since 1970. */
  asked: number;
  /** When it was carried out. Milliseconds since 1970. */
  at: number;
  /** For a person. */
  what: string;
  paths: PathChange[];
  /** The components that are asked for another version by it. */
  versions: VersionChange[];
  /** The components that are asked for another number of pods by it. */
  scaled: ReplicasChange[];
  /** It names `spec.version`, as a settling patch does. */
  settles: boolean;
}

/** The parts of an object that people and programs write. Status, managed fields and counters are left out. */
interface Known {
  object: JsonMap;
  /** False until a whole object was seen: what a patch replaced is unknown then. */
  isWhole: boolean;
}

const operatorAgent = 'tidb-controller-manager';

/** The components that a change disturbs: by another version, or by taking pods away. Pods that are added disturb nobody. */
export function touchedBy({ versions, scaled }: Pick<Change, 'versions' | 'scaled'>): string[] {
  return [...versions.map(({ component }) => component), ...scaled.filter(({ from, to }) => to < from).map(({ component }) => component)];
}

export class TidbClusterHistory {
  readonly #place: Place;
  #known: Known = { object: {}, isWhole: false };

  constructor(place: Place) {
    this.#place = place;
  }

  get spec(): JsonMap {
    return isMap(this.#known.object['spec']) ? this.#known.object['spec'] : {};
  }

  /** Undefined when the write changed nothing that matters. Takes accepted writes only, in the order of time. */
  see(request: AuditedRequest): Change | undefined {
    const { object, isWhole } = this.#known;
    const before = this.spec;
    this.#known = after(this.#known, request);
    const paths = pathsChanged(object, this.#known.object, request, isWhole);
    if (paths.length === 0) return undefined;
    const versions = request.verb === 'create' ? [] : versionChanges(before, this.spec).filter(({ component }) => isWhole || namesVersion(request, component));
    const scaled = request.verb === 'create' || !isWhole ? [] : replicasChanges(before, this.spec);
    const settles = request.verb !== 'create' && namedPaths(request).includes('spec.version');
    const what = describeChange({ verb: request.verb, paths, versions, settles });
    return { place: this.#place, request, asked: request.asked, at: request.at, what, paths, versions, scaled, settles };
  }
}

function after(known: Known, { verb, body }: AuditedRequest): Known {
  if (verb === 'delete' || verb === 'deletecollection') return { object: {}, isWhole: true };
  if (verb === 'patch') return { object: keptOf(applyBody(known.object, body as Json)), isWhole: known.isWhole };
  return isMap(body) ? { object: keptOf(body), isWhole: true } : known;
}

function keptOf(object: JsonMap): JsonMap {
  const metadata = isMap(object['metadata']) ? object['metadata'] : {};
  const { annotations = {}, labels = {}, finalizers = [], ownerReferences = [] } = metadata;
  return structuredClone({ metadata: { annotations, labels, finalizers, ownerReferences }, spec: object['spec'] ?? {} });
}

/** Fields that appear in the operator's own full write are the API server's and the operator's defaults: nobody changed them. */
function pathsChanged(before: JsonMap, now: JsonMap, { verb, userAgent }: AuditedRequest, isWhole: boolean): PathChange[] {
  if (!isWhole && verb === 'update') return [];
  const paths = difference(before, now);
  const isDefaulting = verb === 'update' && userAgent.startsWith(operatorAgent);
  return isDefaulting ? paths.filter(({ path, from }) => !(path.startsWith('spec.') && from === undefined)) : paths;
}

/** Sent along for the API server's sake, not to change anything. */
const addressing = new Set(['apiVersion', 'kind', 'metadata.name', 'metadata.namespace', 'metadata.uid', 'metadata.resourceVersion']);

/** The fields that the body of a patch names, whether or not they changed; for other writes nothing, as they name all. */
export function namedPaths({ verb, body }: AuditedRequest): string[] {
  if (verb !== 'patch') return [];
  const paths = Array.isArray(body) ? body.filter(isMap).filter(({ op }) => op !== 'test').map(({ path }) => pathOfPointer(path as string)) : [...flatten(body as Json).keys()];
  return paths.filter((path) => !addressing.has(path));
}

const pathOfPointer = (pointer: string): string => pointerSegments(pointer).reduce(join, '');

const namesVersion = (request: AuditedRequest, component: string): boolean =>
  namedPaths(request).some((path) => [`spec.${component}.`, `spec.pdms[${component}].`].some((own) => path === `${own}version` || path.startsWith(`${own}annotations[`)));
