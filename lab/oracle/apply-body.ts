/** Applies the body of a patch to an object as an API server does: JSON merge patch (RFC 7386), JSON patch (RFC 6902). */
import { isMap } from './object-paths.ts';
import type { Json, JsonMap } from './object-paths.ts';

interface Operation {
  op: string;
  path: string;
  value?: Json;
  from?: string;
}

/** An apply patch has the form of a merge patch, and is taken as one. */
export function applyBody(object: JsonMap, body: Json): JsonMap {
  if (Array.isArray(body)) return body.reduce<JsonMap>((result, operation) => applyOperation(result, operation as unknown as Operation), structuredClone(object));
  return mergePatch(object, body) as JsonMap;
}

function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const result: JsonMap = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** The segments of a JSON pointer (RFC 6901). */
export const pointerSegments = (pointer: string): string[] =>
  pointer.split('/').slice(1).map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));

function applyOperation(object: JsonMap, { op, path, value, from }: Operation): JsonMap {
  if (op === 'add' || op === 'replace') put(object, path, value ?? null, op === 'add');
  if (op === 'remove') take(object, path);
  if (op === 'move' && from !== undefined) put(object, path, take(object, from) ?? null, true);
  if (op === 'copy' && from !== undefined) put(object, path, structuredClone(at(object, pointerSegments(from))) ?? null, true);
  return object;
}

function at(object: Json, segments: string[]): Json | undefined {
  return segments.reduce<Json | undefined>((place, segment) => (typeof place === 'object' && place !== null ? (place as JsonMap)[segment] : undefined), object);
}

function put(object: JsonMap, path: string, value: Json, inserts: boolean): void {
  const segments = pointerSegments(path);
  const last = segments.pop() ?? '';
  const parent = at(object, segments);
  if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : Number(last), inserts ? 0 : 1, value);
  else if (isMap(parent)) parent[last] = value;
}

function take(object: JsonMap, path: string): Json | undefined {
  const segments = pointerSegments(path);
  const last = segments.pop() ?? '';
  const parent = at(object, segments);
  if (Array.isArray(parent)) return parent.splice(Number(last), 1)[0];
  if (!isMap(parent)) return undefined;
  const value = parent[last];
  delete parent[last];
  return value;
}
