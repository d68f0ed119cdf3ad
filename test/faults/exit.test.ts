/** A TidbCluster leaves: straight, refused, taken back, and with things going wrong on the way. */
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());


/** What an administrator binds for a run that deletes. */
async function letDelete(cluster: 'east' | 'west' | 'south'): Promise<void> {
  const role = 'tidb-runbooks-exit';
  await scenario.admin(cluster).create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: 'tidb-runbooks', namespace: 'tidb-runbooks' }],
  }).catch((error: unknown) => {
    // Another scenario of this file has bound it already.
    if (!String(error).includes('409') && !String(error).includes('exists')) throw error;
  });
}

const leaves = (kubernetesCluster: string) => ({ kubernetesCluster, namespace: scenario.name, name: `${scenario.name}-${kubernetesCluster}` });

const isGone = async (path: string): Promise<boolean> => scenario.admin('west').get(path).then(() => false, () => true);

test('a joining TidbCluster leaves in stages, proved by the others, and is deleted with its claims', async () => {
  scenario = await Scenario.begin('exitjoined', { replicas: { pd: 1, tiflash: 1, tikv: 2, pump: 1, tidb: 1, ticdc: 1 } });
  await letDelete('west');
  await scenario.worker();
  const run = await scenario.start('exitCluster', { leaving: 'west', reclaim: { data: 'volumes' } });
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id }) => id)).toEqual(['tidb/west', 'ticdc/west', 'pump/west', 'tiflash/west', 'tikv/west', 'pd/west', 'delete/west', 'reclaim-claims/west']);
  expect(new Set(report.steps.map(({ state }) => state))).toEqual(new Set(['done']));
  const database = await scenario.lab.database('exitjoined');
  expect(database.members.map(({ name }) => name).filter((name) => name.includes('west'))).toEqual([]);
  expect(await isGone(scenario.path('west'))).toBe(true);
  const { items } = (await scenario.admin('west').list(`/api/v1/namespaces/exitjoined/persistentvolumeclaims`)) as { items: unknown[] };
  expect(items).toEqual([]);
  const verdict = await judge({ ...scenario.evidence, leaving: leaves('west'), storesFloor: 3, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
});
