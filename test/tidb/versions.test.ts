import fc from 'fast-check';
import { compareVersions, isAtLeast, parseVersion, sameVersion } from '../../src/tidb/versions.ts';
import { runs } from './runs.ts';

describe('reads versions of images and of PD', () => {
  it.each([
    ['v8.5.4', { major: 8, minor: 5, patch: 4, suffix: '' }],
    ['8.5.4', { major: 8, minor: 5, patch: 4, suffix: '' }],
    ['v8.5.4-pre', { major: 8, minor: 5, patch: 4, suffix: '-pre' }],
    ['v8.5.0-alpha-12-gabc1234', { major: 8, minor: 5, patch: 0, suffix: '-alpha-12-gabc1234' }],
  ])('%s', (text, version) => expect(parseVersion(text)).toEqual(version));

  it.each(['', 'latest', 'nightly', 'v8.5', 'v8', 'v8.5.4.1', 'vv8.5.4', 'v8.5.4-', 'v8.5.4 ', 'v8.5.x'])('does not guess at "%s"', (text) => {
    expect(parseVersion(text)).toBeUndefined();
    expect(compareVersions(text, 'v8.5.4')).toBeUndefined();
    expect(isAtLeast(text, 'v0.0.0')).toBe(false);
  });
});

describe('orders versions', () => {
  it.each([
    ['v8.5.3', 'v8.5.4'],
    ['v8.5.9', 'v8.5.10'],
    ['v7.9.9', 'v8.0.0'],
    ['v8.4.9', 'v8.5.0'],
    ['v8.5.4-pre', 'v8.5.4'],
    ['v8.5.4', 'v8.5.4-20250101-3f1a2b3'],
    ['v8.5.4-20250101-3f1a2b3', 'v8.5.4-20250301-0a1b2c3'],
    ['v8.5.4-pre', 'v8.5.4-20250101-3f1a2b3'],
    ['v8.5.4-20250101-3f1a2b3', 'v8.5.5'],
    ['v8.5.4-alpha', 'v8.5.4-beta'],
    ['v8.5.3', 'v8.5.4-pre'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect([isAtLeast(older, newer), isAtLeast(newer, older)]).toEqual([false, true]);
  });

  it('with or without the v it is the same', () => {
    expect(compareVersions('v8.5.4', '8.5.4')).toBe(0);
    expect(sameVersion('v8.5.4', '8.5.4')).toBe(true);
    expect(sameVersion('v8.5.4', 'v8.5.40')).toBe(false);
    expect(sameVersion('', 'v8.5.4')).toBe(false);
  });

  it('is a total order', () => {
    const number = fc.integer({ min: 0, max: 12 });
    const version = fc.tuple(number, number, number, fc.constantFrom('', '-pre', '-alpha', '-rc.1', '-20250101-abc')).map(([a, b, c, suffix]) => `v${a}.${b}.${c}${suffix}`);
    const order = (a: string, b: string): number => Math.sign(compareVersions(a, b) ?? NaN);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(order(a, b) + order(b, a)).toBe(0);
        expect(order(a, b) === 0).toBe(sameVersion(a, b));
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0);
      }),
      runs,
    );
  });
});
