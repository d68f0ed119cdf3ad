/** When which component of which TidbCluster was disturbed: from the change of its version, or the deletion of a pod, until it is whole again. */
import { clock } from './finding.ts';
import type { Evidence } from './evidence.ts';
import type { Fact } from './facts.ts';
import { placeOf } from './places.ts';
import type { Place } from './places.ts';
import { touchedBy } from './tidb-cluster-history.ts';
import type { Change } from './tidb-cluster-history.ts';
import { isDuring } from './troubles.ts';

export interface Disturbance {
  place: Place;
  component: string;
  from: number;
  /** Infinity when it was never seen whole again. */
  until: number;
  /** For a person: what began it. */
  cause: string;
  /** The author's change that began it; undefined when somebody else or a fault did. */
  change: Change | undefined;
}

type Known = Pick<Evidence, 'places' | 'facts' | 'changes' | 'steps' | 'troubles'>;

export function disturbancesOf(evidence: Known): Disturbance[] {
  const own = evidence.steps.flatMap((change) => touchedBy(change).map((component) => ownDisturbance(evidence, change, component))).filter((one) => one !== undefined);
  const foreign = evidence.facts.filter(({ kind }) => kind === 'pod-deleted').flatMap((fact) => foreignDisturbance(evidence, own, fact));
  return [...own, ...foreign];
}

/** Undefined for a component without pods: there is nothing to disturb. */
function ownDisturbance(evidence: Known, change: Change, component: string): Disturbance | undefined {
  const { place, asked: from } = change;
  if (change.scaled.some((one) => one.component === component && one.to === 0)) return { place, component, from, until: wholeAfter(evidence, place, component, zeroOver(evidence, change, component)), cause: `the change at ${clock(from)}`, change };
  const settlings = evidence.facts.filter((fact) => fact.kind === 'component-settled' && fact.component === component && placeOf([place], fact));
  const settled = settlings.find(({ time }) => time >= from);
  if (!settled && settlings.at(-1)?.replicas === 0) return undefined;
  const until = wholeAfter(evidence, place, component, settled?.time ?? Infinity);
  return { place, component, from, until, cause: `the change at ${clock(from)}`, change };
}

/** A component that goes to zero is there when its last pod is gone, or is asked for pods again before. */
function zeroOver({ facts, changes }: Known, { place, asked }: Change, component: string): number {
  const back = changes.find((later) => later.place === place && later.asked > asked && later.scaled.some((one) => one.component === component && one.to > 0));
  return Math.min(back?.asked ?? Infinity, emptyAfter(facts, place, component, asked));
}

/** When the last pod of a component that goes to zero was gone for the first time; at once when there was none. Pods may come back later. */
function emptyAfter(facts: readonly Fact[], place: Place, component: string, from: number): number {
  const alive = new Set<string | undefined>();
  for (const fact of facts.filter((one) => one.component === component && placeOf([place], one))) {
    if (fact.time >= from && alive.size === 0) return from;
    if (fact.kind === 'pod-created') alive.add(fact.pod);
    if (fact.kind === 'pod-gone') alive.delete(fact.pod);
    if (fact.time >= from && alive.size === 0) return fact.time;
  }
  return alive.size === 0 ? from : Infinity;
}

/** A pod that was deleted outside of the rolls that the author began. */
function foreignDisturbance(evidence: Known, own: readonly Disturbance[], fact: Fact): Disturbance[] {
  const { time: from, component, pod = 'without a name' } = fact;
  const place = placeOf(evidence.places, fact);
  if (!place || component === undefined) return [];
  if (own.some((one) => one.place === place && one.component === component && isDuring(one, from))) return [];
  const until = wholeAfter(evidence, place, component, podBackAfter(evidence.facts, fact));
  return [{ place, component, from, until, cause: `the deletion of pod ${pod} at ${clock(from)}`, change: undefined }];
}

/** When the pod was ready again; when it was gone, if it was not made again. */
function podBackAfter(facts: readonly Fact[], { time, pod, kubernetesCluster, namespace }: Fact): number {
  const later = facts.filter((fact) => fact.time > time && fact.pod === pod && fact.kubernetesCluster === kubernetesCluster && fact.namespace === namespace);
  const gone = later.find(({ kind }) => kind === 'pod-gone');
  if (!gone) return Infinity;
  const isMadeAgain = later.some(({ kind, time: made }) => kind === 'pod-created' && made >= gone.time);
  return isMadeAgain ? (later.find(({ kind, time: ready }) => kind === 'pod-ready' && ready >= gone.time)?.time ?? Infinity) : gone.time;
}

/** Settled pods are not enough: PD members and stores come up later, and pods of PD and TiKV have no readiness probe (observed rows 2 to 4). */
function wholeAfter({ troubles }: Known, place: Place, component: string, settled: number): number {
  const own = troubles.filter((trouble) => trouble.component === component && placeOf([place], trouble.origin));
  let until = settled;
  for (;;) {
    const lasting = own.filter((trouble) => isDuring(trouble, until));
    if (lasting.length === 0) return until;
    until = Math.max(...lasting.map((trouble) => trouble.until));
  }
}
