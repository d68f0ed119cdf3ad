/** The main job against the real operator: three Kubernetes clusters, nothing goes wrong. */
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario, to } from '../faults/scenario.ts';

jest.setTimeout(1_200_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test.each([
  ['one', 'one', { pd: 1, tiflash: 1, tikv: 1, pump: 1, tidb: 1, ticdc: 1 }],
  ['three', 'three', { pd: 3, tikv: 3, tidb: 3 }],
])('upgrades 3 TidbClusters of the real operator with %s of each component, and the oracle finds every invariant held', async (_, name, replicas) => {
  scenario = await Scenario.begin(name, { replicas });
  await scenario.worker();
  const run = await scenario.upgrade();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.map((step) => step.state)).not.toContain('skipped');
  const database = await scenario.lab.database(name);
  expect(new Set([...database.members, ...database.stores, ...database.servers].map((each) => each.version.replace(/^v/, '')))).toEqual(new Set([to.replace(/^v/, '')]));
  const verdict = await judge({ ...scenario.evidence, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
});
