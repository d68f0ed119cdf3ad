/**
 * A TidbCluster that stands alone migrates to across-Kubernetes, against the real operator and a real etcd behind every PD: first with a
 * domain that is not the real one, then with the right one; then another TidbCluster joins it.
 */
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { judge } from '../../lab/oracle/judge.ts';
import { deploymentSchema } from '../../lab/deploy/deployment.ts';
import { tidbClusterManifest } from '../../lab/deploy/tidb-cluster-manifest.ts';
import { alone, approved, domain, expectedPeerUrls, leaderOf, migrate, probes } from '../faults/migration.ts';
import { from } from '../faults/scenario.ts';
import type { Scenario } from '../faults/scenario.ts';
import { evidenceOf } from './ground/evidence.ts';
import { askPd } from './ground/pd.ts';

jest.setTimeout(900_000);

const name = 'migratereal';
/** Milliseconds for a PD that joins, on a busy computer. */
const joinPatience = 400_000;

let scenario: Scenario;
beforeAll(async () => {
  scenario = await alone(name);
  await scenario.worker();
});
afterAll(() => scenario.end());

interface Member {
  ID: string;
  name: string;
  peerURLs: string[];
  clientURLs: string[];
}

/** etcd's own list, asked of the first PD. */
async function members(): Promise<Member[]> {
  const { text } = await askPd(scenario, 'east', { method: 'POST', path: '/v3/cluster/member/list', body: {} });
  return (JSON.parse(text) as { members: Member[] }).members;
}

async function health(): Promise<{ name: string; health: boolean }[]> {
  return JSON.parse((await askPd(scenario, 'east', { path: '/pd/api/v1/health' })).text) as { name: string; health: boolean }[];
}

const ids = (list: Member[]): string[] => list.map(({ ID }) => ID).sort();

test("a domain that the cluster's DNS does not know holds the run before anything is patched, and abort leaves nothing", async () => {
  const since = new Date().toISOString();
  const run = await approved(scenario, await migrate(scenario, { clusterDomain: 'north.local' }));
  const held = await scenario.untilHeld(run, /north\.local is not the domain of east/);
  expect(held.hold).toMatchObject({ step: 'probe/east', reasons: [{ clears: 'decision' }] });
  await scenario.decide(run, { decision: 'abort', by: 'bob', reason: 'a slip' });
  expect((await scenario.report(run)).phase).toBe('aborted');
  expect(await probes(scenario)).toEqual([]);
  expect((await changedNothing({ ...evidenceOf(scenario), since })).held).toBe(true);
});

test('everything rolls, then peer URLs come one by one, the leader last; etcd itself has every URL with the domain', async () => {
  const since = new Date().toISOString();
  const before = await members();
  expect(before.flatMap(({ peerURLs }) => peerURLs).filter((url) => url.includes(domain))).toEqual([]);
  const report = await scenario.report(await approved(scenario, await migrate(scenario)));
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id, state }) => `${id.replace(/\d$/, 'n')} ${state}`)).toEqual(['probe/east', 'across/east', ...Array.from({ length: 3 }, () => `peer-url/${name}-east-pd-n`), 'verify/all'].map((id) => `${id} done`));

  const after = await members();
  expect(ids(after)).toEqual(ids(before));
  expect(after.flatMap(({ peerURLs }) => peerURLs).sort()).toEqual(expectedPeerUrls(name));
  expect(after.flatMap(({ clientURLs }) => clientURLs).sort()).toEqual(expectedPeerUrls(name).map((url) => url.replace(/2380$/, '2379')));
  expect((await health()).map((each) => each.health)).toEqual([true, true, true]);
  expect(report.steps.filter(({ id }) => id.startsWith('peer-url/')).at(-1)?.id).toBe(`peer-url/${await leaderOf(scenario)}`);
  expect((await scenario.tidbCluster('east'))['spec']).toMatchObject({ acrossK8s: true, clusterDomain: domain, configUpdateStrategy: 'RollingUpdate' });
  expect(await probes(scenario)).toEqual([]);

  const verdict = await judge({ ...evidenceOf(scenario), since, migrates: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
  expect(verdict.invariants.flatMap(({ evidence }) => evidence).join('\n')).toContain('3 peer URLs were written');
});

test('what was migrated can be joined from another Kubernetes cluster', async () => {
  const replicas = { pd: 1, tikv: 1 };
  const deployment = deploymentSchema.parse({ name, version: from, members: (['east', 'west'] as const).map((cluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas })) });
  const [, joining] = deployment.members;
  if (!joining) throw new Error('no second member');
  const west = scenario.admin('west');
  await west.create('/api/v1/namespaces', { metadata: { name } });
  await west.create(`/apis/pingcap.com/v1alpha1/namespaces/${name}/tidbclusters`, tidbClusterManifest(deployment, joining));
  try {
    await scenario.eventually('PD in west has joined and all four are healthy', async () => {
      const all = await health();
      return all.length === 4 && all.every((each) => each.health);
    }, joinPatience);
    expect((await members()).flatMap(({ peerURLs }) => peerURLs)).toContain(`http://${name}-west-pd-0.${name}-west-pd-peer.${name}.svc.west.local:2380`);
  } finally {
    await west.remove(scenario.path('west'));
    await scenario.eventually('its pods are gone', async () => (await west.list(`/api/v1/namespaces/${name}/pods`)).items.length === 0, joinPatience);
  }
});
