/** When a fault of the lab's switchboard was on, and whom it met: what it broke is not the product's doing. */
import type { Fact } from './facts.ts';

export interface FaultSpan {
  /** For a person, such as `fault store-down (pod shop-east-tikv-0)`. */
  title: string;
  kind: string;
  scope: Partial<Record<ScopeKey, string>>;
  from: number;
  /** Infinity while it is on. */
  until: number;
}

const scopeKeys = ['kubernetesCluster', 'database', 'namespace', 'tidbCluster', 'component', 'pod'] as const;
type ScopeKey = (typeof scopeKeys)[number];

/** The faults that take stores or PD members away; the others disturb the way to them. */
const takesAway = new Set(['store-down', 'store-disconnected', 'pd-leader-lost', 'pod-crashing', 'pod-pending', 'image-not-pullable']);
const storesOnly = new Set(['store-down', 'store-disconnected']);
const pdOnly = new Set(['pd-leader-lost']);

export function faultSpans(facts: readonly Fact[]): FaultSpan[] {
  const ends = facts.filter(({ kind }) => kind === 'fault-off');
  return facts.filter(({ kind }) => kind === 'fault-on').map((fact) => {
    const scope = Object.fromEntries(scopeKeys.flatMap((key) => (fact[key] === undefined ? [] : [[key, fact[key]]])));
    const kind = fact.fault ?? 'unnamed';
    const where = Object.entries(scope).map(([key, value]) => `${key} ${value}`).join(', ') || 'everybody';
    const until = ends.find(({ id, time }) => id === fact.id && time >= fact.time)?.time ?? Infinity;
    return { title: `fault ${kind} (${where})`, kind, scope, from: fact.time, until };
  });
}

/** The fault that was on between two times and takes away a thing such as this. `component` is what the thing is a pod of. */
export function faultOn(faults: readonly FaultSpan[], target: Partial<Record<ScopeKey, string | undefined>>, from: number, until: number): FaultSpan | undefined {
  const isStore = target.component === 'tikv' || target.component === 'tiflash';
  return faults.find((fault) =>
    takesAway.has(fault.kind) && !(isStore ? pdOnly : storesOnly).has(fault.kind) && fault.from <= until && fault.until >= from
    && Object.entries(fault.scope).every(([key, wanted]) => target[key as ScopeKey] === wanted));
}
