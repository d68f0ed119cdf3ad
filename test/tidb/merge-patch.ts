/** JSON merge patch, RFC 7386, as an API server carries it out. */
import type { JsonObject, JsonValue } from '../../src/protocol/json.ts';

export function mergePatch(target: unknown, patch: JsonValue | undefined): unknown {
  if (!isObject(patch)) return structuredClone(patch);
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
