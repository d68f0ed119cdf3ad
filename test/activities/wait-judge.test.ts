import fc from 'fast-check';
import { WaitJudge, confirmationMs } from '../../src/activities/waiting/wait-judge.ts';
import type { Look, Verdict } from '../../src/activities/waiting/wait-judge.ts';
import type { Reason } from '../../src/protocol/outcome.ts';
import { runs } from '../tidb/runs.ts';

const patience = { settleMs: 35_000, soakMs: 65_000 };
const WHOLE_WAIT_MS = patience.settleMs + patience.soakMs;
const STALL_MS = 300_000;

const reason = (key: string): Reason => ({ key, message: `${key} is bad`, clears: 'itself' });
const fine: Look = { atMs: 0, missing: [], unwhole: [], alarms: [], troubles: [], signature: 'same', braked: false };
const open: Look = { ...fine, missing: ['2 of 3 pods are updated'] };

/** A judge and what it says of looks at given times. */
function judging(known: string[] = []): (atMs: number, look?: Partial<Look>) => Verdict {
  const judge = new WaitJudge(patience, STALL_MS, known);
  return (atMs, look = {}) => judge.judge({ ...open, ...look, atMs });
}
const says = (verdict: Verdict): string => verdict.say;
const proved = { missing: [] };

describe('done', () => {
  it('is said when the proof has held for settle and soak', () => {
    const judge = judging();
    expect(says(judge(0))).toBe('wait');
    expect(says(judge(1_000, proved))).toBe('wait');
    expect(says(judge(1_000 + WHOLE_WAIT_MS - 1, proved))).toBe('wait');
    expect(says(judge(1_000 + WHOLE_WAIT_MS, proved))).toBe('done');
  });

  it.each<[string, Partial<Look>]>([
    ['the proof', open],
    ['the database', { ...proved, unwhole: [reason('regions/pending-peer')] }],
  ])('begins anew when %s fails in between', (_name, bad) => {
    const judge = judging();
    judge(0, proved);
    judge(50_000, bad);
    expect(says(judge(WHOLE_WAIT_MS, proved))).toBe('wait');
    expect(says(judge(2 * WHOLE_WAIT_MS - 1, proved))).toBe('wait');
    expect(says(judge(2 * WHOLE_WAIT_MS, proved))).toBe('done');
  });

  it('is never said by the first look, not even without any patience', () => {
    const judge = new WaitJudge({ settleMs: 0, soakMs: 0 }, STALL_MS);
    expect(says(judge.judge({ ...fine, atMs: 5 }))).toBe('wait');
    expect(says(judge.judge({ ...fine, atMs: 5 }))).toBe('wait');
    expect(says(judge.judge({ ...fine, atMs: 6 }))).toBe('done');
  });

  it('tells how long it still takes', () => {
    const judge = new WaitJudge(patience, STALL_MS);
    expect(judge.msUntilEnd(0)).toBeUndefined();
    judge.judge({ ...fine, atMs: 1_000 });
    expect(judge.msUntilEnd(31_000)).toBe(WHOLE_WAIT_MS - 30_000);
    expect(judge.msUntilEnd(10 * WHOLE_WAIT_MS)).toBe(1);
    judge.judge({ ...open, atMs: 40_000 });
    expect(judge.msUntilEnd(40_000)).toBeUndefined();
  });
});

describe('waiting says what is missing', () => {
  it.each<[Partial<Look>, string]>([
    [{ missing: ['a'] }, 'a'],
    [{ missing: ['a', 'b', 'c'] }, 'a; b; c'],
    [{ missing: ['a', 'b', 'c', 'd', 'e'] }, 'a; b; c; and 2 more'],
    [{ missing: ['a'], unwhole: [reason('x')] }, 'a; x is bad'],
    [proved, 'the proof holds; watching for another 100 s'],
  ])('%j', (look, message) => expect(judging()(0, look)).toEqual({ say: 'wait', message }));
});

describe('held', () => {
  it.each([
    ['pd-unknown', 15_000],
    ['pd-no-leader', 10_000],
    ['pd-member/shop-west-pd-0', 3_000],
    ['regions/down-peer', 10_000],
    ['store/7/Down', 1_000],
    ['store/7/Disconnected', 15_000],
    ['image/shop-west-tikv-0/tikv', 3_000],
    ['unschedulable/shop-west-tikv-0', 10_000],
    ['operator/west', 10_000],
    ['paused/west', 1_000],
    ['exit/tikv-up', 15_000],
    ['exit/pd-majority', 3_000],
    ['drift/west/tikv.replicas/1f3a', 1_000],
  ])('%s must have stood for %d ms', (key, ms) => {
    expect(confirmationMs(key)).toBe(ms);
    const judge = judging();
    judge(0, { alarms: [reason(key)] });
    expect(says(judge(ms - 1, { alarms: [reason(key)] }))).toBe('wait');
    expect(judge(ms, { alarms: [reason(key)] })).toEqual({ say: 'held', reasons: [reason(key)], alarms: [reason(key)] });
  });

  it('what comes and goes is counted anew', () => {
    const judge = judging();
    const bad = { alarms: [reason('store/7/Down')] };
    judge(0, bad);
    judge(900);
    judge(950, bad);
    expect(says(judge(1_900, bad))).toBe('wait');
    expect(says(judge(1_950, bad))).toBe('held');
  });

  it('says which of the reasons call for the brake', () => {
    const judge = judging();
    const look = { alarms: [reason('store/7/Down')], troubles: [reason('paused/west')] };
    judge(0, look);
    expect(judge(1_000, look)).toEqual({ say: 'held', reasons: [reason('store/7/Down'), reason('paused/west')], alarms: [reason('store/7/Down')] });
  });

  it('once the proof has held long enough nothing holds it any more', () => {
    const judge = judging();
    judge(0, proved);
    expect(says(judge(WHOLE_WAIT_MS, { ...proved, troubles: [reason('drift/west/tidb.config/1')] }))).toBe('done');
  });
});

describe('stalled', () => {
  it('is said when nothing moves for the limit', () => {
    const judge = judging();
    judge(0);
    expect(says(judge(STALL_MS - 1))).toBe('wait');
    expect(says(judge(STALL_MS))).toBe('stalled');
  });
  it('every move begins it anew', () => {
    const judge = judging();
    judge(0);
    judge(200_000, { signature: 'moved' });
    expect(says(judge(STALL_MS, { signature: 'moved' }))).toBe('wait');
    expect(says(judge(200_000 + STALL_MS, { signature: 'moved' }))).toBe('stalled');
  });
  it('a person may give another limit', () => {
    const judge = new WaitJudge({ ...patience, stallMs: 10_000 }, STALL_MS);
    judge.judge({ ...open, atMs: 0 });
    expect(says(judge.judge({ ...open, atMs: 10_000 }))).toBe('stalled');
  });
  it('watching a proof that holds is no stall', () => {
    const judge = new WaitJudge({ settleMs: 400_000, soakMs: 0 }, STALL_MS);
    judge.judge({ ...fine, atMs: 0 });
    expect(says(judge.judge({ ...fine, atMs: STALL_MS }))).toBe('wait');
  });
  it('held for it, it goes on to wait, and any move clears it', () => {
    const judge = judging(['gated/west/tikv']);
    expect([0, 1_000, 500_000].map((at) => says(judge(at)))).toEqual(['wait', 'wait', 'wait']);
    expect(says(judge(501_000, { signature: 'moved' }))).toBe('cleared');
  });
});

describe('a run that is held already', () => {
  const alarm = { alarms: [reason('store/7/Disconnected')] };

  it('the same reasons are not said again, from the first look on', () => {
    const judge = judging(['store/7/Disconnected']);
    expect([0, 1_000, 60_000].map((at) => says(judge(at, alarm)))).toEqual(['wait', 'wait', 'wait']);
  });

  it('a new one that is confirmed is said together with the old', () => {
    const judge = judging(['store/7/Disconnected']);
    const both = { alarms: [reason('store/7/Disconnected'), reason('store/8/Down')] };
    expect(says(judge(0, both))).toBe('wait');
    expect(judge(1_000, both)).toMatchObject({ say: 'held', reasons: both.alarms });
  });

  it('one that is gone is not forgotten by the first look, and is by the second', () => {
    const judge = judging(['store/7/Disconnected', 'store/8/Down']);
    expect(says(judge(0, alarm))).toBe('wait');
    expect(judge(1_000, alarm)).toMatchObject({ say: 'held', reasons: alarm.alarms });
  });

  it('quiet must be heard twice', () => {
    const judge = judging(['store/7/Disconnected']);
    expect(says(judge(0))).toBe('wait');
    expect(says(judge(1_000))).toBe('cleared');
  });

  it('one loud look between starts it anew', () => {
    const judge = judging(['store/7/Disconnected']);
    judge(0);
    judge(1_000, alarm);
    expect(says(judge(2_000))).toBe('wait');
    expect(says(judge(3_000))).toBe('cleared');
  });

  it('two reasons of one key are one', () => {
    const judge = judging(['pd-member/basic-pd-0']);
    const twice = { alarms: [reason('pd-member/basic-pd-0'), reason('pd-member/basic-pd-0')] };
    expect([0, 60_000].map((at) => says(judge(at, twice)))).toEqual(['wait', 'wait']);
  });
});

describe('a brake that stands', () => {
  it('is released after two quiet looks, also in a run that is not held', () => {
    const judge = judging();
    expect(says(judge(0, { braked: true }))).toBe('wait');
    expect(says(judge(1_000, { braked: true }))).toBe('release');
  });

  it('is released even when it has stood for longer than a stall: nothing could move', () => {
    const judge = judging(['pd-no-leader']);
    const frozen = { braked: true, alarms: [reason('pd-no-leader')] };
    judge(0, frozen);
    judge(2 * STALL_MS, frozen);
    expect(says(judge(2 * STALL_MS + 1_000, { braked: true }))).toBe('wait');
    expect(says(judge(2 * STALL_MS + 2_000, { braked: true }))).toBe('release');
  });

  it('is released also in a run that is held for a stall', () => {
    const judge = judging(['no-progress/west/tikv']);
    judge(0, { braked: true });
    expect(says(judge(1_000, { braked: true }))).toBe('release');
  });

  it('is released beside a trouble that stands: its repair needs an operator that may act', () => {
    const judge = judging(['crash/p/c']);
    const crashing = { braked: true, troubles: [reason('crash/p/c')] };
    judge(0, crashing);
    expect(says(judge(1_000, crashing))).toBe('release');
  });

  it('is no stall while it stands, and time with it does not count', () => {
    const judge = judging();
    const alarm = { braked: true, alarms: [reason('store/7/Disconnected')] };
    judge(0, alarm);
    expect(says(judge(14_000, alarm))).toBe('wait');
    expect(says(judge(STALL_MS))).toBe('wait');
    expect(says(judge(2 * STALL_MS))).toBe('stalled');
  });
});

// Random sequences of looks.

const keys = ['store/1/Down', 'store/2/Disconnected', 'pd-unknown', 'pd-member/a', 'regions/down-peer', 'drift/west/x/1', 'image/p/c', 'no-progress/west/tikv', 'gated/west/tikv'];
const stallKeys = ['no-progress/', 'gated/', 'leaders/', 'event/', 'discovery/'];
const passing = keys.filter((key) => !stallKeys.some((prefix) => key.startsWith(prefix)));
const someOf = fc.subarray(passing).map((chosen) => chosen.map(reason));
const quiet = fc.constant<Reason[]>([]);
const look = fc.record({
  afterMs: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 2_000 }) }, { weight: 2, arbitrary: fc.integer({ min: 2_000, max: 60_000 }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 400_000 }) }),
  missing: fc.constantFrom<string[]>([], [], [], [], ['m']),
  unwhole: fc.oneof({ weight: 4, arbitrary: quiet }, { weight: 1, arbitrary: someOf }),
  alarms: fc.oneof({ weight: 3, arbitrary: quiet }, { weight: 1, arbitrary: someOf }),
  troubles: fc.oneof({ weight: 5, arbitrary: quiet }, { weight: 1, arbitrary: someOf }),
  signature: fc.constantFrom('a', 'a', 'a', 'b'),
  braked: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const sequence = fc.array(look, { minLength: 1, maxLength: 14 });
const knownKeys = fc.oneof(fc.constant<string[]>([]), fc.subarray(keys));

interface Said {
  looks: Look[];
  verdicts: Verdict[];
}

function play(given: (Omit<Look, 'atMs'> & { afterMs: number })[], known: string[]): Said {
  const judge = new WaitJudge(patience, STALL_MS, known);
  let atMs = 1_000;
  const looks = given.map(({ afterMs, ...rest }) => ({ ...rest, atMs: (atMs += afterMs) }));
  return { looks, verdicts: looks.map((each) => judge.judge(each)) };
}

const isFine = (each: Look): boolean => each.missing.length === 0 && each.unwhole.length === 0;
const keysOf = (each: Look): string[] => [...each.alarms, ...each.troubles].map((one) => one.key);
const isQuiet = (each: Look | undefined): boolean => each !== undefined && keysOf(each).length === 0;

/** Since when the key has been seen without a gap, up to the look at `index`. */
function standsSince(looks: Look[], index: number, key: string): number {
  let since = index;
  while (since > 0 && keysOf(looks[since - 1] as Look).includes(key)) since--;
  return (looks[since] as Look).atMs;
}

/** Since when all looks have been fine, up to the look at `index`. */
function fineSince(looks: Look[], index: number): number {
  let since = index;
  while (since > 0 && isFine(looks[since - 1] as Look)) since--;
  return (looks[since] as Look).atMs;
}

const rules: Record<string, (said: Said, index: number, known: string[]) => boolean> = {
  'done exactly when the proof has held from one look to another, settle and soak later, with no bad look between': ({ looks, verdicts }, index) => {
    const now = looks[index] as Look;
    const held = isFine(now) && now.atMs - fineSince(looks, index) >= WHOLE_WAIT_MS;
    return held === (says(verdicts[index] as Verdict) === 'done');
  },
  'held only for reasons that are seen now and are known or have stood long enough, and for all of them': ({ looks, verdicts }, index, known) => {
    const verdict = verdicts[index] as Verdict;
    if (verdict.say !== 'held') return true;
    const now = looks[index] as Look;
    const due = keysOf(now).filter((key) => known.includes(key) || now.atMs - standsSince(looks, index, key) >= confirmationMs(key));
    return verdict.reasons.length > 0 && new Set(due).size === new Set(verdict.reasons.map((each) => each.key)).size && verdict.reasons.every((each) => due.includes(each.key));
  },
  'held is not said twice for the same': ({ verdicts }, index, known) => {
    const verdict = verdicts[index] as Verdict;
    return verdict.say !== 'held' || new Set(verdict.reasons.map((each) => each.key)).size !== known.length || verdict.reasons.some((each) => !known.includes(each.key));
  },
  'the first look forgets no known reason': ({ looks, verdicts }, index, known) => {
    const verdict = verdicts[index] as Verdict;
    if (index > 0) return true;
    if (verdict.say === 'cleared') return false;
    return verdict.say !== 'held' || known.filter((key) => !stallKeys.some((prefix) => key.startsWith(prefix))).every((key) => keysOf(looks[0] as Look).includes(key));
  },
  'a confirmed reason that is not known is never kept quiet': ({ looks, verdicts }, index, known) => {
    const now = looks[index] as Look;
    const fresh = keysOf(now).some((key) => !known.includes(key) && now.atMs - standsSince(looks, index, key) >= confirmationMs(key));
    return !fresh || ['held', 'done', 'release'].includes(says(verdicts[index] as Verdict));
  },
  'cleared only when there is something to clear, after two quiet looks': ({ looks, verdicts }, index, known) => {
    const now = looks[index] as Look;
    return says(verdicts[index] as Verdict) !== 'cleared' || (known.length > 0 && !now.braked && isQuiet(now) && isQuiet(looks[index - 1]));
  },
  'a brake that stands is released after two looks without an alarm, whatever else, and never before': ({ looks, verdicts }, index) => {
    const now = looks[index] as Look;
    const silent = now.braked && now.alarms.length === 0 && index > 0 && (looks[index - 1] as Look).alarms.length === 0;
    const said = says(verdicts[index] as Verdict);
    return silent ? ['release', 'done'].includes(said) : said !== 'release';
  },
  'stalled only when something is missing, nothing moved for the limit, and no brake stands': ({ looks, verdicts }, index) => {
    const now = looks[index] as Look;
    if (says(verdicts[index] as Verdict) !== 'stalled') return true;
    let moved = index;
    while (moved > 0 && (looks[moved - 1] as Look).signature === now.signature) moved--;
    return !isFine(now) && !now.braked && now.atMs - (looks[moved] as Look).atMs >= STALL_MS;
  },
};

describe('of whatever looks, it says', () => {
  it.each(Object.entries(rules))('%s', (_name, rule) => {
    fc.assert(
      fc.property(sequence, knownKeys, (given, known) => {
        const said = play(given, known);
        return said.looks.every((_look, index) => rule(said, index, known));
      }),
      { numRuns: 5 * runs.numRuns },
    );
  });
});

it('all verdicts are met by such sequences', () => {
  const met = new Map<string, number>();
  fc.assert(
    fc.property(sequence, knownKeys, (given, known) => {
      for (const verdict of play(given, known).verdicts) met.set(verdict.say, (met.get(verdict.say) ?? 0) + 1);
    }),
    { ...runs, numRuns: 2 * runs.numRuns },
  );
  expect([...met.keys()].sort()).toEqual(['cleared', 'done', 'held', 'release', 'stalled', 'wait']);
  for (const count of met.values()) expect(count).toBeGreaterThan(50);
});

describe('a doubt', () => {
  const judge = new WaitJudge(patience, STALL_MS, ['store/4/Down']);
  const doubtsAfter = (atMs: number, look: Partial<Look>): boolean => {
    judge.judge({ ...open, ...look, atMs });
    return judge.doubts;
  };

  it.each<[string, Partial<Look>, boolean]>([
    ['is an alarm that the run does not hold for', { alarms: [reason('store/5/Disconnected')] }, true],
    ['is a trouble that the run does not hold for', { troubles: [reason('unreachable')] }, true],
    ['is not what the run holds for already', { alarms: [reason('store/4/Down')] }, false],
    ['is over when nothing stands', {}, false],
  ])('%s', (_what, look, doubts) => {
    expect(doubtsAfter(0, look)).toBe(doubts);
  });
});
