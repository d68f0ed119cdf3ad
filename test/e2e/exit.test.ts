/** A TidbCluster leaves, first where it must not, then with second thoughts, and then for good, against the real operator. One TiDB cluster for all. */
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { judge } from '../../lab/oracle/judge.ts';
import { approved } from '../faults/migration.ts';
import { Scenario } from '../faults/scenario.ts';
import type { KubernetesCluster } from '../faults/scenario.ts';
import { evidenceOf } from './ground/evidence.ts';
import { askPd } from './ground/pd.ts';

jest.setTimeout(900_000);

const name = 'exitreal';
/** Without west four TiKV stores remain, one more than max-replicas; without south or east three. */
const stores: Record<KubernetesCluster, number> = { east: 2, west: 1, south: 2 };

const leaving = { kubernetesCluster: 'west', namespace: name, name: `${name}-west` };

/** Milliseconds until a stage that was asked for is under way, on a busy computer. */
const stagePatience = 300_000;

/** What is a TidbCluster's own in its namespace, which is for this one alone. */
const kinds = ['apis/pingcap.com/v1alpha1 tidbclusters', 'apis/apps/v1 statefulsets', 'apis/apps/v1 deployments', 'api/v1 pods', 'api/v1 persistentvolumeclaims', 'api/v1 services'];
const everything = kinds.map((kind) => `/${kind.replace(' ', `/namespaces/${name}/`)}`);

let scenario: Scenario;
beforeAll(async () => {
  const member = (cluster: KubernetesCluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas: { pd: 1, tikv: stores[cluster], tidb: 1 } });
  scenario = await Scenario.begin(name, { members: [member('east'), member('west'), member('south')] });
  // What an administrator binds for a run that deletes.
  const role = 'tidb-runbooks-exit';
  await scenario.admin('west').create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: 'tidb-runbooks', namespace: 'tidb-runbooks' }],
  });
  await scenario.worker();
});
afterAll(() => scenario.end());

/** Names of everything of this kind that is in the TiDB cluster's namespace in west. */
async function namesInWest(path: string): Promise<string[]> {
  return (await scenario.admin('west').list(path)).items.map(({ metadata }) => String(metadata['name']));
}

/** Volumes belong to no namespace: those of this TiDB cluster's claims. */
async function volumesInWest(): Promise<string[]> {
  const { items } = await scenario.admin('west').list('/api/v1/persistentvolumes');
  const claimed = items.filter((volume) => (volume['spec'] as { claimRef?: { namespace: string } }).claimRef?.namespace === name);
  return claimed.map(({ metadata }) => String(metadata['name']));
}

interface Store {
  id: number;
  address: string;
  state_name: string;
}

/** The stores of west, as the PD in east tells them. */
async function storesOfWest(query = ''): Promise<Store[]> {
  const told = JSON.parse((await askPd(scenario, 'east', { path: `/pd/api/v1/stores${query}` })).text) as { stores: { store: Store }[] | null };
  return (told.stores ?? []).map(({ store }) => store).filter(({ address }) => address.includes('-west-'));
}

const statesOf = (stores: Store[]): string[] => stores.map((store) => store.state_name);

/** The pods of each component in west that are asked for, and those that are ready. */
async function podsInWest(): Promise<Record<string, readonly unknown[]>> {
  const { spec } = (await scenario.tidbCluster('west')) as unknown as { spec: Record<string, { replicas: number }> };
  const sets = await Promise.all(['pd', 'tikv', 'tidb'].map(async (component) => {
    const { status } = await scenario.admin('west').get(`/apis/apps/v1/namespaces/${name}/statefulsets/${name}-west-${component}`);
    return [component, [spec[component]?.replicas, (status as { readyReplicas?: number }).readyReplicas]] as const;
  }));
  return Object.fromEntries(sets);
}

/** Names of annotations by which the operator or we say that something is on its way out. */
async function marksInWest(): Promise<string[]> {
  const { items } = await scenario.admin('west').list(`/api/v1/namespaces/${name}/persistentvolumeclaims`);
  const annotations = [await scenario.tidbCluster('west'), ...items].flatMap(({ metadata }) => Object.keys((metadata['annotations'] ?? {}) as object));
  return annotations.filter((key) => /^tidb-runbooks\.io\/|defer-deleting|scale-in-time/.test(key));
}

test('an exit after which too few TiKV stores remain is refused with all reasons at once, and writes nothing', async () => {
  await scenario.patch('east', { spec: { paused: true } });
  const since = new Date().toISOString();
  const run = await scenario.start('exitCluster', { leaving: 'south', gates: 'none' });
  const failure = await run.result().then(() => 'it was not refused', (error: unknown) => String((error as Error).cause));
  expect(failure).toMatch(/exitCluster of exitreal is refused: /);
  expect(failure).toMatch(/3 TiKV stores would remain and max-replicas is 3/);
  expect(failure).toMatch(/in east is paused by somebody else/);
  expect(await changedNothing({ ...evidenceOf(scenario), since })).toMatchObject({ held: true });
  await scenario.patch('east', { spec: { paused: false } });
});

test('an exit that is aborted while its store is being emptied is taken back: the same store stays, every pod returns, and no mark is left', async () => {
  const since = new Date().toISOString();
  const [before] = await storesOfWest();
  const drain = await scenario.fault({ kind: 'store-never-drains', scope: { database: name, kubernetesCluster: 'west' } });
  const run = await approved(scenario, await scenario.start('exitCluster', { leaving: 'west', gates: 'plan' }));
  await scenario.eventually('the store of west is being emptied', async () => String(statesOf(await storesOfWest())) === 'Offline', stagePatience);
  expect((await podsInWest())['tidb']?.[0]).toBe(0);
  await scenario.decide(run, { decision: 'abort', by: 'bob', reason: 'second thoughts' });
  const aborted = await scenario.report(run);
  expect(aborted.phase).toBe('aborted');
  expect(aborted.remains.join('\n')).toMatch(/was scaled in by an exit: TiDB \(had 1\), TiKV \(had 1\)/);
  expect(aborted.remains.join('\n')).toContain(`tidb-runbook start exit ${name} --leaving west --way back`);
  expect(await marksInWest()).not.toEqual([]);

  const back = await scenario.report(await scenario.start('exitCluster', { leaving: 'west', way: 'back' }));
  expect(back.phase).toBe('done');
  expect(back.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(['restore/west done', 'stores/west done', 'forget/west done']);
  expect(await podsInWest()).toEqual({ pd: [1, 1], tikv: [1, 1], tidb: [1, 1] });
  const after = await storesOfWest();
  expect([after.map(({ id }) => id), statesOf(after)]).toEqual([[before?.id], ['Up']]);
  expect(await marksInWest()).toEqual([]);
  const verdict = await judge({ ...evidenceOf(scenario), since, leaving, storesFloor: 3, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
  await drain();
});

test('a joined TidbCluster leaves in stages, proved by the others, and is deleted with its claims and volumes: nothing of it is left', async () => {
  const since = new Date().toISOString();
  expect(await volumesInWest()).not.toEqual([]);
  const run = await approved(scenario, await scenario.start('exitCluster', { leaving: 'west', reclaim: { data: 'volumes' }, gates: 'plan' }));
  const asked = await scenario.until(run, ({ gate }) => gate?.id === 'step/delete/west');
  expect(asked.gate?.question).toMatch(/^Delete TidbCluster exitreal\/exitreal-west in west\? There is no way back\./);
  expect(await namesInWest(scenario.path('west').replace(/\/[^/]+$/, ''))).toEqual(['exitreal-west']);
  await scenario.decide(run, { decision: 'approve', by: 'bob', gate: 'step/delete/west' });
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(['tidb/west', 'tikv/west', 'pd/west', 'delete/west', 'reclaim-claims/west'].map((id) => `${id} done`));

  const { members } = JSON.parse((await askPd(scenario, 'east', { path: '/pd/api/v1/members' })).text) as { members: { name: string }[] };
  expect(members.map((member) => member.name.split('.')[0]).sort()).toEqual(['exitreal-east-pd-0', 'exitreal-south-pd-0']);
  expect(await storesOfWest()).toEqual([]);
  expect(statesOf(await storesOfWest('?state=2'))).toEqual(['Tombstone']);
  for (const path of everything) expect({ path, left: await namesInWest(path) }).toEqual({ path, left: [] });
  expect(await volumesInWest()).toEqual([]);

  const verdict = await judge({ ...evidenceOf(scenario), since, leaving, storesFloor: 3, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
});
