/** Pauses: the soft one stops before the next change, the hard one freezes the roll that is under way. */
import { failure, planning, planHash, promised, reason, untilCancelled, whileWaiting } from './script.ts';
import type { Script } from './script.ts';
import type { WaitResult } from '../../src/protocol/outcome.ts';
import { Stage } from './stage.ts';
import type { Play } from './stage.ts';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

const done = { outcome: 'done', message: 'proved', proof: {} } as const;

/** A run of two steps whose first wait ends when the test says so; later waits are done at once. */
async function playWaiting(script: Script = {}): Promise<{ play: Play; proof: { keep: (value: WaitResult) => void } }> {
  const proof = promised<WaitResult>();
  const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: (_, number) => (number === 1 ? whileWaiting(proof.promise) : done), ...script });
  await play.untilCalled('waitStep');
  return { play, proof };
}

describe('soft', () => {
  test('a running wait goes on to its proof; then the run is paused and changes nothing until resume', async () => {
    const { play, proof } = await playWaiting();
    expect(await play.decide('pause')).toBe('alice paused the run: pd in east: v1 → v2 goes on to its proof, nothing is changed after it');
    expect((await play.status()).phase).toBe('running');
    proof.keep(done);
    const status = await play.untilPhase('paused');
    expect(status.steps).toMatchObject([{ state: 'done' }, { state: 'pending' }]);
    expect(await play.decide('pause')).toBe('Refused: alice has paused the run already');
    expect(play.cast.of('applyStep')).toHaveLength(1);
    expect(await play.decide('resume', { by: 'carol' })).toBe('carol resumed the run');
    expect((await play.report()).phase).toBe('done');
    expect(play.cast.of('brakeStep')).toHaveLength(0);
  });

  test('pauses at once while it holds before a change; retry waits for the resume, which asks the guards again', async () => {
    const play = await stage.play({
      ...planning('pd/east'),
      applyStep: (_, number) => (number === 1 ? { outcome: 'held', reasons: [reason('a')] } : { outcome: 'applied', message: 'set' }),
    });
    await play.untilCalled('awaitGuards');
    await play.decide('pause');
    const status = await play.untilPhase('paused');
    expect(status.hold?.reasons).toEqual([reason('a')]);
    expect(await play.decide('retry', { step: 'pd/east' })).toBe('Refused: alice has paused the run: resume it first');
    await play.decide('resume');
    const report = await play.report();
    expect(report.hold).toBeUndefined();
    expect(play.cast.log.slice(2)).toEqual(['applyStep pd/east', 'awaitGuards pd/east', 'applyStep pd/east', 'waitStep pd/east', 'cleanUp']);
  });

  test('a paused gate can be approved; nothing begins before the resume', async () => {
    const play = await stage.play(planning('pd/east'), { gates: 'plan' });
    await play.untilPhase('awaiting-approval');
    await play.decide('pause');
    expect(await play.status()).toMatchObject({ phase: 'paused', gate: { id: 'plan' } });
    await play.decide('approve', { gate: 'plan', planHash });
    await play.until(({ gate, phase }) => gate === undefined && phase === 'paused');
    expect(play.cast.of('applyStep')).toHaveLength(0);
    await play.decide('resume');
    expect((await play.report()).phase).toBe('done');
  });

  test('stops an apply that is being retried, and applies after the resume', async () => {
    const play = await stage.play({
      ...planning('pd/east'),
      applyStep: (_, number) => {
        if (number === 1) throw failure('Unreachable', 'West does not answer');
        return { outcome: 'applied', message: 'set' };
      },
    });
    await play.untilCalled('applyStep');
    await play.decide('pause');
    expect(await play.untilPhase('paused')).toMatchObject({ steps: [{ state: 'pending' }] });
    const tries = play.cast.of('applyStep').length;
    await play.decide('resume');
    expect((await play.report()).phase).toBe('done');
    expect(play.cast.of('applyStep').length).toBeGreaterThanOrEqual(tries);
  });

  test('a paused run can be aborted, and its current step skipped', async () => {
    const { play, proof } = await playWaiting();
    await play.decide('pause');
    proof.keep(done);
    await play.untilPhase('paused');
    await play.decide('skip', { step: 'pd/west', reason: 'later' });
    expect((await play.report()).steps).toMatchObject([{ state: 'done' }, { state: 'skipped' }]);
    const other = await playWaiting();
    await other.play.decide('pause');
    other.proof.keep(done);
    await other.play.untilPhase('paused');
    await other.play.decide('abort');
    expect(await other.play.report()).toMatchObject({ phase: 'aborted', steps: [{ state: 'done' }, { state: 'stopped' }] });
  });
});

describe('hard', () => {
  test('cancels the wait, sets the brake, and after resume releases it and waits for the proof again', async () => {
    const { play } = await playWaiting();
    expect(await play.decide('pause', { hard: true })).toBe('alice paused the run');
    await play.untilPhase('paused');
    await play.decide('resume', { by: 'carol' });
    const report = await play.report();
    expect(play.cast.of('brakeStep').map(({ action, by, step }) => [action, by, step.id])).toEqual([
      ['set', 'alice', 'pd/east'],
      ['release', 'carol', 'pd/east'],
    ]);
    expect(play.cast.log.slice(2, 7)).toEqual(['applyStep pd/east', 'waitStep pd/east', 'brakeStep pd/east', 'brakeStep pd/east', 'waitStep pd/east']);
    expect(report.steps).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  });

  test('sets the brake although the wait fails when it is cut off', async () => {
    const cutOff = (): Promise<WaitResult> =>
      untilCancelled().catch(() => {
        throw failure('Unreachable', 'The request was cut off');
      });
    const { play } = await playWaiting({ waitStep: (_, number) => (number === 1 ? cutOff() : done) });
    await play.decide('pause', { hard: true });
    expect((await play.untilPhase('paused')).hold).toBeUndefined();
    await play.decide('resume');
    await play.report();
    expect(play.cast.of('brakeStep').map(({ action }) => action)).toEqual(['set', 'release']);
  });

  test('a soft pause can be made hard', async () => {
    const { play } = await playWaiting();
    await play.decide('pause');
    await play.decide('pause', { hard: true });
    await play.untilPhase('paused');
    expect(play.cast.of('brakeStep').map(({ action }) => action)).toEqual(['set']);
    await play.decide('resume');
    await play.report();
  });

  test('taken back before the wait has stopped goes on with the wait, and applies nothing twice', async () => {
    const { play } = await playWaiting({ waitStep: (_, number) => (number === 1 ? untilCancelled() : done) });
    await play.signal('pause', { by: 'alice', hard: true });
    await play.signal('resume', { by: 'alice' });
    await play.report();
    expect(play.cast.of('applyStep')).toHaveLength(2);
  });

  test('shows what could not be frozen, and is paused all the same', async () => {
    const { play } = await playWaiting({ brakeStep: ({ action }) => (action === 'set' ? [reason('brake/foreign', 'decision')] : []) });
    await play.decide('pause', { hard: true });
    const status = await play.until(({ hold }) => hold !== undefined);
    expect(status).toMatchObject({ phase: 'paused', hold: { step: 'pd/east', reasons: [reason('brake/foreign', 'decision')] } });
    await play.decide('resume');
    expect((await play.report()).phase).toBe('done');
  });

  test('a brake that is forbidden is shown with its sentence', async () => {
    const { play } = await playWaiting({
      brakeStep: ({ action }) => {
        if (action === 'set') throw failure('Forbidden', 'No right to patch');
        return [];
      },
    });
    await play.decide('pause', { hard: true });
    const { hold } = await play.until((status) => status.hold !== undefined);
    expect(hold?.reasons).toEqual([{ key: 'error/pd/east/Forbidden', message: 'No right to patch', clears: 'decision' }]);
    await play.decide('resume');
    await play.report();
  });

  test('a brake that cannot be released holds; retry tries again', async () => {
    const { play } = await playWaiting({ brakeStep: ({ action }, number) => (action === 'release' && number === 2 ? [reason('brake/stands', 'decision')] : []) });
    await play.decide('pause', { hard: true });
    await play.untilPhase('paused');
    await play.decide('resume');
    await play.untilPhase('held');
    await play.decide('retry', { step: 'pd/east' });
    await play.report();
    expect(play.cast.of('brakeStep').map(({ action }) => action)).toEqual(['set', 'release', 'release']);
  });

  test('a step skipped during the pause gets its brake released after the resume', async () => {
    const { play } = await playWaiting();
    await play.decide('pause', { hard: true });
    await play.untilPhase('paused');
    await play.decide('skip', { step: 'pd/east', reason: 'by hand' });
    expect((await play.status()).phase).toBe('paused');
    await play.decide('resume');
    const report = await play.report();
    expect(play.cast.log.slice(4)).toEqual(['brakeStep pd/east', 'brakeStep pd/east', 'applyStep pd/west', 'waitStep pd/west', 'cleanUp']);
    expect(report.steps).toMatchObject([{ state: 'skipped' }, { state: 'done' }]);
  });

  test('that comes with the proof needs no brake', async () => {
    const { play } = await playWaiting({ waitStep: (_, number) => (number === 1 ? untilCancelled().catch(() => done) : done) });
    await play.decide('pause', { hard: true });
    expect(await play.untilPhase('paused')).toMatchObject({ steps: [{ state: 'done' }, { state: 'pending' }] });
    await play.decide('resume');
    await play.report();
    expect(play.cast.of('brakeStep')).toHaveLength(0);
  });

  test('abort during a hard pause cleans up', async () => {
    const { play } = await playWaiting({ cleanUp: () => ({ remains: ['The brake is released'] }) });
    await play.decide('pause', { hard: true });
    await play.untilPhase('paused');
    await play.decide('abort', { reason: 'enough' });
    const report = await play.report();
    expect(report).toMatchObject({ phase: 'aborted', message: 'alice aborted the run: enough' });
    expect(report.remains).toEqual(['pd in east: v1 → v2: the change is written and its proof was not awaited; TiDB Operator goes on with it', 'The brake is released']);
  });
});
