/** The twins against the documented facts: the list that is also looked at beside the real operator (docs/fidelity.md). */
import { LabClient } from '../../lab/client.ts';
import { behaviours } from '../e2e/fidelity/list.ts';
import { observeAll } from '../e2e/fidelity/observe.ts';
import type { Observations } from '../e2e/fidelity/observe.ts';

jest.setTimeout(600_000);

let seen: Observations;
beforeAll(async () => {
  const { lab } = JSON.parse(process.env['TIDB_RUNBOOKS_TEST_GROUND'] ?? '{}') as { lab: string };
  seen = await observeAll(LabClient.in(lab), 'facts', () => undefined);
});

test.each(behaviours.filter(({ documented }) => documented !== undefined).map(({ id, title, documented }) => ({ id, title, documented })))('$title ($id)', ({ id, documented }) => {
  expect(seen[id]).toBe(documented);
});

test('every behaviour either has a documented answer or says why it is not observed', () => {
  const open = behaviours.filter(({ documented }) => documented === undefined).map(({ id }) => id);
  expect(open.filter((id) => !seen[id]?.startsWith('not observed: '))).toEqual([]);
});
