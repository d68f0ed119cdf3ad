/**
 * A TidbCluster that stands alone migrates to across-Kubernetes, against the real operator and a real etcd behind every PD: first with a
 * domain that is not the real one, then with the right one; then another TidbCluster joins it. And once more with TLS.
 */
import { judge } from '../../lab/oracle/judge.ts';
import { deploymentSchema } from '../../lab/deploy/deployment.ts';
import { tidbClusterManifest } from '../../lab/deploy/tidb-cluster-manifest.ts';
import type { Report } from '../../src/protocol/run.ts';
import { alone, approved, domain, expectedPeerUrls, leaderOf, migrate, probes } from '../faults/migration.ts';
import { from } from '../faults/scenario.ts';
import type { Scenario } from '../faults/scenario.ts';
import { evidenceOf } from './ground/evidence.ts';
import { healthOf, membersOf } from './ground/members.ts';
import type { Member, Tls } from './ground/members.ts';

jest.setTimeout(900_000);

const name = 'migratereal';
/** Milliseconds for a PD that joins or leaves, on a busy computer. */
const joinPatience = 400_000;

let scenario: Scenario;
beforeAll(async () => {
  scenario = await alone(name);
  await scenario.worker();
});
afterAll(() => scenario.end());

const ids = (list: Member[]): string[] => list.map(({ ID }) => ID).sort();

/** The rows stay in the plan's order, but a roll moves the lead: the leader of the moment gives way to the followers. */
function lastWritten({ steps }: Report): string | undefined {
  const written = steps.filter(({ id }) => id.startsWith('peer-url/'));
  return written.toSorted((one, other) => String(one.endedAt).localeCompare(String(other.endedAt))).at(-1)?.id;
}

/** Runs it to the end, and looks at what it did: in etcd, in PD, in Kubernetes, and through the oracle. */
async function migratesWell(of: Scenario, tls?: Tls): Promise<void> {
  const since = new Date().toISOString();
  const before = await membersOf(of, tls);
  expect(before.flatMap(({ peerURLs }) => peerURLs).filter((url) => url.includes(domain))).toEqual([]);
  const report = await of.report(await approved(of, await migrate(of)));
  expect(report.phase).toBe('done');
  const steps = ['probe/east', 'across/east', ...Array.from({ length: 3 }, () => `peer-url/${of.name}-east-pd-n`), 'verify/all'];
  expect(report.steps.map(({ id, state }) => `${id.replace(/\d$/, 'n')} ${state}`)).toEqual(steps.map((id) => `${id} done`));
  expect(lastWritten(report)).toBe(`peer-url/${await leaderOf(of)}`);

  const after = await membersOf(of, tls);
  const urls = expectedPeerUrls(of.name, tls ? 'https' : 'http');
  expect(ids(after)).toEqual(ids(before));
  expect(after.flatMap(({ peerURLs }) => peerURLs).sort()).toEqual(urls);
  expect(after.flatMap(({ clientURLs }) => clientURLs).sort()).toEqual(urls.map((url) => url.replace(/2380$/, '2379')));
  expect(await healthOf(of, tls)).toEqual([true, true, true]);
  expect((await of.tidbCluster('east'))['spec']).toMatchObject({ acrossK8s: true, clusterDomain: domain, configUpdateStrategy: 'RollingUpdate' });
  expect(await probes(of)).toEqual([]);

  const verdict = await judge({ ...evidenceOf(of), since, migrates: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
  expect(verdict.invariants.flatMap(({ evidence }) => evidence).join('\n')).toContain('3 peer URLs were written');
}

test("a domain that the cluster's DNS does not know holds the run before the TidbCluster is touched, and abort leaves nothing", async () => {
  const { metadata: before } = await scenario.tidbCluster('east');
  const run = await approved(scenario, await migrate(scenario, { clusterDomain: 'north.local' }));
  const held = await scenario.untilHeld(run, /north\.local is not the domain of east/);
  expect(held.hold).toMatchObject({ step: 'probe/east', reasons: [{ clears: 'decision' }] });
  await scenario.decide(run, { decision: 'abort', by: 'bob', reason: 'a slip' });
  expect((await scenario.report(run)).phase).toBe('aborted');
  expect(await probes(scenario)).toEqual([]);
  expect((await scenario.tidbCluster('east')).metadata['generation']).toBe(before['generation']);
});

test('everything rolls, then peer URLs come one by one, the leader last; etcd itself has every URL with the domain', () => migratesWell(scenario));

test('what was migrated can be joined from another Kubernetes cluster', async () => {
  const replicas = { pd: 1, tikv: 1 };
  const deployment = deploymentSchema.parse({ name, version: from, members: (['east', 'west'] as const).map((cluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas })) });
  const [, joining] = deployment.members;
  if (!joining) throw new Error('no second member');
  const west = scenario.admin('west');
  await west.create('/api/v1/namespaces', { metadata: { name } });
  await west.create(`/apis/pingcap.com/v1alpha1/namespaces/${name}/tidbclusters`, tidbClusterManifest(deployment, joining));
  try {
    await scenario.eventually('PD in west has joined and all four are healthy', async () => String(await healthOf(scenario)) === 'true,true,true,true', joinPatience);
    expect((await membersOf(scenario)).flatMap(({ peerURLs }) => peerURLs)).toContain(`http://${name}-west-pd-0.${name}-west-pd-peer.${name}.svc.west.local:2380`);
  } finally {
    await west.remove(scenario.path('west'));
    await scenario.eventually('its pods are gone', async () => (await west.list(`/api/v1/namespaces/${name}/pods`)).items.length === 0, joinPatience);
  }
});

test('with TLS, and configUpdateStrategy set before: https URLs, for which the members prove who they are', async () => {
  const secure = await alone('migratetls', { tls: true, strategy: 'RollingUpdate', replicas: { pd: 3, tikv: 1 } });
  try {
    await secure.worker();
    const { data } = (await secure.admin('east').get('/api/v1/namespaces/migratetls/secrets/migratetls-east-cluster-client-secret')) as unknown as { data: Record<string, string> };
    const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
    await migratesWell(secure, { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') });
  } finally {
    await secure.end();
  }
});
