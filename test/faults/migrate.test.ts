/** Migration of a TidbCluster that stands alone, judged by PD's own membership and by the oracle. */
import { readFileSync } from 'node:fs';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import type { Plan } from '../../src/protocol/plan.ts';
import { end } from './ground/processes.ts';
import { alone, approved, domain, expectedPeerUrls, expectMigrated, leaderOf, migrate, peerUrls, probes, statesOf } from './migration.ts';
import type { Scenario } from './scenario.ts';
import { historyText } from './histories.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('configUpdateStrategy unset: one patch rolls everything, then peer URLs one by one, the leader last; a second run adopts all', async () => {
  scenario = await alone('straightmig');
  await scenario.worker();
  const leader = await leaderOf(scenario);
  const report = await scenario.report(await approved(scenario, await migrate(scenario)));
  expect(report.phase).toBe('done');
  const steps = report.steps.map((step) => step.id);
  expect(steps).toEqual(['probe/east', 'across/east', ...steps.slice(2, 4), `peer-url/${leader}`, 'verify/all']);
  expect(new Set(report.steps.map((step) => step.state))).toEqual(new Set(['done']));
  expect((await scenario.tidbCluster('east'))['spec'].configUpdateStrategy).toBe('RollingUpdate');
  await expectMigrated(scenario);
  expect(report.steps.at(-1)?.proof?.['aJoiningPdIsTold']).toContain('straightmig-east-pd-0.straightmig-east-pd-peer.straightmig.svc.east.local:2379');

  const again = await scenario.report(await migrate(scenario));
  expect(new Set(Object.values(statesOf(again)))).toEqual(new Set(['adopted']));
});

test('with TLS, and configUpdateStrategy set: https peer URLs, and no key material in the history or the log', async () => {
  scenario = await alone('tlsmig', { tls: true, strategy: 'RollingUpdate' });
  const worker = await scenario.worker();
  const run = await approved(scenario, await migrate(scenario));
  expect((await scenario.report(run)).phase).toBe('done');
  await expectMigrated(scenario, { scheme: 'https' });
  const history = await historyText(run);
  expect(history).toContain('tlsmig-east-pd-0');
  const log = readFileSync(worker.log, 'utf8');
  for (const secret of ['cluster-client', 'pd-cluster']) {
    const { 'tls.key': key = '' } = (await scenario.admin('east').get(`/api/v1/namespaces/tlsmig/secrets/tlsmig-east-${secret}-secret`))['data'] as Record<string, string>;
    const line = Buffer.from(key, 'base64').toString().split('\n')[1] ?? '';
    expect(line.length).toBeGreaterThan(20);
    expect([history, log].filter((text) => text.includes(line) || text.includes(key))).toEqual([]);
  }
});

test("PD 8.3 with its gRPC gateway turned off: peer URLs are written over etcd's v2 API", async () => {
  scenario = await alone('v2mig', { version: 'v8.3.0', replicas: { pd: 3, tikv: 1 } });
  await scenario.fault({ kind: 'grpc-gateway-off', scope: { database: 'v2mig' } });
  await scenario.worker();
  const run = await migrate(scenario);
  await scenario.until(run, (status) => status.phase === 'awaiting-approval');
  expect((await run.query<Plan>('plan')).notes.join()).toContain("etcd's v2 API");
  expect((await scenario.report(await approved(scenario, run))).phase).toBe('done');
  expect(await peerUrls(scenario)).toEqual(expectedPeerUrls('v2mig'));
});

test('without a cluster domain: only acrossK8s, and the peer URLs are right already', async () => {
  scenario = await alone('samedomain');
  await scenario.worker();
  const before = await peerUrls(scenario);
  const report = await scenario.report(await approved(scenario, await migrate(scenario, { clusterDomain: undefined })));
  expect(report.phase).toBe('done');
  expect(Object.values(statesOf(report))).toEqual(['done', 'adopted', 'adopted', 'adopted', 'done']);
  expect(await peerUrls(scenario)).toEqual(before);
  expect((await scenario.tidbCluster('east'))['spec']).toMatchObject({ acrossK8s: true });
});

test('acrossK8s set by hand, which rolled nothing: PD, TiKV and TiDB are restarted in that order, and the rest is done', async () => {
  scenario = await alone('byhand');
  const { uid } = (await scenario.admin('east').get('/api/v1/namespaces/byhand/pods/byhand-east-pd-0')).metadata;
  await scenario.patch('east', { spec: { acrossK8s: true, clusterDomain: domain } });
  await scenario.eventually('the operator rewrote the ConfigMap of PD', async () => {
    const { items } = await scenario.admin('east').list('/api/v1/namespaces/byhand/configmaps');
    return items.some((each) => String(each.metadata['name']).startsWith('byhand-east-pd') && JSON.stringify(each['data']).includes(domain));
  });
  await scenario.worker();
  const report = await scenario.report(await approved(scenario, await migrate(scenario)));
  expect(report.phase).toBe('done');
  expect(statesOf(report)).toMatchObject({ 'across/east': 'adopted', 'restart/pd': 'done', 'restart/tikv': 'done', 'restart/tidb': 'done' });
  expect((await scenario.admin('east').get('/api/v1/namespaces/byhand/pods/byhand-east-pd-0')).metadata['uid']).not.toBe(uid);
  await expectMigrated(scenario);
  const again = await scenario.report(await migrate(scenario));
  expect(new Set(Object.values(statesOf(again)))).toEqual(new Set(['adopted']));
});

test('a member whose new URL does not resolve for the others holds the run with that reason; mended, it goes on by itself', async () => {
  scenario = await alone('unresolvable');
  await scenario.worker();
  const run = await migrate(scenario);
  // Whichever is the first: the roll decides who leads, and the leader's turn is the last.
  const mend = await scenario.fault({ kind: 'member-url-unresolvable', scope: { database: 'unresolvable' } });
  await approved(scenario, run);
  const held = await scenario.untilHeld(run, /PD member .* is not healthy in PD's own view/);
  // No other member was touched.
  const written = (await peerUrls(scenario)).filter((url) => url.includes(domain));
  expect(written.map((url) => `peer-url/${new URL(url).hostname.split('.')[0]}`)).toEqual([held.hold?.step]);
  await mend();
  expect((await scenario.report(run)).phase).toBe('done');
  await expectMigrated(scenario);
});

test('discovery is gone before the patch, and again in the middle of the roll: nothing is patched, or restarted, until it is back', async () => {
  scenario = await alone('nodiscovery');
  await scenario.worker();
  const run = await migrate(scenario);
  const gone = { kind: 'discovery-gone', scope: { database: 'nodiscovery' } } as const;
  const itIsBack = await scenario.fault(gone);
  await approved(scenario, run);
  const words = /its discovery pod nodiscovery-east-discovery-\S+ does not run \(CrashLoopBackOff\); with acrossK8s the pods of TiKV, TiDB and the others ask it/;
  const before = await scenario.untilHeld(run, words);
  expect(before.hold).toMatchObject({ step: 'across/east', reasons: [{ clears: 'itself' }] });
  expect((await scenario.tidbCluster('east'))['spec'].acrossK8s ?? false).toBe(false);

  // Until its leaders have left it, no store's pod restarts: PD alone is through when discovery goes again.
  const leadersMove = await scenario.fault({ kind: 'leaders-frozen', scope: { database: 'nodiscovery' } });
  await itIsBack();
  const { lab } = scenario;
  await scenario.eventually('PD is known by its new names, and TiKV begins', async () => {
    const { members, stores } = await lab.database('nodiscovery');
    return members.every(({ name }) => name.endsWith(domain)) && stores.some(({ isEvicting }) => isEvicting);
  });
  const itIsBackAgain = await scenario.fault(gone);
  const during = await scenario.untilHeld(run, words);
  expect(during.hold?.reasons.map(({ message }) => message).join()).toMatch(/the roll is frozen by spec\.paused until this is over/);
  await leadersMove();
  expect((await scenario.tidbCluster('east'))['spec'].paused).toBe(true);
  expect((await lab.database('nodiscovery')).stores.map(({ state, address }) => [state, address.includes(domain)])).toEqual([['Up', false], ['Up', false], ['Up', false]]);
  await itIsBackAgain();
  expect((await scenario.report(run)).phase).toBe('done');
  await expectMigrated(scenario);
});

test("PD's leader is lost between two members: nothing is written until one leads again", async () => {
  scenario = await alone('leaderlost');
  await scenario.worker();
  const run = await approved(scenario, await migrate(scenario));
  await scenario.until(run, (status) => status.steps.some((step) => step.id.startsWith('peer-url/') && ['applying', 'waiting', 'done'].includes(step.state)));
  const back = await scenario.fault({ kind: 'pd-leader-lost', scope: { database: 'leaderlost' } });
  await scenario.untilHeld(run, /leader|does not answer|not healthy/);
  const during = await peerUrls(scenario);
  expect(during.filter((url) => url.includes(domain)).length).toBeLessThan(3);
  await back();
  expect((await scenario.report(run)).phase).toBe('done');
  // Without a leader nobody hears the stores' heartbeats: that they look Disconnected is the fault's doing.
  await expectMigrated(scenario, { apartFrom: 'TiKV stores stay Up but one' });
});

test('SIGKILL of the worker between its calls, an answer that is lost, and a run that is terminated: a new run ends right', async () => {
  scenario = await alone('killedmig');
  let worker = await scenario.worker();
  const killed = async (): Promise<void> => {
    await end(worker, 'SIGKILL');
    worker = await scenario.worker();
  };
  await scenario.fault({ kind: 'api-proxy', effect: { kind: 'lose-answer' }, methods: ['PATCH'], path: 'tidbclusters', count: 1, scope: { kubernetesCluster: 'east' } });
  const run = await approved(scenario, await migrate(scenario));
  await scenario.eventually('a pod looks names up', async () => (await probes(scenario)).length > 0);
  await killed();
  await scenario.eventually('the patch is written', async () => (await scenario.tidbCluster('east'))['spec'].acrossK8s === true);
  await killed();
  await scenario.eventually('PD is known by a new name', async () => (await scenario.lab.database('killedmig')).members.some((member) => member.name.includes(domain)));
  await killed();
  await scenario.eventually('one peer URL is written', async () => (await peerUrls(scenario)).some((url) => url.includes(domain)), 180_000);
  await end(worker, 'SIGKILL');
  await run.terminate('a person lost patience');
  const written = (await peerUrls(scenario)).filter((url) => url.includes(domain)).length;

  worker = await scenario.worker();
  const report = await scenario.report(await approved(scenario, await migrate(scenario)));
  expect(report.phase).toBe('done');
  expect(Object.entries(statesOf(report)).filter(([id, state]) => id.startsWith('peer-url/') && state === 'adopted')).toHaveLength(written);
  await expectMigrated(scenario);
});

/** As TiDB Operator leaves one that is complete. */
function backup(name: string, spec: object): object {
  return {
    apiVersion: 'pingcap.com/v1alpha1', kind: 'Backup', metadata: { name },
    spec: { br: { cluster: 'refusedmig-east', clusterNamespace: 'refusedmig' }, ...spec },
    status: { commitTs: '452', timeStarted: new Date().toISOString(), timeCompleted: new Date().toISOString(), conditions: [{ type: 'Complete', status: 'True' }] },
  };
}

describe('what is refused writes nothing', () => {
  const refused = async (input: object): Promise<string> => {
    const run = await scenario.start('migrateCluster', { gates: 'plan', ...input });
    return run.result().then(() => 'not refused', (error: unknown) => String((error as { cause?: Error }).cause?.message));
  };

  test('malformed domains, missing consent, no backup, a spread cluster: one sentence each, and no write', async () => {
    scenario = await alone('refusedmig', { replicas: { pd: 3, tikv: 1 } });
    await scenario.worker();
    const since = new Date().toISOString();
    const right = { clusterDomain: domain, acceptRisk: true, backupWaiver: 'a test' };
    expect(await refused({ ...right, acceptRisk: undefined })).toMatch(/acceptRisk: this is experimental and may lose data/);
    expect(await refused({ ...right, gates: 'none' })).toMatch(/gates: "none" is refused/);
    for (const malformed of ['East.local', 'east.local.', '${domain}', 'east local', 'http://east.local']) expect(await refused({ ...right, clusterDomain: malformed })).toMatch(/is not a DNS domain/);
    expect(await refused({ clusterDomain: domain, acceptRisk: true })).toMatch(/no complete full Backup of it was found/);
    await scenario.admin('east').create('/apis/pingcap.com/v1alpha1/namespaces/refusedmig/backups', backup('log', { backupMode: 'log' }));
    expect(await refused({ clusterDomain: domain, acceptRisk: true })).toMatch(/no complete full Backup of it was found/);
    await scenario.admin('east').create('/apis/pingcap.com/v1alpha1/namespaces/refusedmig/backups', backup('daily', {}));
    const planned = await scenario.start('migrateCluster', { gates: 'plan', mode: 'plan', clusterDomain: domain, acceptRisk: true });
    expect(JSON.stringify(await planned.result())).toContain('Backup: refusedmig/daily, commit ts 452');
    expect(await changedNothing({ ...scenario.evidence, since })).toMatchObject({ held: true });
  });

  test('a domain that is not the real one: the probe holds the run before anything is patched, and abort leaves nothing', async () => {
    scenario = await alone('wrongdomain', { replicas: { pd: 3, tikv: 1 } });
    await scenario.worker();
    const run = await approved(scenario, await migrate(scenario, { clusterDomain: 'west.local' }));
    const held = await scenario.untilHeld(run, /west\.local is not the domain of east/);
    expect(held.hold).toMatchObject({ step: 'probe/east', reasons: [{ clears: 'decision' }] });
    await scenario.decide(run, { decision: 'abort', by: 'bob', reason: 'a slip' });
    expect((await scenario.report(run)).phase).toBe('aborted');
    expect(await probes(scenario)).toEqual([]);
    expect((await scenario.tidbCluster('east'))['spec'].acrossK8s ?? false).toBe(false);
  });
});
