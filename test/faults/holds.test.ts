/** What makes a run hold, in which words, and how it goes on. */
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario, bare, from, to } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

const isDone = (id: string) => (status: { steps: { id: string; state: string }[] }) => status.steps.some((step) => step.id === id && step.state === 'done');
const isWaiting = (id: string) => (status: { steps: { id: string; state: string }[] }) => status.steps.some((step) => step.id === id && step.state === 'waiting');

test('a store Down between two steps holds the run, and it clears by itself', async () => {
  scenario = await Scenario.begin('storedown');
  await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, isDone('pd/east'));
  const up = await scenario.fault({ kind: 'store-down', scope: { database: 'storedown', pod: 'storedown-south-tikv-0' } });
  const held = await scenario.untilHeld(run, /storedown-south-tikv-0.* is Down/);
  expect(held.hold?.reasons.every((reason) => reason.clears === 'itself')).toBe(true);
  await up();
  expect((await scenario.report(run)).phase).toBe('done');
});

test('discovery of one TidbCluster gone: its roll does not begin, and later is frozen between two pods; no two stores are away, and both times it goes on by itself', async () => {
  scenario = await Scenario.begin('askers', { replicas: { pd: 1, tikv: 3, tidb: 1 } });
  await scenario.worker();
  const ofWest = { database: 'askers', kubernetesCluster: 'west' };
  const words = /its discovery pod askers-west-discovery-\S+ does not run \(CrashLoopBackOff\)/;
  const itIsBack = await scenario.fault({ kind: 'discovery-gone', scope: ofWest });
  const run = await scenario.upgrade();
  const before = await scenario.untilHeld(run, words);
  expect(before.hold).toMatchObject({ step: 'pd/west', reasons: [{ clears: 'itself' }] });
  expect((await scenario.tidbCluster('west'))['spec'].pd.version ?? from).toBe(from);

  // The second of three pods does not restart as long as its leaders do not leave it.
  const leadersMove = await scenario.fault({ kind: 'leaders-frozen', scope: { ...ofWest, pod: 'askers-west-tikv-1' } });
  await itIsBack();
  const storesOfWest = async (): Promise<Record<string, { state: string; version: string; isEvicting: boolean }>> => {
    const { stores } = await scenario.lab.database('askers');
    const seen = stores.map((store) => [/^askers-west-(tikv-\d)/.exec(store.address)?.[1] ?? '', { state: store.state, version: bare(store.version), isEvicting: store.isEvicting }] as const);
    return Object.fromEntries(seen.filter(([pod]) => pod !== ''));
  };
  await scenario.eventually('the second pod is to be restarted', async () => (await storesOfWest())['tikv-1']?.isEvicting === true, 120_000);
  const itIsBackAgain = await scenario.fault({ kind: 'discovery-gone', scope: ofWest });
  const during = await scenario.untilHeld(run, words);
  expect(during.hold?.reasons.map(({ message }) => message).join()).toMatch(/the roll is frozen by spec\.paused until this is over/);
  await leadersMove();
  expect((await scenario.tidbCluster('west'))['spec'].paused).toBe(true);
  expect(await storesOfWest()).toMatchObject({ 'tikv-2': { state: 'Up', version: bare(to) }, 'tikv-1': { state: 'Up', version: bare(from) }, 'tikv-0': { state: 'Up', version: bare(from) } });
  await itIsBackAgain();
  expect((await scenario.report(run)).phase).toBe('done');
  const verdict = await judge({ ...scenario.evidence, expectChanges: true });
  expect(verdict.invariants.filter(({ held }) => !held)).toEqual([]);
});

test('a store lost between two pods of one roll: the brake freezes the roll and releases it when the store is back', async () => {
  scenario = await Scenario.begin('brake', { replicas: { pd: 1, tikv: 3, tidb: 1 } });
  await scenario.worker();
  // The roll goes from the highest ordinal down and waits before its last pod, whose leaders do not move for now.
  const thaw = await scenario.fault({ kind: 'leaders-frozen', scope: { database: 'brake', pod: 'brake-west-tikv-0' } });
  const run = await scenario.upgrade();
  await scenario.until(run, isWaiting('tikv/west'));
  const up = await scenario.fault({ kind: 'store-down', scope: { database: 'brake', pod: 'brake-east-tikv-0' } });
  await scenario.untilHeld(run, /frozen by spec\.paused/);
  const frozen = await scenario.tidbCluster('west');
  expect(frozen['spec'].paused).toBe(true);
  expect(frozen.metadata['annotations']['tidb-runbooks.io/brake']).toContain('brake-east-tikv-0');
  const last = (await scenario.lab.database('brake')).stores.find((store) => store.address.startsWith('brake-west-tikv-0'));
  expect(last && bare(last.version)).toBe(bare(from));
  await up();
  await thaw();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  const released = await scenario.tidbCluster('west');
  expect(released['spec'].paused ?? false).toBe(false);
  expect(released.metadata['annotations']?.['tidb-runbooks.io/brake']).toBeUndefined();
});

test('paused set by somebody else is left alone: the run holds until they release it', async () => {
  scenario = await Scenario.begin('paused');
  await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, isDone('pd/east'));
  await scenario.patch('south', { spec: { paused: true } });
  await scenario.untilHeld(run, /south is paused by somebody else/);
  expect((await scenario.tidbCluster('south'))['spec'].paused).toBe(true);
  await scenario.patch('south', { spec: { paused: false } });
  expect((await scenario.report(run)).phase).toBe('done');
});

test('an image that cannot be pulled is a stall in words; after the repair, retry goes on', async () => {
  scenario = await Scenario.begin('image');
  await scenario.worker();
  const repair = await scenario.fault({ kind: 'image-not-pullable', image: 'pingcap/tikv:v8\\.5\\.4', scope: { database: 'image', kubernetesCluster: 'west' } });
  const run = await scenario.upgrade();
  const held = await scenario.untilHeld(run, /image-west-tikv-0 cannot pull its image/);
  expect(held.hold?.step).toBe('tikv/west');
  await repair();
  await scenario.decide(run, { decision: 'retry', by: 'alice', step: 'tikv/west' }).catch((error: unknown) => expect(String((error as Error).cause)).toMatch(/not held/));
  expect((await scenario.report(run)).phase).toBe('done');
});

test('a manual change to the TidbCluster in the middle is drift: the run holds by decision, names the field and who changed it, and retry accepts it', async () => {
  scenario = await Scenario.begin('drift');
  await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, isDone('pd/east'));
  await scenario.patch('south', { spec: { tidb: { maxFailoverCount: 7 } } });
  const held = await scenario.untilHeld(run, /spec\.tidb\.maxFailoverCount .* was changed after the plan was made/);
  expect(held.hold?.reasons[0]?.clears).toBe('decision');
  const step = held.hold?.step ?? '';
  await scenario.decide(run, { decision: 'retry', by: 'alice', step });
  expect((await scenario.report(run)).phase).toBe('done');
});

test('a drift that is changed back clears by itself', async () => {
  scenario = await Scenario.begin('driftback');
  await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, isDone('pd/east'));
  await scenario.patch('south', { spec: { tidb: { maxFailoverCount: 7 } } });
  await scenario.untilHeld(run, /maxFailoverCount/);
  await scenario.patch('south', { spec: { tidb: { maxFailoverCount: null } } });
  expect((await scenario.report(run)).phase).toBe('done');
});
