/** Upgrades that do not go smoothly, against the real operator. One TiDB cluster for all, upgraded again and again. */
import type { WorkflowHandle } from '@temporalio/client';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario, to } from '../faults/scenario.ts';
import type { KubernetesCluster } from '../faults/scenario.ts';
import { end } from '../faults/ground/processes.ts';
import { evidenceOf } from './ground/evidence.ts';

jest.setTimeout(900_000);

let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.begin('troubles');
});
afterAll(() => scenario.end());

type Steps = { steps: { id: string; state: string }[] };
const isIn = (id: string, state: string) => (status: Steps): boolean => status.steps.some((step) => step.id === id && step.state === state);

/** Milliseconds until a roll that was asked for begins, on a busy computer. */
const rollPatience = 300_000;

/** The operator has written the new template, and not all pods are of it. */
async function rolls(cluster: KubernetesCluster, component: string): Promise<boolean> {
  const { status } = await scenario.admin(cluster).get(`/apis/apps/v1/namespaces/troubles/statefulsets/troubles-${cluster}-${component}`);
  return status.updateRevision !== status.currentRevision;
}

/** Why a run does not begin. */
const refusalOf = async (input: object): Promise<string> => (await scenario.upgrade(input)).result().then(() => 'it was not refused', (error: unknown) => String((error as Error).cause));

/** A hold that has cleared by itself meanwhile needs no decision. */
async function retry(run: WorkflowHandle, step: string): Promise<void> {
  await scenario.decide(run, { decision: 'retry', by: 'alice', step }).catch((error: unknown) => expect(String((error as Error).cause)).toMatch(/not held/));
}

test('a worker killed, an operator dead for a while and an image that cannot be pulled: the run says so and ends well', async () => {
  const first = await scenario.worker();
  const refused = await scenario.fault({ kind: 'image-not-pullable', image: `tikv:${to}`, scope: { database: 'troubles', tidbCluster: 'troubles-west' } });
  const run = await scenario.upgrade();

  await scenario.until(run, isIn('pd/east', 'waiting'));
  await end(first, 'SIGKILL');
  await scenario.worker();

  await scenario.eventually('PD in south rolls', () => rolls('south', 'pd'), rollPatience);
  const revived = await scenario.fault({ kind: 'operator-stopped', scope: { kubernetesCluster: 'south' } });
  const waiting = await scenario.untilHeld(run, /TiDB Operator in south is down/);
  expect(waiting.hold?.step).toBe('pd/south');
  await revived();

  const stalled = await scenario.untilHeld(run, /troubles-west-tikv-0 cannot pull its image/);
  expect(stalled.hold?.step).toBe('tikv/west');
  await refused();
  await retry(run, 'tikv/west');

  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.filter((step) => step.state !== 'done').map((step) => step.id)).toEqual([]);
  const verdict = await judge({ ...evidenceOf(scenario), expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
});

/** The next version after `to`. */
const later = 'v8.5.5';

test('a half-done hand upgrade is adopted, and a pause by somebody else is waited for', async () => {
  await scenario.patch('east', { spec: { pd: { version: later } } });
  await scenario.eventually(`PD in east runs ${later}`, async () => (await scenario.lab.database('troubles')).members.some(({ origin, version, healthy }) => origin.kubernetesCluster === 'east' && version === later && healthy));
  const run = await scenario.upgrade({ version: later });
  await scenario.until(run, isIn('pd/west', 'waiting'));
  await scenario.patch('south', { spec: { paused: true } });
  await scenario.untilHeld(run, /south is paused by somebody else/);
  await scenario.patch('south', { spec: { paused: false } });

  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  const states = Object.fromEntries(report.steps.map((step) => [step.id, step.state]));
  expect(states).toMatchObject({ 'pd/east': 'adopted', 'pd/west': 'done', 'tikv/east': 'done', 'tidb/south': 'done' });
});

test('a TidbCluster that somebody has paused is refused in the plan: the operator would do nothing, and look Ready', async () => {
  await scenario.patch('south', { spec: { paused: true } });
  const since = new Date().toISOString();
  for (const mode of ['plan', 'run']) expect(await refusalOf({ version: 'v8.5.6', mode })).toMatch(/TidbCluster troubles\/troubles-south in south is paused by somebody else \(spec\.paused\)/);
  expect(await changedNothing({ ...evidenceOf(scenario), since })).toMatchObject({ held: true });
  await scenario.patch('south', { spec: { paused: false } });
});

test('what the operator refuses is an event of its own and Ready stays True; the run refuses to begin with that reason', async () => {
  // A PD address that is no URL: tidb-operator's own validation refuses the whole TidbCluster.
  await scenario.patch('west', { spec: { pdAddresses: ['not-a-url'] } });
  await scenario.eventually('the operator says FailedValidation', async () => {
    const { items } = await scenario.admin('west').list('/api/v1/namespaces/troubles/events');
    return items.some((event) => event['reason'] === 'FailedValidation');
  });
  const { status } = (await scenario.tidbCluster('west')) as unknown as { status: { conditions: { type: string; status: string }[] } };
  expect(status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True');
  expect(await refusalOf({ version: 'v8.5.6' })).toMatch(/the operator refuses TidbCluster troubles\/troubles-west in west: spec\.pdAddresses\[0\]: Invalid value: "not-a-url"/);
  await scenario.patch('west', { spec: { pdAddresses: null } });
});

test('TiProxy across Kubernetes clusters is refused before anything is touched; without us the operator rolls PD and nothing else, and says nothing', async () => {
  await scenario.patch('west', { spec: { tiproxy: { baseImage: 'pingcap/tiproxy', version: 'v1.3.0', replicas: 1 } } });
  const since = new Date().toISOString();
  expect(await refusalOf({ version: 'v8.5.6' })).toMatch(/troubles-west in west has spec\.tiproxy together with acrossK8s/);
  expect(await changedNothing({ ...evidenceOf(scenario), since })).toMatchObject({ held: true });

  await scenario.patch('west', { spec: { pd: { version: 'v8.5.6' }, tikv: { version: 'v8.5.6' } } });
  await scenario.eventually('PD in west runs v8.5.6', async () => (await scenario.lab.database('troubles')).members.some(({ origin, version, healthy }) => origin.kubernetesCluster === 'west' && version === 'v8.5.6' && healthy), 120_000);
  await scenario.eventually('PD in west is at rest again', async () => (await scenario.tidbCluster('west'))['status'].pd.phase === 'Normal');
  const { spec } = await scenario.admin('west').get('/apis/apps/v1/namespaces/troubles/statefulsets/troubles-west-tikv');
  expect((spec as { template: { spec: { containers: { name: string; image: string }[] } } }).template.spec.containers.find(({ name }) => name === 'tikv')?.image).not.toContain('v8.5.6');
  const { items } = await scenario.admin('west').list('/api/v1/namespaces/troubles/events');
  expect(items.filter((event) => /tiproxy/i.test(String(event['message'])) && event['type'] === 'Warning')).toEqual([]);

  // It was TiProxy that held TiKV back: without it TiKV rolls.
  await scenario.patch('west', { spec: { tiproxy: null } });
  await scenario.eventually('TiKV in west runs v8.5.6', async () => (await scenario.lab.database('troubles')).stores.some(({ origin, version }) => origin.kubernetesCluster === 'west' && version === '8.5.6'), 120_000);
});
