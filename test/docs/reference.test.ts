/** docs/reference.md says what the code says now. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceText } from '../../docs/generate-reference.ts';

const text = referenceText();

test('is not stale: run "make docs" after a change of a schema, a variable, an exit code or an error type', () => {
  expect(readFileSync(join(__dirname, '../../docs/reference.md'), 'utf8')).toBe(text);
});

test('gives every field and every row a meaning', () => {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.filter((row) => /\|\s+\|$/.test(row))).toEqual([]);
});
