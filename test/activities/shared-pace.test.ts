import fc from 'fast-check';
import { isCrowded, newPaces } from '../../src/activities/paces.ts';
import { SharedPace } from '../../src/activities/shared-pace.ts';
import { runs } from '../tidb/runs.ts';

/** A pace with so many sharers. */
function sharedBy(sharers: number, pace: SharedPace): SharedPace {
  for (let each = 0; each < sharers; each += 1) pace.join();
  return pace;
}

const tenPerSecond = { perSecond: 10, slowestMs: 60_000 };

describe('a shared pace', () => {
  it.each([
    ['lets a few go as they wish', 10, 1_000, 1_000],
    ['slows down what is too much together', 11, 1_000, 1_100],
    ['slows down many by their number', 300, 1_000, 30_000],
    ['slows down the hasty as well', 10, 200, 1_000],
    ['is never slower than its limit', 10_000, 1_000, 60_000],
    ['never hurries who wishes to be slower than its limit', 10_000, 90_000, 90_000],
  ])('%s', (_what, sharers, wishedMs, pauseMs) => {
    expect(sharedBy(sharers, new SharedPace(tenPerSecond)).pauseMs(wishedMs)).toBe(pauseMs);
  });

  it('forgets who has left, once', () => {
    const pace = sharedBy(299, new SharedPace(tenPerSecond));
    const leave = pace.join();
    leave();
    leave();
    expect(pace.pauseMs(1_000)).toBe(29_900);
  });

  it('keeps all together at its rate, as long as its limit allows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 120_000 }), fc.integer({ min: 1, max: 500 }), (sharers, wishedMs, perSecond) => {
        const pauseMs = sharedBy(sharers, new SharedPace({ perSecond, slowestMs: 60_000 })).pauseMs(wishedMs);
        const together = (sharers * 1_000) / pauseMs;
        expect(pauseMs >= wishedMs && (together <= perSecond * (1 + 1e-9) || pauseMs >= 60_000)).toBe(true);
      }),
      runs,
    );
  });
});

describe('the paces of a worker', () => {
  it('let those who are woken in one moment look one after the other', () => {
    const { wokenLooks } = newPaces();
    const turns = Array.from({ length: 3_000 }, () => (wokenLooks.join(), wokenLooks.pauseMs(50)));
    expect(turns.slice(0, 3)).toEqual([50, 80, 120]);
    expect(turns.at(-1)).toBe(120_000);
  });

  it('are what each wishes while twenty-five wait', () => {
    const { beats, patientLooks } = newPaces();
    expect(sharedBy(25, patientLooks).pauseMs(1_000)).toBe(1_000);
    expect(sharedBy(25, beats).pauseMs(1_000)).toBe(1_000);
  });

  it('are those of a crowd beyond what can beat within the usual heartbeat time-out of 10 s', () => {
    const paces = newPaces();
    sharedBy(480, paces.beats);
    expect([isCrowded(paces), paces.beats.pauseMs(1_000)]).toEqual([false, 4_800]);
    paces.beats.join();
    expect(isCrowded(paces)).toBe(true);
  });
});
