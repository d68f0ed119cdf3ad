/** The table of docs/fidelity.md, from phrases that are written down here. */
import { readFileSync } from 'node:fs';
import { agreement, fidelityText, lastSeen } from '../e2e/fidelity/generate.ts';
import { behaviours } from '../e2e/fidelity/list.ts';

test.each([
  ['pd 2, 1, 0', 'pd 2, 1, 0', 'yes'],
  ['pd 2, 1, 0', 'pd 0, 1, 2', 'no'],
  ['failed: no answer', 'failed: no answer', 'no'],
  ['pd 2, 1, 0', 'not run', 'not run'],
  ['not run', 'pd 2, 1, 0', 'not run'],
  ['not observed: too long', 'not observed: too long', 'not observed'],
])('"%s" in the twin and "%s" in the real operator: %s', (twin, real, verdict) => expect(agreement(twin, real)).toBe(verdict));

test('every behaviour has a row of its own, and a phrase cannot break its table', () => {
  const text = fidelityText({ gates: 'tikv | tidb <x>' }, {});
  for (const { id } of behaviours) expect(text.split('\n').filter((line) => line.startsWith(`| \`${id}\` `))).toHaveLength(1);
  expect(text).toContain('tikv \\| tidb &lt;x>');
});

test('docs/fidelity.md is what was seen last, and no behaviour differs', () => {
  const text = readFileSync(new URL('../../docs/fidelity.md', import.meta.url), 'utf8');
  expect(text).toBe(fidelityText(lastSeen('twin'), lastSeen('real')));
  expect(behaviours.filter(({ id }) => agreement(lastSeen('twin')[id] ?? 'not run', lastSeen('real')[id] ?? 'not run') === 'no').map(({ id }) => id)).toEqual([]);
});

test('behaviours have ids of their own, a source and somebody who relies on them', () => {
  expect(new Set(behaviours.map(({ id }) => id)).size).toBe(behaviours.length);
  expect(behaviours.filter(({ source, reliedOnBy, title }) => [source, reliedOnBy, title].includes(''))).toEqual([]);
});
