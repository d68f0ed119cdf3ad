/** How long an author takes from the last fact that proves a step to its next change: for the bench, for the product and for scripts. */
import { disturbancesOf } from './disturbances.ts';
import { gatherEvidence, stepsInSpan } from './evidence.ts';
import type { Evidence, Sources } from './evidence.ts';
import { clock } from './finding.ts';
import type { PhaseChange } from './operator-phases.ts';
import type { Change } from './tidb-cluster-history.ts';
import { isDuring } from './troubles.ts';

export interface Latency {
  /** The step that was proven, such as `tikv/east`. */
  step: string;
  /** The fact that came last, such as `component-settled` or `phase Normal`. */
  because: string;
  /** When its change was carried out; ISO. */
  changedAt: string;
  /** ISO. */
  provenAt: string;
  /** When the next change was carried out; ISO. */
  nextAt: string;
  milliseconds: number;
}

export interface Latencies {
  list: Latency[];
  /** Steps that were not waited for to the end, in sentences: they have no latency. */
  tooEarly: string[];
  /** Milliseconds, by nearest rank; undefined for an empty list. Configured settle and soak times are in them. */
  p50: number | undefined;
  p99: number | undefined;
}

/** The author's changes of versions one after the other, between `since` and `until`. Throws as `judge` does. */
export async function latenciesOf(sources: Sources): Promise<Latencies> {
  const evidence = await gatherEvidence(sources);
  const steps = stepsInSpan(evidence);
  const judged = steps.slice(0, -1).flatMap((step, index) => {
    const next = steps[index + 1];
    return next && step.versions.length > 0 ? [latencyOf(evidence, step, next)] : [];
  });
  const list = judged.filter((one) => typeof one !== 'string');
  const sorted = list.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  return { list, tooEarly: judged.filter((one) => typeof one === 'string'), p50: rank(sorted, 50), p99: rank(sorted, 99) };
}

export interface OwnTime {
  /** From the proofs of steps to the changes after them, in all. */
  ownMs: number;
  /** From the changes to their proofs: the time of all others. */
  othersMs: number;
}

/** `patienceMs` of each step is configured (settle and soak), not taken. */
export function ownTimeOf(list: readonly Latency[], patienceMs = 0): OwnTime {
  return {
    ownMs: total(list.map(({ milliseconds }) => Math.max(0, milliseconds - patienceMs))),
    othersMs: total(list.map(({ changedAt, provenAt }) => Date.parse(provenAt) - Date.parse(changedAt))),
  };
}

const total = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0);

/** The percentile by nearest rank; undefined for an empty list. */
export function rank(sorted: readonly number[], percent: number): number | undefined {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1];
}

interface Reason {
  time: number;
  name: string;
}

/** A sentence where the next change came before the proof. */
function latencyOf(evidence: Evidence, step: Change, next: Change): Latency | string {
  const name = step.versions.map(({ component }) => `${component}/${step.place.id}`).join('+');
  const reasons = [...settledReasons(evidence, step), ...wholeReasons(evidence, step, next), ...phaseReasons(evidence, step, next)];
  const last = reasons.reduce<Reason>((latest, reason) => (reason.time >= latest.time ? reason : latest), { time: step.at, name: 'its own change' });
  if (last.time > next.asked) return `after ${name} the next change came at ${clock(next.asked)}, before ${last.name} (${clock(last.time)})`;
  return { step: name, because: last.name, changedAt: new Date(step.at).toISOString(), provenAt: new Date(last.time).toISOString(), nextAt: new Date(next.at).toISOString(), milliseconds: next.at - last.time };
}

/** Pods settled, members and stores of the component up again. */
const settledReasons = (evidence: Evidence, step: Change): Reason[] =>
  disturbancesOf({ ...evidence, steps: [step], facts: evidence.facts.filter(({ kind }) => kind !== 'pod-deleted') }).map(({ until, component }) => ({ time: until, name: `${component} settled and up` }));

/** The whole database: every member and store, and no region without its peers. */
function wholeReasons({ troubles, facts }: Evidence, step: Change, next: Change): Reason[] {
  const lasting = troubles.filter((trouble) => trouble.until > step.asked && (trouble.until <= next.asked || isDuring(trouble, next.asked)));
  const shortages = facts.filter(({ kind, time }) => kind === 'region-shortage' && time > step.asked && time <= next.asked);
  const last = shortages.at(-1);
  const isOver = last?.missing === 0 && last.pending === 0 && last.down === 0;
  return [...lasting.map(({ until, title }) => ({ time: until, name: `${title} up` })), ...(last && isOver ? [{ time: last.time, name: 'no region short of peers' }] : [])];
}

const isNormal = ({ phase, isSynced }: PhaseChange): boolean => phase === 'Normal' && isSynced;

/** The operator's own word, where its writes were seen. */
function phaseReasons({ phases }: Evidence, step: Change, next: Change): Reason[] {
  return step.versions.flatMap(({ component }) => {
    const own = phases.filter((one) => one.place === step.place && one.component === component && one.at >= step.asked);
    const last = own.filter(({ at }) => at <= next.asked).at(-1);
    if (!last) return [];
    const normal = isNormal(last) ? last : own.find((one) => one.at > next.asked && isNormal(one));
    return [{ time: normal?.at ?? Infinity, name: `phase Normal of ${component}` }];
  });
}
