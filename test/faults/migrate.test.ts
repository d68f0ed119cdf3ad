/** Migration of a TidbCluster that stands alone, judged by PD's own membership and by the oracle. */
import { judge } from '../../lab/oracle/judge.ts';
import { alone, approved, expectedPeerUrls, migrate, peerUrls, probes, statesOf } from './migration.ts';
import type { Scenario } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('configUpdateStrategy unset: one patch rolls everything, then peer URLs one by one, the leader last; a second run adopts all', async () => {
  scenario = await alone('straightmig');
  await scenario.worker();
  const run = await approved(scenario, await migrate(scenario));
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  const steps = report.steps.map((step) => step.id);
  expect(steps.slice(0, 2)).toEqual(['probe/east', 'across/east']);
  expect(new Set(report.steps.map((step) => step.state))).toEqual(new Set(['done']));
  expect(await peerUrls(scenario)).toEqual(expectedPeerUrls('straightmig'));
  expect(await probes(scenario)).toEqual([]);
  const { spec } = await scenario.tidbCluster('east');
  expect(spec).toMatchObject({ acrossK8s: true, clusterDomain: 'east.local', configUpdateStrategy: 'RollingUpdate' });
  const verdict = await judge({ ...scenario.evidence, migrates: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
  expect(report.steps.at(-1)?.proof?.['aJoiningPdIsTold']).toContain('straightmig-east-pd-0.straightmig-east-pd-peer.straightmig.svc.east.local:2379');

  const again = await scenario.report(await migrate(scenario));
  expect(new Set(Object.values(statesOf(again)))).toEqual(new Set(['adopted']));
});
