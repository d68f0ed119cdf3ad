/** The main job against the real operator: three Kubernetes clusters, one replica of each component, as in the documents. */
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario, to } from '../faults/scenario.ts';

jest.setTimeout(900_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('upgrades 3 TidbClusters of the real operator in order, and the oracle finds every invariant held', async () => {
  scenario = await Scenario.begin('upgrade');
  await scenario.worker();
  const run = await scenario.upgrade();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.map((step) => step.state)).not.toContain('skipped');
  const database = await scenario.lab.database('upgrade');
  expect(new Set([...database.members, ...database.stores, ...database.servers].map((each) => each.version.replace(/^v/, '')))).toEqual(new Set([to.replace(/^v/, '')]));
  const verdict = await judge({ ...scenario.evidence, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
});
