/** Migrations that do not go the usual way, against the real operator and a real etcd behind every PD: over etcd's v2 API, and with PD's leader lost on the way. */
import type { WorkflowHandle } from '@temporalio/client';
import { judge } from '../../lab/oracle/judge.ts';
import type { Plan } from '../../src/protocol/plan.ts';
import type { Report } from '../../src/protocol/run.ts';
import { alone, approved, domain, expectedPeerUrls, migrate, probes } from '../faults/migration.ts';
import type { Scenario } from '../faults/scenario.ts';
import { evidenceOf } from './ground/evidence.ts';
import { healthOf, membersOf } from './ground/members.ts';
import { askPd } from './ground/pd.ts';

jest.setTimeout(900_000);

const replicas = { pd: 3, tikv: 1 };

let scenario: Scenario;
afterEach(() => scenario.end());

/** What every migration must leave, whatever came between. */
async function expectMigrated(report: Report, peerUrls: string[]): Promise<void> {
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id, state }) => `${id.replace(/\d$/, 'n')} ${state}`)).toEqual(['probe/east', 'across/east', ...Array.from({ length: 3 }, () => `peer-url/${scenario.name}-east-pd-n`), 'verify/all'].map((id) => `${id} done`));
  expect(peerUrls.toSorted()).toEqual(expectedPeerUrls(scenario.name));
  expect(await healthOf(scenario)).toEqual([true, true, true]);
  expect((await scenario.tidbCluster('east'))['spec']).toMatchObject({ acrossK8s: true, clusterDomain: domain });
  expect(await probes(scenario)).toEqual([]);
  const verdict = await judge({ ...evidenceOf(scenario), migrates: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
  expect(verdict.invariants.flatMap(({ evidence }) => evidence).join('\n')).toContain('3 peer URLs were written');
}

/** etcd's own list over its v2 API. */
async function membersV2(): Promise<{ id: string; peerURLs: string[] }[]> {
  return (JSON.parse((await askPd(scenario, 'east', { path: '/v2/members' })).text) as { members: { id: string; peerURLs: string[] }[] }).members;
}

test("PD 8.3 with its gRPC gateway turned off: peer URLs are written over the v2 API of a real etcd 3.4", async () => {
  scenario = await alone('migratev2', { version: 'v8.3.0', replicas });
  await scenario.fault({ kind: 'grpc-gateway-off', scope: { database: 'migratev2' } });
  expect((await askPd(scenario, 'east', { method: 'POST', path: '/v3/cluster/member/list', body: {} })).status).toBe(404);
  const before = await membersV2();
  await scenario.worker();
  const run = await migrate(scenario);
  await scenario.until(run, ({ phase }) => phase === 'awaiting-approval');
  expect((await run.query<Plan>('plan')).notes.join()).toContain("etcd's v2 API");
  const report = await scenario.report(await approved(scenario, run));
  const after = await membersV2();
  expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
  await expectMigrated(report, after.flatMap(({ peerURLs }) => peerURLs));
});

/** Approves what is asked, gate by gate, until it is asked for one like this; its id. */
async function untilGate(run: WorkflowHandle, isIt: (id: string) => boolean): Promise<string> {
  for (;;) {
    const { gate } = await scenario.until(run, (status) => status.gate !== undefined);
    if (gate && isIt(gate.id)) return gate.id;
    await open(run, gate?.id ?? '');
  }
}

const open = async (run: WorkflowHandle, gate: string): Promise<void> => scenario.decide(run, { decision: 'approve', by: 'bob', gate });

/** By the words of each member's own etcd. */
async function leaders(): Promise<string[]> {
  const answers = await Promise.all([0, 1, 2].map((ordinal) => askPd(scenario, 'east', { ordinal, method: 'POST', path: '/v3/maintenance/status', body: {} })));
  return answers.map(({ text }) => (JSON.parse(text) as { leader?: string }).leader ?? '0');
}

const migrated = async (): Promise<string[]> => (await membersOf(scenario)).flatMap(({ peerURLs }) => peerURLs).filter((url) => url.includes(domain));

test("the etcds lose each other between two members, and none leads: nothing is written until one leads again, and then the rest is", async () => {
  scenario = await alone('migratelost', { replicas });
  await scenario.worker();
  const run = await approved(scenario, await migrate(scenario, { gates: 'step' }));
  const first = await untilGate(run, (id) => id.startsWith('step/peer-url/'));
  const second = await untilGate(run, (id) => id.startsWith('step/peer-url/') && id !== first);
  const written = await migrated();
  expect(written).toHaveLength(1);
  expect(new Set(await leaders()).size).toBe(1);

  const back = await scenario.fault({ kind: 'pd-leader-lost', scope: { database: 'migratelost' } });
  await scenario.eventually('no etcd knows a leader', async () => String(await leaders()) === '0,0,0');
  await open(run, second);
  const held = await scenario.untilHeld(run, /leader|does not answer/);
  expect(`step/${held.hold?.step}`).toBe(second);
  expect(await migrated()).toEqual(written);
  await back();

  await untilGate(run, (id) => id.startsWith('step/verify/'));
  await open(run, 'step/verify/all');
  const report = await scenario.report(run);
  expect(new Set(await leaders()).size).toBe(1);
  await expectMigrated(report, (await membersOf(scenario)).flatMap(({ peerURLs }) => peerURLs));
});
