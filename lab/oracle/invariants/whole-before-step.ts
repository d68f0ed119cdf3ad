/**
 * No step begins while the database is not whole: at every change of versions of ours all PD members were up and healthy, one of them
 * led, and all stores were Up in PD's view and served. Only what a fault took away too shortly before to be seen is excused, and said.
 */
import { stepsInSpan } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import type { FaultSpan } from '../fault-spans.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readingWindow } from '../reading-window.ts';
import { isDuring } from '../troubles.ts';

export function wholeBeforeEveryStep(evidence: Evidence, mustSee: boolean): Finding {
  const steps = stepsInSpan(evidence);
  const broken: string[] = [];
  const seen = steps.length === 0 ? [] : [`${steps.length} changes of versions were examined`];
  for (const { asked, place, what } of steps) {
    for (const { state, from, until, fault } of flawsAt(evidence, asked)) {
      const sentence = `the change at ${clock(asked)} of ${place.id} (${what}) began while ${state} (${clock(from)} to ${clock(until)})`;
      const isTooFresh = fault !== undefined && asked - fault.from < readingWindow;
      (isTooFresh ? seen : broken).push(isTooFresh ? `${sentence}; ${fault.title} had begun too shortly before to be seen` : sentence);
    }
  }
  return finding('the database is whole before every step', { broken, seen, nothing: 'no change of versions by the author seen', mustSee });
}

interface Flaw {
  /** As a part of a sentence. */
  state: string;
  from: number;
  until: number;
  fault: FaultSpan | undefined;
}

/** A member that the switchboard makes unhealthy lives on: only the fault itself tells of it. */
function flawsAt({ troubles, faults }: Evidence, time: number): Flaw[] {
  return [
    ...troubles.filter((one) => isDuring(one, time)).map(({ title, state, from, until, fault }) => ({ state: `${title} was ${state}`, from, until, fault })),
    ...faults.filter((one) => one.kind === 'pd-member-unhealthy' && isDuring(one, time)).map((fault) => ({ state: `a PD member was unhealthy by ${fault.title}`, from: fault.from, until: fault.until, fault })),
  ];
}
