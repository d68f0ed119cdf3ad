/** Holds: nothing is changed while a reason speaks; they end by themselves or by a person's word. */
import { failure, planning, promised, reason, untilCancelled, whileWaiting } from './script.ts';
import type { Script } from './script.ts';
import type { Reason, WaitResult } from '../../src/protocol/outcome.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

const applied = { outcome: 'applied', message: 'set' } as const;
const done = { outcome: 'done', message: 'proved', proof: {} } as const;

const held = (...reasons: Reason[]): { outcome: 'held'; reasons: Reason[] } => ({ outcome: 'held', reasons });

/** Guards speak at the first apply only. */
const heldFirst = (...reasons: Reason[]): Script['applyStep'] => (_, number) => (number === 1 ? held(...reasons) : applied);

describe('before a change', () => {
  test('holds with the reasons, and goes on by itself when the guards are silent', async () => {
    const guards = promised<WaitResult>();
    const play = await stage.play({ ...planning('pd/east'), applyStep: heldFirst(reason('store-down/7')), awaitGuards: () => whileWaiting(guards.promise) });
    const status = await play.untilPhase('held');
    expect(status).toMatchObject({ hold: { step: 'pd/east', reasons: [reason('store-down/7')] }, steps: [{ state: 'held', message: 'Reason store-down/7' }] });
    expect(status.message).toBe('pd in east: v1 → v2 holds: Reason store-down/7');
    await play.untilCalled('awaitGuards');
    guards.keep({ outcome: 'cleared' });
    const report = await play.report();
    expect(play.cast.log).toEqual(['makePlan', 'acquireLock', 'applyStep pd/east', 'awaitGuards pd/east', 'applyStep pd/east', 'waitStep pd/east', 'cleanUp']);
    expect(play.cast.of('awaitGuards')[0]?.known).toEqual(['store-down/7']);
    expect(report).toMatchObject({ phase: 'done', steps: [{ state: 'done' }] });
    expect(report.hold).toBeUndefined();
  });

  test('shows the new reasons when they become others, and keeps the time since when it holds', async () => {
    const changed = promised<WaitResult>();
    const play = await stage.play({
      ...planning('pd/east'),
      applyStep: heldFirst(reason('a')),
      awaitGuards: (_, number) => (number === 1 ? whileWaiting(changed.promise) : untilCancelled()),
    });
    const { hold } = await play.untilPhase('held');
    await play.untilCalled('awaitGuards');
    changed.keep(held(reason('b'), reason('c')));
    await play.untilCalled('awaitGuards', 2);
    expect(play.cast.of('awaitGuards')[1]?.known).toEqual(['b', 'c']);
    expect((await play.status()).hold).toEqual({ step: 'pd/east', since: hold?.since, reasons: [reason('b'), reason('c')] });
    await play.decide('abort');
    await play.report();
  });

  test('retry asks the guards again and accepts only the reasons that need a decision', async () => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), applyStep: heldFirst(reason('drift/x', 'decision'), reason('store-down')) });
    await play.untilPhase('held');
    expect(await play.decide('retry', { step: 'pd/west' })).toBe('Refused: The run holds at pd/east, not at pd/west');
    expect(await play.decide('retry')).toBe('Refused: The run holds at pd/east: name that step');
    expect(await play.decide('retry', { step: 'pd/east' })).toBe('alice asked to try pd/east again');
    await play.report();
    expect(play.cast.of('applyStep').map(({ step, accepted }) => [step.id, accepted])).toEqual([
      ['pd/east', []],
      ['pd/east', ['drift/x']],
      ['pd/west', ['drift/x']],
    ]);
  });

  test('skip needs a reason, leaves the step and goes on with the next', async () => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), applyStep: heldFirst(reason('a')) });
    await play.untilPhase('held');
    expect(await play.decide('skip', { step: 'pd/east' })).toBe('Refused: A skip needs a reason: the report shows it');
    expect(await play.decide('skip', { reason: 'x' })).toBe('Refused: Name the step to skip: the current one is pd/east');
    expect(await play.decide('skip', { step: 'pd/west', reason: 'x' })).toBe('Refused: Only the step that holds or waits can be skipped: that is pd/east');
    expect(await play.decide('skip', { step: 'pd/north', reason: 'x' })).toBe('Refused: There is no step pd/north in the plan');
    await play.decide('skip', { step: 'pd/east', reason: 'done by hand' });
    const report = await play.report();
    expect(report.steps).toMatchObject([{ state: 'skipped', message: 'alice skipped it: done by hand' }, { state: 'done' }]);
    expect(report.decisions).toMatchObject([{ decision: 'skip', step: 'pd/east', reason: 'done by hand' }]);
    expect(play.cast.of('applyStep').map(({ step }) => step.id)).toEqual(['pd/east', 'pd/west']);
  });
});

describe('while waiting for the proof', () => {
  const heldWait = (...after: (() => WaitResult | Promise<WaitResult>)[]): Script => ({
    ...planning('pd/east', 'pd/west'),
    waitStep: ({ step }, number) => (step.id === 'pd/west' ? done : number === 1 ? held(reason('stalled', 'decision')) : (after[number - 2] ?? untilCancelled)()),
  });

  test('holds, waits on with the known reasons, and goes on when they are gone', async () => {
    const cleared = promised<WaitResult>();
    const play = await stage.play(heldWait(() => whileWaiting(cleared.promise), () => done));
    await play.untilPhase('held');
    await play.untilCalled('waitStep', 2);
    cleared.keep({ outcome: 'cleared' });
    const report = await play.report();
    expect(play.cast.of('waitStep').map(({ known }) => known)).toEqual([[], ['stalled'], [], []]);
    expect(report.steps[0]?.state).toBe('done');
    expect(play.cast.of('applyStep')).toHaveLength(2);
  });

  test('is done from the hold when the proof comes', async () => {
    const play = await stage.play(heldWait(() => done));
    expect((await play.report()).steps).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  });

  test('shows other reasons', async () => {
    const play = await stage.play(heldWait(() => held(reason('lost-store'))));
    await play.until(({ hold }) => hold?.reasons[0]?.key === 'lost-store');
    await play.untilCalled('waitStep', 3);
    expect(play.cast.of('waitStep')[2]?.known).toEqual(['lost-store']);
    await play.decide('abort');
    await play.report();
  });

  test('retry cancels the wait, applies again with the accepted reason and waits again', async () => {
    const play = await stage.play(heldWait(untilCancelled, () => done));
    await play.untilCalled('waitStep', 2);
    await play.decide('retry', { step: 'pd/east' });
    const report = await play.report();
    expect(play.cast.log.slice(2, 7)).toEqual(['applyStep pd/east', 'waitStep pd/east', 'waitStep pd/east', 'applyStep pd/east', 'waitStep pd/east']);
    expect(play.cast.of('waitStep')[2]).toMatchObject({ known: [], accepted: ['stalled'] });
    expect(report.steps[0]?.state).toBe('done');
  });

  test('a step that was written and is found done after retry keeps its soak and is not called adopted', async () => {
    const script = heldWait(untilCancelled, () => done);
    const play = await stage.play({ ...script, applyStep: (_, number) => (number === 2 ? { outcome: 'adopted', message: 'there', proof: {} } : applied) }, { soak: '1m' });
    await play.untilCalled('waitStep', 2);
    await play.decide('retry', { step: 'pd/east' });
    const report = await play.report();
    expect(play.cast.of('waitStep')[2]?.patience.soakMs).toBe(60_000);
    expect(report.steps[0]?.state).toBe('done');
  });

  test('what somebody had asked for before the plan is waited for with its soak, and adopted; what this run writes for it after all is done', async () => {
    const found = { ...applied, found: true } as const;
    const adopted = await stage.play({ ...planning('pd/east'), applyStep: () => found }, { soak: '1m' });
    expect((await adopted.report()).steps).toMatchObject([{ state: 'adopted', found: true }]);
    expect(adopted.cast.of('waitStep')[0]?.patience.soakMs).toBe(60_000);

    const script = heldWait(untilCancelled, () => done);
    const written = await stage.play({ ...script, applyStep: (_, number) => (number === 1 ? found : applied) });
    await written.untilCalled('waitStep', 2);
    await written.decide('retry', { step: 'pd/east' });
    expect((await written.report()).steps[0]).toMatchObject({ state: 'done' });
  });

  test('a step that waits can be skipped without a hold; what it wrote is not undone', async () => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: ({ step }) => (step.id === 'pd/east' ? untilCancelled() : done) });
    await play.untilCalled('waitStep');
    await play.decide('skip', { step: 'pd/east', reason: 'looked myself' });
    const report = await play.report();
    expect(report.steps).toMatchObject([{ state: 'skipped' }, { state: 'done' }]);
    expect(report.message).toBe('Finished: 1 done, 0 adopted, 1 skipped of 2 steps');
  });
});

describe('an activity that fails for good', () => {
  test.each(['Forbidden', 'Unsupported', 'InvalidInput', 'NotFound', 'Aborted'])('%s in apply holds with its sentence until a person says retry', async (type) => {
    const play = await stage.play({
      ...planning('pd/east'),
      applyStep: (_, number) => {
        if (number === 1) throw failure(type, 'West says no');
        return applied;
      },
    });
    const { hold } = await play.untilPhase('held');
    expect(hold?.reasons).toEqual([{ key: `error/pd/east/${type}`, message: 'West says no', clears: 'decision' }]);
    expect(play.cast.of('awaitGuards')).toHaveLength(0);
    await play.decide('retry', { step: 'pd/east' });
    expect((await play.report()).steps[0]?.state).toBe('done');
  });

  test.each(['waitStep', 'awaitGuards'] as const)('in %s holds as well; retry applies again', async (activity) => {
    const failing = (_: unknown, number: number): WaitResult => {
      if (number === 1) throw failure('Forbidden', 'No right to list pods');
      return done;
    };
    const play = await stage.play({ ...planning('pd/east'), ...(activity === 'awaitGuards' ? { applyStep: heldFirst(reason('a')) } : {}), [activity]: failing });
    await play.until(({ hold }) => hold?.reasons[0]?.key === 'error/pd/east/Forbidden');
    await play.decide('retry', { step: 'pd/east' });
    expect((await play.report()).phase).toBe('done');
    expect(play.cast.of('applyStep')).toHaveLength(2);
  });

  test.each(['acquireLock', 'makePlan'] as const)('Forbidden in %s holds the run outside of any step', async (activity) => {
    const play = await stage.play({
      ...planning('pd/east'),
      [activity]: (call: never, number: number) => {
        if (number === 1) throw failure('Forbidden', 'No right to get leases');
        return activity === 'makePlan' ? planning('pd/east').makePlan?.(call, number) : undefined;
      },
    });
    const { hold } = await play.untilPhase('held');
    expect(hold).toMatchObject({ reasons: [{ key: `error/${activity}/Forbidden`, clears: 'decision' }] });
    expect(hold?.step).toBeUndefined();
    expect(await play.decide('retry', { step: 'pd/east' })).toBe('Refused: The run holds outside of any step: a retry of it names none');
    await play.decide('retry');
    expect((await play.report()).phase).toBe('done');
  });
});
