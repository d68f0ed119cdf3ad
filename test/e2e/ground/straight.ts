/** What must be so after an upgrade in which nothing went wrong. */
import { judge } from '../../../lab/oracle/judge.ts';
import type { Report } from '../../../src/protocol/run.ts';
import { bare, to } from '../../faults/scenario.ts';
import type { Scenario } from '../../faults/scenario.ts';
import { evidenceOf } from './evidence.ts';

/** Everything was done, everything is of the new version, and the oracle finds every invariant held. */
export async function expectStraightUpgrade(scenario: Scenario, report: Report): Promise<void> {
  expect(report.phase).toBe('done');
  expect(report.steps.map((step) => step.state)).not.toContain('skipped');
  const database = await scenario.lab.database(scenario.name);
  expect(new Set([...database.members, ...database.stores, ...database.servers].map((each) => bare(each.version)))).toEqual(new Set([bare(to)]));
  const verdict = await judge({ ...evidenceOf(scenario), expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
}
