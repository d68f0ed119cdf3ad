/**
 * No step begins while the database is not whole: at every change of versions of ours all PD members were up and all stores were Up
 * in PD's view and served. Only what a fault took away too shortly before to be seen is excused, and said.
 */
import { stepsInSpan } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readingWindow } from '../reading-window.ts';
import { isDuring } from '../troubles.ts';

export function wholeBeforeEveryStep(evidence: Evidence, mustSee: boolean): Finding {
  const steps = stepsInSpan(evidence);
  const broken: string[] = [];
  const seen = steps.length === 0 ? [] : [`${steps.length} changes of versions were examined`];
  for (const { asked, place, what } of steps) {
    for (const trouble of evidence.troubles.filter((one) => isDuring(one, asked))) {
      const sentence = `the change at ${clock(asked)} of ${place.id} (${what}) began while ${trouble.title} was ${trouble.state} (${clock(trouble.from)} to ${clock(trouble.until)})`;
      const isTooFresh = trouble.fault !== undefined && asked - trouble.fault.from < readingWindow;
      (isTooFresh ? seen : broken).push(isTooFresh ? `${sentence}; ${trouble.fault?.title} had begun too shortly before to be seen` : sentence);
    }
  }
  return finding('the database is whole before every step', { broken, seen, nothing: 'no change of versions by the author seen', mustSee });
}
