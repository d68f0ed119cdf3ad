/** Runs in which nothing goes wrong, and what they cost. */
import type { PlannedStep } from '../../src/protocol/plan.ts';
import { failure, planning, planOf, reason, steps } from './script.ts';
import type { Script } from './script.ts';
import { Stage } from './stage.ts';

/** Of one plain step: two activities of three events, each with a workflow task of three. */
const eventsPerStep = 12;
/** Of a full upgrade of three Kubernetes clusters. */
const fullRunSteps = 19;
const fullRunEvents = 300;

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

test('takes the lock, plans, applies and proves each step, cleans up and reports', async () => {
  const play = await stage.play(planning('pd/east', 'tikv/west'), { requestedBy: 'bob' });
  const report = await play.report();
  expect(play.cast.log).toEqual(['makePlan', 'acquireLock', 'applyStep pd/east', 'waitStep pd/east', 'applyStep tikv/west', 'waitStep tikv/west', 'cleanUp']);
  expect(report).toMatchObject({
    runbook: 'upgradeCluster',
    cluster: 'shop',
    requestedBy: 'bob',
    phase: 'done',
    message: 'Finished: 2 done, 0 adopted, 0 skipped of 2 steps',
    planHash: '0123456789ab',
    plan: { clusterId: '7342' },
    steps: [
      { id: 'pd/east', state: 'done', message: 'proved twice', proof: { step: 'pd/east' } },
      { id: 'tikv/west', state: 'done', proof: { step: 'tikv/west' } },
    ],
    remains: ['The lock is free'],
    decisions: [],
    ignoredDecisions: [],
  });
  expect(Date.parse(report.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(report.startedAt));
});

test('tells every activity who the run is, what was asked for and how patient to be', async () => {
  const play = await stage.play(planning('pd/east'), { settle: '35s', soak: '2m', stallAfter: '10m', takeOverLockOf: 'old' });
  await play.report();
  const run = { namespace: 'default', workflowId: play.handle.workflowId, runId: play.handle.firstExecutionRunId };
  expect(play.cast.of('acquireLock')).toEqual([{ runbook: 'upgradeCluster', cluster: 'shop', run, takeOverFrom: 'old' }]);
  expect(play.cast.of('makePlan')[0]?.input).toMatchObject({ cluster: 'shop', version: 'v8.5.4', mode: 'run', gates: 'none' });
  expect(play.cast.of('applyStep')[0]).toMatchObject({ run, step: { id: 'pd/east' }, accepted: [], patience: { settleMs: 35_000, soakMs: 120_000, stallMs: 600_000 } });
  expect(play.cast.of('waitStep')[0]?.known).toEqual([]);
});

test('mode plan returns the plan, takes no lock, asks nobody and changes nothing', async () => {
  const play = await stage.play(planning('pd/east'), { mode: 'plan', gates: 'step' });
  expect(await play.planResult()).toEqual({ mode: 'plan', plan: planOf(steps('pd/east')) });
  expect(play.cast.log).toEqual(['makePlan']);
  expect(await play.status()).toMatchObject({ phase: 'done', steps: [{ state: 'pending' }] });
});

test('a step that is postponed comes behind the last of its kind, once, and is asked no more whether it may wait', async () => {
  const last = { ...(steps('verify/all')[0] as PlannedStep), kind: 'verify-upgrade' };
  const script: Script = {
    makePlan: () => planOf([...steps('pd/east', 'pd/west', 'pd/south'), last]),
    applyStep: ({ mayBePostponed }, number) => (mayBePostponed && number < 3 ? { outcome: 'postponed', message: 'later' } : { outcome: 'applied', message: 'set' }),
  };
  const play = await stage.play(script, { gates: 'none' });
  const report = await play.report();
  expect(play.cast.of('applyStep').map(({ step, mayBePostponed }) => `${step.id} ${mayBePostponed ?? false}`)).toEqual(['pd/east true', 'pd/west true', 'pd/south true', 'pd/east false', 'pd/west false', 'verify/all false']);
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(['pd/east done', 'pd/west done', 'pd/south done', 'verify/all done']);
});

test('adopts a step that was done when the plan was made, without waiting', async () => {
  const play = await stage.play({ ...planning('pd/east!'), applyStep: () => ({ outcome: 'adopted', message: 'runs v2', proof: { image: 'v2' } }) }, { gates: 'step' });
  const report = await play.report();
  expect(play.cast.log).toEqual(['makePlan', 'acquireLock', 'applyStep pd/east', 'cleanUp']);
  expect(report.steps).toMatchObject([{ state: 'adopted', message: 'runs v2', proof: { image: 'v2' } }]);
});

test('proves a step that was found done later once more, and soaks nothing for what it did not write', async () => {
  const play = await stage.play({ ...planning('pd/east'), applyStep: () => ({ outcome: 'adopted', message: 'runs v2', proof: {} }) }, { soak: '1m', settle: '1s' });
  const report = await play.report();
  expect(play.cast.of('waitStep')).toMatchObject([{ patience: { settleMs: 1_000, soakMs: 0 } }]);
  expect(report.steps[0]?.state).toBe('adopted');
});

test('shows the plan before it is approved, with the guards that speak now', async () => {
  const plan = { ...planOf(steps('pd/east')), holds: [reason('store-down')] };
  const play = await stage.play({ makePlan: () => plan }, { gates: 'plan' });
  await play.untilPhase('awaiting-approval');
  expect(await play.handle.query('plan')).toEqual(plan);
  expect(await play.handle.query('report')).toMatchObject({ phase: 'awaiting-approval', plan, remains: [] });
  await play.approvePlan();
  await play.report();
});

test(`a plain step costs at most ${eventsPerStep} events, a run of ${fullRunSteps} steps with approval at most ${fullRunEvents}`, async () => {
  const ids = Array.from({ length: fullRunSteps }, (_, index) => `part${index}/east`);
  const short = await stage.play(planning(...ids.slice(0, 1)), { requestedBy: 'bob', gates: 'plan' });
  const long = await stage.play(planning(...ids), { requestedBy: 'bob', gates: 'plan' });
  await Promise.all([short.approvePlan(), long.approvePlan()]);
  await Promise.all([short.report(), long.report()]);
  const [few, many] = await Promise.all([short.eventCount(), long.eventCount()]);
  expect((many - few) / (fullRunSteps - 1)).toBeLessThanOrEqual(eventsPerStep);
  expect(many).toBeLessThanOrEqual(fullRunEvents);
});

test('a failure that Temporal retries is not seen by the run', async () => {
  const play = await stage.play({
    ...planning('pd/east'),
    applyStep: (_, number) => {
      if (number < 3) throw failure(number === 1 ? 'Unreachable' : 'Conflict', 'not now');
      return { outcome: 'applied', message: 'set' };
    },
  });
  expect((await play.report()).steps[0]?.state).toBe('done');
  expect(play.cast.of('applyStep')).toHaveLength(3);
});

test('doctor returns the checks', async () => {
  stage.checks = [{ subject: 'west', ok: false, message: 'does not answer' }];
  const handle = await stage.start('doctor', 'doctor-1', [{ cluster: 'shop' }]);
  expect(await handle.result()).toEqual(stage.checks);
  expect(await (await stage.start('doctor', 'doctor-2', [])).result()).toEqual(stage.checks);
});

test('doctor fails with the sentence of its activity', async () => {
  stage.checks = failure('NotFound', 'There is no TiDB cluster shop in the inventory');
  const handle = await stage.start('doctor', 'doctor-3', [{ cluster: 'shop' }]);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'NotFound', message: 'There is no TiDB cluster shop in the inventory' } });
});
