/** Objects as flat lists of paths, such as `spec.tikv.version` or `spec.pdms[tso].version`: what a write named, what it changed. */

export type Json = string | number | boolean | null | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

export const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `from` and `to` are JSON texts; undefined means that there is nothing at the path. */
export interface PathChange {
  path: string;
  from: string | undefined;
  to: string | undefined;
}

/** Every leaf with its JSON text. Lists whose entries have names go by name, other lists are leaves; empty maps are nothing. */
export function flatten(value: Json, path = ''): Map<string, string> {
  const parts = partsOf(value);
  if (parts === undefined) return new Map([[path, JSON.stringify(value)]]);
  return new Map(parts.flatMap(([key, part]) => [...flatten(part, join(path, key))]));
}

function partsOf(value: Json): [string, Json][] | undefined {
  if (isMap(value)) return Object.entries(value);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const named = value.flatMap((entry): [string, Json][] => (isMap(entry) && typeof entry['name'] === 'string' ? [[`[${entry['name']}]`, entry]] : []));
  return named.length === value.length ? named : undefined;
}

/** Keys that are no plain words (annotations, names in lists) stand in brackets. */
export function join(path: string, key: string): string {
  if (key.startsWith('[')) return path + key;
  if (!/^[\w-]+$/.test(key)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

export function difference(before: Json, after: Json): PathChange[] {
  const old = flatten(before);
  const young = flatten(after);
  const paths = [...new Set([...old.keys(), ...young.keys()])];
  return paths.filter((path) => old.get(path) !== young.get(path)).map((path) => ({ path, from: old.get(path), to: young.get(path) }));
}
