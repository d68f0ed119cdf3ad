import fc from 'fast-check';
import { table } from '../../../src/cli/render/table.ts';
import { widthOf } from '../../../src/cli/render/text.ts';

const cells = (...texts: string[]): { text: string }[] => texts.map((text) => ({ text }));

test('columns are as wide as their content', () => {
  expect(table([cells('pd', 'east', 'done'), cells('tiflash', 'west', 'waiting')], 80)).toEqual(['pd       east  done', 'tiflash  west  waiting']);
});

test('the last column gives way', () => {
  expect(table([cells('tikv', 'west', '41 leaders left on shop-west-tikv-1')], 30)).toEqual(['tikv  west  41 leaders left o…']);
});

test('colours change no width', () => {
  const [first] = table([[{ text: 'held', paint: (text) => `<red>${text}</red>` }, { text: 'x' }], cells('waiting', 'y')], 80);
  expect(first).toBe('<red>held</red>     x');
});

test('no line is wider than asked, when the last column has room for eight', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), fc.string({ maxLength: 90 })), { minLength: 1 }), fc.integer({ min: 30, max: 140 }), (rows, width) => {
      for (const line of table(rows.map((row) => cells(...row)), width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test('nothing is no table', () => {
  expect(table([], 80)).toEqual([]);
});
