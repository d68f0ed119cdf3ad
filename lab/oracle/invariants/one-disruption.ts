/**
 * One disruption at a time: while a component of one TidbCluster is disturbed (its version was changed by us, or a pod of it was
 * deleted by anybody), until its pods are settled and its PD members and stores are up again, no other component of any
 * TidbCluster of the same TiDB cluster gets a change of ours; and no single change of ours touches two components.
 */
import { disturbancesOf } from '../disturbances.ts';
import type { Disturbance } from '../disturbances.ts';
import { stepsInSpan } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readingWindow } from '../reading-window.ts';
import { touchedBy } from '../tidb-cluster-history.ts';
import type { Change } from '../tidb-cluster-history.ts';

export function oneDisruptionAtATime(evidence: Evidence, mustSee: boolean): Finding {
  const steps = stepsInSpan(evidence);
  const disturbances = disturbancesOf(evidence);
  const broken: string[] = [];
  const seen = steps.length === 0 ? [] : [`${steps.length} changes of versions or to fewer pods, ${disturbances.filter(({ change }) => change && steps.includes(change)).length} disturbances by them`];
  for (const step of steps) {
    if (touchedBy(step).length > 1) broken.push(`${describe(step)} changed ${touchedBy(step).join(', ')} at once`);
    for (const other of disturbances.filter((one) => isInTheWay(one, step))) {
      const sentence = `${describe(step)} came while ${other.component} of ${other.place.id} was disturbed: since ${other.cause}, whole again ${other.until === Infinity ? 'never' : `at ${clock(other.until)}`}`;
      if (other.change === undefined && step.asked - other.from < readingWindow) seen.push(`${sentence}; that had begun too shortly before to be seen`);
      else broken.push(sentence);
    }
  }
  return finding('one disruption at a time', { broken, seen, nothing: 'no change of versions by the author seen', mustSee });
}

const describe = ({ asked, place, what }: Change): string => `the change at ${clock(asked)} of ${place.id} (${what})`;

/** A second change of the same component is no second disruption. */
function isInTheWay({ change, place, component, from, until }: Disturbance, step: Change): boolean {
  const isSame = place === step.place && touchedBy(step)[0] === component;
  return change !== step && !isSame && from <= step.asked && step.asked < until;
}
