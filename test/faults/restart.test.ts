/** Restarting without a change: the same order and proofs as an upgrade, judged by the same oracle. */
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario, bare, from } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('restarts all components of 3 TidbClusters in order; a second run with the same mark adopts them, one without restarts again', async () => {
  scenario = await Scenario.begin('restart', { replicas: { pd: 1, tikv: 2, tidb: 1 } });
  await scenario.worker();
  const before = await podsOf();

  const report = await scenario.report(await scenario.start('restartCluster', { mark: 'CHG-17' }));

  expect(report.phase).toBe('done');
  expect(report.steps.map((step) => `${step.id} ${step.state}`)).toEqual([...['pd', 'tikv', 'tidb'].flatMap((component) => ['east', 'west', 'south'].map((key) => `${component}/${key} done`)), 'verify/all done']);
  const after = await podsOf();
  expect(after).toHaveLength(before.length);
  expect(after.filter((uid) => before.includes(uid))).toEqual([]);
  const database = await scenario.lab.database('restart');
  expect(new Set(database.members.map((member) => `v${bare(member.version)}`))).toEqual(new Set([from]));
  const verdict = await judge({ ...scenario.evidence, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);

  const again = await scenario.report(await scenario.start('restartCluster', { mark: 'CHG-17' }));
  expect(new Set(again.steps.map((step) => step.state))).toEqual(new Set(['adopted']));
  expect((await podsOf()).toSorted()).toEqual(after.toSorted());

  const anew = await scenario.report(await scenario.start('restartCluster', { components: ['tidb'] }));
  expect(anew.steps.map((step) => `${step.id} ${step.state}`)).toEqual(['tidb/east done', 'tidb/west done', 'tidb/south done', 'verify/all done']);
  expect((await podsOf()).filter((uid) => !after.includes(uid))).toHaveLength(3);
});

/** The uids of all pods of the components. */
async function podsOf(): Promise<string[]> {
  const lists = await Promise.all((['east', 'west', 'south'] as const).map((cluster) => scenario.admin(cluster).list(`/api/v1/namespaces/restart/pods`)));
  return lists.flatMap(({ items }) => items).filter(({ metadata }) => !String(metadata['name']).includes('discovery')).map(({ metadata }) => String(metadata['uid']));
}
