import fc from 'fast-check';
import { cut, duration, indent, oneLine, padEnd, timestamp, widthOf, withoutColors, wrap } from '../../../src/cli/render/text.ts';

test('words from elsewhere cannot move the cursor, colour or reverse the line', () => {
  expect(oneLine('a\u001b[2Jb\nc\td\u202ee\u0000f')).toBe('a [2Jb c d e f');
});

test('Chinese, Japanese and Korean characters take two columns', () => {
  expect(widthOf('张三 ok')).toBe(7);
  expect(padEnd('张三', 6)).toBe('张三  ');
});

test.each([
  ['shop-west', 20, 'shop-west'],
  ['shop-west-tikv-1', 10, 'shop-west…'],
  ['张三李四', 5, '张三…'],
  ['abc', 0, ''],
])('cuts %s to %d columns', (text, width, result) => {
  expect(cut(text, width)).toBe(result);
});

test('a cut text is never wider than asked, and a short one stays whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 40 }), (text, width) => {
      expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
      if (widthOf(text) <= width) expect(cut(text, width)).toBe(text);
    }),
  );
});

test('wrapping loses no word, and only a single long word may be wider', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^\S{1,12}$/), { minLength: 1 }), fc.integer({ min: 1, max: 30 }), (words, width) => {
      const lines = wrap(words.join(' '), width);
      expect(lines.join(' ')).toBe(words.join(' '));
      for (const line of lines) expect(widthOf(line) <= width || !line.includes(' ')).toBe(true);
    }),
  );
});

test('continues under the first word', () => {
  expect(indent('  - ', 'one two three', 11)).toEqual(['  - one two', '    three']);
});

test.each([
  [-5, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [60_000, '1m 00s'],
  [3_599_000, '59m 59s'],
  [3_600_000, '1h 00m'],
  [90_061_000, '1d 01h'],
])('%d ms is %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('times are in UTC and say so', () => {
  expect(timestamp('2026-03-01T14:05:09.123+02:00')).toBe('2026-03-01 12:05:09Z');
  expect(timestamp(undefined)).toBe('');
});

test('colours have no width', () => {
  expect(withoutColors('\u001b[31mred\u001b[39m')).toBe('red');
});
