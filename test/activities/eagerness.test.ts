import { Eagerness } from '../../src/activities/waiting/eagerness.ts';

test('asks soon at first, and less often the longer the word is missing', () => {
  const eagerness = new Eagerness();
  expect([0, 1_000, 3_000, 10_000].map((nowMs) => eagerness.pauseMs(true, nowMs))).toEqual([40, 40, 75, 250]);
});

test('is eager anew after more was missing', () => {
  const eagerness = new Eagerness();
  eagerness.pauseMs(true, 0);
  expect(eagerness.pauseMs(false, 5_000)).toBeUndefined();
  expect(eagerness.pauseMs(true, 10_000)).toBe(40);
});
