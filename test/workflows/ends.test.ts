/** How runs end other than well: aborted, cancelled, failed; always cleaned up, always with a report. */
import { failure, planning, promised, reason, untilCancelled, whileWaiting } from './script.ts';
import { eventually, Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

const writtenOnly = 'pd in east: v1 → v2: the change is written and its proof was not awaited; TiDB Operator goes on with it';

describe('abort', () => {
  test('while planning', async () => {
    const play = await stage.play({ makePlan: untilCancelled });
    await play.untilCalled('makePlan');
    await play.decide('abort', { reason: 'wrong cluster' });
    const report = await play.report();
    expect(report).toMatchObject({ phase: 'aborted', message: 'alice aborted the run: wrong cluster', steps: [], remains: [] });
    expect(play.cast.log).toEqual(['makePlan']);
  });

  test('while the lock is being taken cleans up, for it may be ours', async () => {
    const play = await stage.play({ acquireLock: untilCancelled });
    await play.untilCalled('acquireLock');
    await play.decide('abort');
    expect((await play.report()).phase).toBe('aborted');
    expect(play.cast.log).toEqual(['makePlan', 'acquireLock', 'cleanUp']);
  });

  test('while the plan is being made in mode plan', async () => {
    const play = await stage.play({ makePlan: untilCancelled }, { mode: 'plan' });
    await play.untilCalled('makePlan');
    await play.decide('abort');
    expect((await play.report()).phase).toBe('aborted');
    expect(play.cast.log).toEqual(['makePlan']);
  });

  test('while it waits for an approval', async () => {
    const play = await stage.play(planning('pd/east'), { gates: 'plan' });
    await play.untilPhase('awaiting-approval');
    await play.decide('abort');
    const report = await play.report();
    expect(report).toMatchObject({ phase: 'aborted', steps: [{ state: 'stopped', message: 'Not begun' }], remains: ['The lock is free'] });
    expect(report.gate).toBeUndefined();
  });

  test('while it holds', async () => {
    const play = await stage.play({ ...planning('pd/east'), applyStep: () => ({ outcome: 'held', reasons: [reason('a')] }) });
    await play.untilCalled('awaitGuards');
    await play.decide('abort');
    const report = await play.report();
    expect(report).toMatchObject({ phase: 'aborted', steps: [{ state: 'stopped', message: 'Reason a' }], remains: ['The lock is free'] });
    expect(report.hold).toBeUndefined();
  });

  test('while it waits for a proof says that the change is written and rolls on', async () => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: untilCancelled });
    await play.untilCalled('waitStep');
    await play.decide('abort');
    const report = await play.report();
    expect(report.steps.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    expect(report.remains).toEqual([writtenOnly, 'The lock is free']);
    expect(play.cast.of('applyStep')).toHaveLength(1);
  });

  test('while a change is being written waits for the answer and reports it truthfully', async () => {
    const started = promised<void>();
    const play = await stage.play({
      ...planning('pd/east'),
      applyStep: async () => {
        started.keep();
        await untilCancelled().catch(() => undefined);
        return { outcome: 'applied', message: 'set' };
      },
    });
    await started.promise;
    await play.decide('abort');
    expect((await play.report()).remains).toEqual([writtenOnly, 'The lock is free']);
  });

  test('that comes with the proof still reports the step as done', async () => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: () => untilCancelled().catch(() => ({ outcome: 'done', message: 'proved', proof: {} })) });
    await play.untilCalled('waitStep');
    await play.decide('abort');
    expect(await play.report()).toMatchObject({ phase: 'aborted', message: 'alice aborted the run', steps: [{ state: 'done' }, { state: 'stopped' }], remains: ['The lock is free'] });
  });

  test('while a change is asked for in vain says that it has to be looked at', async () => {
    const play = await stage.play({
      ...planning('pd/east'),
      applyStep: () => {
        throw failure('Unreachable', 'West does not answer');
      },
    });
    await play.untilCalled('applyStep');
    await play.decide('abort');
    expect((await play.report()).remains[0]).toBe('pd in east: v1 → v2: the run ended while this change was asked for; look whether it is written');
  });

  test('is final: whatever comes after it is refused, and listed when it is a signal', async () => {
    const cleaned = promised<{ remains: string[] }>();
    const play = await stage.play({ ...planning('pd/east'), waitStep: untilCancelled, cleanUp: () => whileWaiting(cleaned.promise) });
    await play.untilCalled('waitStep');
    await play.signal('abort', { by: 'alice' });
    await play.untilCalled('cleanUp');
    expect(await play.status()).toMatchObject({ phase: 'running', message: 'alice aborted the run. Cleaning up' });
    expect(await play.decide('abort')).toBe('Refused: The run is ending already: alice aborted the run');
    await play.signal('resume', { by: 'alice' });
    await play.until(({ ignoredDecisions }) => ignoredDecisions.length === 1);
    cleaned.keep({ remains: ['Clean'] });
    expect(await play.report()).toMatchObject({ phase: 'aborted', decisions: [{ decision: 'abort' }], ignoredDecisions: [{ decision: 'resume' }] });
  });
});

describe("Temporal's cancel is an abort", () => {
  test.each(['acquireLock', 'waitStep'] as const)('during %s', async (activity) => {
    const play = await stage.play({ ...planning('pd/east'), [activity]: untilCancelled });
    await play.untilCalled(activity);
    await play.handle.cancel();
    const report = await play.report();
    expect(report.phase).toBe('aborted');
    expect(report.decisions).toMatchObject([{ decision: 'abort', by: 'cancellation' }]);
    expect(play.cast.log.at(-1)).toBe('cleanUp');
  });

  test('at a gate', async () => {
    const play = await stage.play(planning('pd/east'), { gates: 'plan' });
    await play.untilPhase('awaiting-approval');
    await play.handle.cancel();
    expect((await play.report()).message).toBe('cancellation aborted the run');
  });

  test('does not stop the clean-up', async () => {
    const cleaned = promised<{ remains: string[] }>();
    const play = await stage.play({ ...planning('pd/east'), cleanUp: () => whileWaiting(cleaned.promise) });
    await play.untilCalled('cleanUp');
    await play.handle.cancel();
    await eventually(async () => (await play.handle.describe()).historyLength, (length) => length > 0);
    cleaned.keep({ remains: ['Clean'] });
    expect(await play.report()).toMatchObject({ phase: 'done', remains: ['Clean'] });
  });
});

describe('fails', () => {
  test.each(['InvalidInput', 'NotFound', 'Unsupported', 'Locked', 'LockLost'])('%s of the lock fails the run with the same sentence; there is nothing to clean up', async (type) => {
    const play = await stage.play({
      acquireLock: () => {
        throw failure(type, 'Run other/shop holds the lock');
      },
    });
    const { type: failed, message, report } = await play.failure();
    expect([failed, message]).toEqual([type, 'Run other/shop holds the lock']);
    expect(report).toMatchObject({ phase: 'failed', message: 'Run other/shop holds the lock' });
    expect(play.cast.log).toEqual(['makePlan', 'acquireLock']);
  });

  test.each(['InvalidInput', 'NotFound', 'Unsupported'])('%s of the plan fails the run with the same sentence, and no lock was taken', async (type) => {
    const play = await stage.play({
      makePlan: () => {
        throw failure(type, 'TidbCluster shop-west is paused');
      },
    });
    const { type: failed, message, report } = await play.failure();
    expect([failed, message]).toEqual([type, 'TidbCluster shop-west is paused']);
    expect(report.remains).toEqual([]);
    expect(play.cast.log).toEqual(['makePlan']);
  });

  test.each(['applyStep', 'waitStep', 'awaitGuards', 'brakeStep'] as const)('when the lock is lost in %s, and cleans up', async (activity) => {
    const play = await stage.play({
      ...planning('pd/east', 'pd/west'),
      ...(activity === 'awaitGuards' ? { applyStep: () => ({ outcome: 'held', reasons: [reason('a')] }) } : {}),
      ...(activity === 'brakeStep' ? { waitStep: untilCancelled } : {}),
      [activity]: () => {
        throw failure('LockLost', 'Run other/shop took the lock');
      },
    });
    if (activity === 'brakeStep') {
      await play.untilCalled('waitStep');
      await play.decide('pause', { hard: true });
    }
    const { type, message, report } = await play.failure();
    expect([type, message]).toEqual(['LockLost', 'Run other/shop took the lock']);
    expect(report.steps.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    expect(play.cast.log.at(-1)).toBe('cleanUp');
  });
});

describe('a clean-up that fails', () => {
  const cleanUp = (): never => {
    throw failure('Forbidden', 'No right to delete the Lease');
  };
  const sentence =
    /^The clean-up failed: No right to delete the Lease; the lock of TiDB cluster shop \(holder upgradeCluster\/shop-\d+\) and a brake of this run may still stand: the next run takes over the lock of a run that has ended, or remove both by hand$/;

  test('does not hide that the run was done', async () => {
    const play = await stage.play({ ...planning('pd/east'), cleanUp });
    expect(await play.report()).toMatchObject({ phase: 'done', steps: [{ state: 'done' }], remains: [expect.stringMatching(sentence)] });
  });

  test('does not hide why the run failed', async () => {
    const play = await stage.play({
      cleanUp,
      ...planning('pd/east'),
      applyStep: () => {
        throw failure('LockLost', 'The lock belongs to another run');
      },
    });
    const { type, report } = await play.failure();
    expect(type).toBe('LockLost');
    expect(report.remains.at(-1)).toMatch(sentence);
  });
});

test('a bug parks the run with its state, and nothing is cleaned up', async () => {
  const play = await stage.play({ ...planning('pd/east'), waitStep: () => ({ outcome: 'done', message: 'no proof and no sense' }) as never, makePlan: () => ({ steps: 'many' }) as never });
  await eventually(
    async () => (await play.handle.fetchHistory()).events ?? [],
    (events) => events.some(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes),
  );
  expect((await play.handle.describe()).status.name).toBe('RUNNING');
  expect(play.cast.log).toEqual(['makePlan']);
  await play.handle.terminate();
});
