/** Gates: where people are asked, who may answer, and what does not open them. */
import { planHash, planOf, planning, steps } from './script.ts';
import { Stage } from './stage.ts';
import type { Play } from './stage.ts';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

const twoByTwo = ['pd/east', 'pd/west', 'tikv/east', 'tikv/west'];

/** Approves whatever opens until the run has ended; answers with the gates and the steps applied before each. */
async function approveAll(play: Play): Promise<[string, number][]> {
  const seen: [string, number][] = [];
  for (;;) {
    const { gate } = await play.until((status) => status.phase === 'done' || (status.gate !== undefined && status.gate.id !== seen.at(-1)?.[0]));
    if (!gate) return seen;
    seen.push([gate.id, play.cast.of('applyStep').length]);
    await play.decide('approve', { gate: gate.id, ...(gate.id === 'plan' ? { planHash } : {}) });
  }
}

test.each([
  ['none', []],
  ['plan', [['plan', 0]]],
  ['component', [['plan', 0], ['component/pd', 0], ['component/tikv', 2]]],
  ['tidbcluster', [['plan', 0], ['tidbcluster/east', 0], ['tidbcluster/west', 1]]],
  ['step', [['plan', 0], ['step/pd/east', 0], ['step/pd/west', 1], ['step/tikv/east', 2], ['step/tikv/west', 3]]],
])('level %s asks at its gates, each before the first change behind it', async (gates, expected) => {
  const play = await stage.play(planning(...twoByTwo), { gates });
  expect(await approveAll(play)).toEqual(expected);
  expect((await play.report()).steps.every(({ state }) => state === 'done')).toBe(true);
});

test('a component whose first step is already done is asked for before the first that is not', async () => {
  const play = await stage.play(planning('pd/east!', 'pd/west', 'tikv/east!'), { gates: 'component' });
  expect(await approveAll(play)).toEqual([['plan', 0], ['component/pd', 1]]);
});

test('a question of a step is asked in its own words, and every call carries the anchor of the plan', async () => {
  const anchor = { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west' };
  const question = 'Delete TidbCluster shop/shop-east? Kept: 2 claims.';
  const play = await stage.play({ makePlan: () => ({ ...planOf(steps('tikv/east', 'delete/east').map((step) => (step.id === 'delete/east' ? { ...step, gate: question } : step))), anchor }) }, { gates: 'plan' });
  await play.untilPhase('awaiting-approval');
  await play.decide('approve', { gate: 'plan', planHash });
  const { gate } = await play.until((status) => status.gate?.id === 'step/delete/east');
  expect(gate?.question).toBe(question);
  await play.decide('approve', { gate: 'step/delete/east' });
  await play.report();
  const later = play.cast.calls.filter(({ activity }) => activity !== 'makePlan');
  expect(later.map(({ argument }) => argument.anchor)).toEqual(later.map(() => anchor));
});

test('a plan with nothing left to do asks nobody', async () => {
  const play = await stage.play(planning('pd/east!', 'pd/west!'), { gates: 'step' });
  expect((await play.report()).steps.map(({ state }) => state)).toEqual(['adopted', 'adopted']);
});

describe('the update decide refuses at once', () => {
  let play: Play;
  beforeAll(async () => {
    play = await stage.play(planning('pd/east'), { gates: 'step', requestedBy: 'bob', approvers: ['alice', 'bob'] });
    await play.untilPhase('awaiting-approval');
  });

  test.each([
    ['no gate', { planHash }, 'Refused: Name the gate to approve: the gate that is open now is plan'],
    ['another gate, early', { gate: 'step/pd/east' }, 'Refused: Gate step/pd/east is not open: the gate that is open now is plan'],
    ['no hash', { gate: 'plan' }, 'Refused: An approval of the plan names the hash (planHash) that the plan shows to its reader'],
    ['the hash of another plan', { gate: 'plan', planHash: 'abc' }, 'Refused: The hash abc belongs to another plan than the one that waits: read that one'],
    ['somebody who is not listed', { gate: 'plan', planHash, by: 'eve' }, 'Refused: eve is not among those who may approve: alice, bob'],
    ['the one who asked, in other letters', { gate: 'plan', planHash, by: 'Bob' }, 'Refused: Bob asked for this run and cannot approve it: somebody else has to (or start it with selfApproval)'],
    ['nobody', { gate: 'plan', planHash, by: ' ' }, 'InvalidInput: The input of decide cannot be used: by: must not be empty'],
    ['an unknown field', { gate: 'plan', planhash: 'x' }, 'InvalidInput: The input of decide cannot be used: planhash: no such field'],
  ])('an approval that names %s', async (_, argument, refusal) => {
    expect(await play.decide('approve', argument)).toBe(refusal);
    expect(await play.status()).toMatchObject({ phase: 'awaiting-approval', gate: { id: 'plan' }, decisions: [], ignoredDecisions: [] });
  });

  test('a rejection of another gate, retry, skip and resume', async () => {
    expect(await play.decide('reject', { gate: 'component/pd' })).toMatch(/^Refused: Gate component\/pd is not open/);
    expect(await play.decide('retry', { step: 'pd/east' })).toBe('Refused: The run does not hold, so there is nothing to retry');
    expect(await play.decide('skip', { step: 'pd/east', reason: 'x' })).toBe('Refused: Only the step that holds or waits can be skipped, and now none does');
    expect(await play.decide('resume')).toBe('Refused: The run is not paused, so there is nothing to resume');
  });

  test('a second approval of the same gate, and one after the end', async () => {
    expect(await play.decide('approve', { gate: 'plan', planHash })).toBe('alice approved plan');
    await play.until(({ gate }) => gate?.id === 'step/pd/east');
    expect(await play.decide('approve', { gate: 'plan', planHash })).toBe('Refused: Gate plan has been approved already');
    await play.decide('approve', { gate: 'step/pd/east' });
    const report = await play.report();
    expect(report.decisions).toMatchObject([{ decision: 'approve', by: 'alice', gate: 'plan', planHash }, { gate: 'step/pd/east' }]);
  });
});

test('selfApproval lets the one who asked approve', async () => {
  const play = await stage.play(planning('pd/east'), { gates: 'plan', requestedBy: 'bob', selfApproval: true });
  expect(await play.approvePlan('bob')).toBe('bob approved plan');
  expect((await play.report()).phase).toBe('done');
});

test('signals that do not fit are listed with the reason and open nothing', async () => {
  const play = await stage.play(planning('pd/east'), { gates: 'step', requestedBy: 'bob' });
  await play.untilPhase('awaiting-approval');
  await play.signal('approve');
  await play.signal('approve', 'yes');
  await play.signal('approve', { by: 'alice', gate: 'step/pd/east' });
  await play.signal('approve', { by: 'alice', gate: 'plan' });
  await play.signal('approve', { by: 'bob', gate: 'plan', planHash });
  await play.signal('approve', { by: 'alice', gates: 'plan' });
  await play.signal('aprove', { by: 'alice', gate: 'plan', planHash });
  const { ignoredDecisions, gate } = await play.until((status) => status.ignoredDecisions.length === 7);
  expect(gate?.id).toBe('plan');
  expect(ignoredDecisions.map(({ decision, by, reason }) => [decision, by, reason])).toEqual([
    ['approve', 'somebody', 'approve takes one JSON object, for example {"by":"alice"}, and got nothing'],
    ['approve', 'somebody', 'approve takes one JSON object, for example {"by":"alice"}, and got a string'],
    ['approve', 'alice', 'Gate step/pd/east is not open: the gate that is open now is plan'],
    ['approve', 'alice', 'An approval of the plan names the hash (planHash) that the plan shows to its reader'],
    ['approve', 'bob', 'bob asked for this run and cannot approve it: somebody else has to (or start it with selfApproval)'],
    ['approve', 'alice', 'The input of approve cannot be used: gates: no such field'],
    ['aprove', 'alice', 'There is no decision aprove: they are approve, reject, pause, resume, retry, skip, abort'],
  ]);
  await play.signal('approve', { by: 'alice', gate: 'plan', planHash });
  await play.until(({ gate: open }) => open?.id === 'step/pd/east');
  await play.signal('approve', { by: 'alice', gate: 'step/pd/east' });
  expect((await play.report()).ignoredDecisions).toHaveLength(7);
});

test('an approval that comes before its gate opens nothing', async () => {
  const play = await stage.play({ ...planning('pd/east'), acquireLock: async () => void (await play.signal('approve', { by: 'alice', gate: 'plan', planHash })) }, { gates: 'plan' });
  const { ignoredDecisions } = await play.untilPhase('awaiting-approval');
  expect(ignoredDecisions).toMatchObject([{ decision: 'approve', reason: 'Gate plan is not open: no gate is open now' }]);
  await play.approvePlan();
  expect((await play.report()).phase).toBe('done');
});

test('a rejected plan ends as aborted, cleaned up and with its report', async () => {
  const play = await stage.play(planning('pd/east', 'pd/west'), { gates: 'plan', requestedBy: 'bob' });
  await play.untilPhase('awaiting-approval');
  expect(await play.decide('reject', { by: 'bob', gate: 'plan', reason: 'not on a Friday' })).toBe('bob rejected plan: not on a Friday');
  const report = await play.report();
  expect(play.cast.log).toEqual(['makePlan', 'acquireLock', 'cleanUp']);
  expect(report).toMatchObject({ phase: 'aborted', message: 'bob rejected plan: not on a Friday', steps: [{ state: 'stopped' }, { state: 'stopped' }], remains: ['The lock is free'] });
});
