/**
 * An exit judged by trying everything out, for small clusters: knows nothing of the guards. Addresses are told apart by their text, peers are placed
 * one after the other on every store that may take them.
 */
import type { LabelConstraint, PlacementRule, Store } from '../../../src/tidb/view.ts';

/** Every key at which the rules in force may change. */
function keysOf(rules: readonly PlacementRule[]): string[] {
  return [...new Set(['', ...rules.flatMap(({ startKey, endKey }) => [startKey, endKey])])];
}

/** The rules that hold at a key, as PD prepares them: of one group those from the last overriding one on (PD rule_list.go). */
function rulesAt(key: string, rules: readonly PlacementRule[]): PlacementRule[] {
  const sorted = rules.filter((rule) => rule.startKey <= key && (rule.endKey === '' || rule.endKey > key)).sort((a, b) => (a.groupId < b.groupId ? -1 : a.groupId > b.groupId ? 1 : a.index - b.index || (a.id < b.id ? -1 : 1)));
  let kept: PlacementRule[] = [];
  for (const rule of sorted) {
    if (rule.override) kept = kept.filter(({ groupId }) => groupId !== rule.groupId);
    kept.push(rule);
  }
  return kept;
}

function meets(store: Store, { key, op, values }: LabelConstraint): boolean {
  const value = store.labels[key];
  if (op === 'in') return value !== undefined && values.includes(value);
  if (op === 'notIn') return value === undefined || !values.includes(value);
  if (op === 'exists') return value !== undefined;
  return op === 'notExists' && value === undefined;
}

function mayTake(store: Store, rule: PlacementRule): boolean {
  if (store.labels['engine'] === 'tiflash' && !rule.labelConstraints.some(({ key }) => key === 'engine')) return false;
  return rule.labelConstraints.every((constraint) => meets(store, constraint));
}

function place(store: Store, { locationLabels, isolationLevel }: PlacementRule): string | undefined {
  const depth = locationLabels.indexOf(isolationLevel);
  return isolationLevel === '' || depth === -1 ? undefined : locationLabels.slice(0, depth + 1).map((label) => store.labels[label] ?? '').join('/');
}

/** Tries every store for every peer. */
function canPlace(peers: readonly PlacementRule[], free: readonly Store[], taken: readonly { rule: PlacementRule; store: Store }[]): boolean {
  const [rule, ...rest] = peers;
  if (!rule) return true;
  return free.some((store) => {
    if (!mayTake(store, rule)) return false;
    const own = place(store, rule);
    if (own !== undefined && taken.some((other) => other.rule === rule && place(other.store, rule) === own)) return false;
    return canPlace(rest, free.filter((each) => each !== store), [...taken, { rule, store }]);
  });
}

export function everyRegionFindsItsStores(rules: readonly PlacementRule[], stores: readonly Store[]): boolean {
  return keysOf(rules).every((key) => canPlace(rulesAt(key, rules).flatMap((rule) => Array.from({ length: rule.count }, () => rule)), stores, []));
}
