/** The main job: three Kubernetes clusters, six components, nothing goes wrong. */
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario, bare, to } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

const everything = { pd: 1, tiflash: 1, tikv: 2, pump: 1, tidb: 1, ticdc: 1 };

test('upgrades 3 Kubernetes clusters and 6 components in order, and the oracle finds every invariant held', async () => {
  scenario = await Scenario.begin('straight', { replicas: everything });
  await scenario.worker();
  const run = await scenario.upgrade();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.map((step) => step.state)).not.toContain('skipped');
  const database = await scenario.lab.database('straight');
  expect(new Set([...database.members, ...database.stores, ...database.servers].map((each) => bare(each.version)))).toEqual(new Set([bare(to)]));
  const verdict = await judge({ ...scenario.evidence, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
});
