/**
 * Drift: did somebody change the TidbCluster after the plan was made? The plan keeps a digest per field of the spec (two levels deep);
 * fields that the runbook writes itself, and what the operator fills in by its defaulting (§1.1), do not count.
 */
import type { ManagedFieldsEntry, TidbCluster } from './objects.ts';
import type { Guard } from './guards/guard.ts';
import { standing } from './guards/guard.ts';
import { nameOf } from './view.ts';

/** `tikv.replicas` → digest of its value. */
export type Digests = Record<string, string>;

/** How our own writes appear in managedFields, and the operator's. */
export const ourFieldManager = 'tidb-runbooks';
const operatorManagers = ['tidb-controller-manager', 'controller-manager'];

/** Written by the runbooks themselves, judged by their own guards and proofs. */
const ownPaths = /^(version|paused|pdms|[a-z]+\.version)$/;

/** A short digest of JSON that does not depend on the order of keys: FNV-1a, 64 bit in two halves. Not for secrets, not for safety. */
export function digest(value: unknown): string {
  const text = canonical(value);
  let [high, low] = [0x811c9dc5, 0x01000193];
  for (let index = 0; index < text.length; index++) {
    high = Math.imul(high ^ text.charCodeAt(index), 0x01000193) >>> 0;
    low = Math.imul(low ^ text.charCodeAt(text.length - 1 - index), 0x01000193) >>> 0;
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}

export function digestsOf(object: TidbCluster): Digests {
  const digests: Digests = {};
  for (const [key, value] of Object.entries(object.spec)) {
    if (value === undefined) continue;
    const isComponent = typeof value === 'object' && value !== null && !Array.isArray(value);
    const fields = isComponent ? Object.entries(value).map(([field, each]) => [`${key}.${field}`, each] as const) : [[key, value] as const];
    for (const [path, each] of fields) if (!ownPaths.test(path) && !isZero(each)) digests[path] = digest(each);
  }
  return digests;
}

/** An absent field, `false`, `0` and `""` mean the same to the operator. */
function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === false || value === 0 || value === '';
}

/** Paths whose value differs from `before`, by somebody's hand; `own` are those that the runbook changes on its way. */
export function driftedPaths(object: TidbCluster, before: Digests, own: readonly string[] = []): string[] {
  const now = digestsOf(object);
  const paths = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...paths].filter((path) => !own.includes(path) && now[path] !== before[path] && !(before[path] === undefined && filledByOperator(object, path))).sort();
}

function filledByOperator(object: TidbCluster, path: string): boolean {
  const managers = managersOf(object.metadata.managedFields, path);
  return managers.length > 0 && managers.every((manager) => operatorManagers.includes(manager));
}

/** Who owns `spec.<path>` in managedFields. */
export function managersOf(entries: ManagedFieldsEntry[], path: string): string[] {
  // Two levels at most, and a key of the second may have dots in it: `nodeSelector.kubernetes.io/os`.
  const keys = ['f:spec', ...(/^([^.]+)\.(.+)$/s.exec(path)?.slice(1) ?? [path]).map((part) => `f:${part}`)];
  return entries.filter((entry) => owns(entry.fieldsV1, keys)).map((entry) => entry.manager);
}

function owns(fields: Record<string, unknown> | undefined, keys: string[]): boolean {
  let at: unknown = fields;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !(key in at)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return true;
}

/** Holds when the spec of the TidbCluster to be changed is not the one that was planned for. */
export function noDriftSince(before: Digests, own: readonly string[] = []): Guard {
  return (_view, { member }) =>
    driftedPaths(member.object, before, own).map((path) => {
      const by = managersOf(member.object.metadata.managedFields, path).join(', ');
      return standing(
        `drift/${member.key}/${path}/${digestsOf(member.object)[path] ?? 'removed'}`,
        `spec.${path} of TidbCluster ${nameOf(member)} in ${member.kubernetesCluster} was changed after the plan was made${by ? ` (field manager ${by})` : ''}: retry accepts it, changing it back clears it`,
      );
    });
}
