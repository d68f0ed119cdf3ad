/** The list as tests: what a lab shows against what is documented. One lab has the twin operator, the other the real one. */
import { LabClient } from '../../../lab/client.ts';
import { groundPlaces } from '../../faults/ground/places.ts';
import { behaviours } from './list.ts';
import { observeAll } from './observe.ts';
import type { Observations } from './observe.ts';

/** Minutes with the real operator, most of one with its twin. */
const patience = 900_000;

/** Declares one test per behaviour, on the lab of the ground that jest has started. */
export function testAgainstFacts(prefix: string): void {
  jest.setTimeout(patience);
  let seen: Observations;
  beforeAll(async () => {
    const { lab } = groundPlaces();
    seen = await observeAll(LabClient.in(lab), prefix, () => undefined);
  });

  const documented = behaviours.flatMap(({ id, title, documented: phrase }) => (phrase === undefined ? [] : [{ id, title, phrase }]));
  test.each(documented)('$title ($id)', ({ id, phrase }) => expect(seen[id]).toBe(phrase));

  test('every behaviour either has a documented answer or says why it is not observed', () => {
    const open = behaviours.filter(({ documented: phrase }) => phrase === undefined).map(({ id }) => id);
    expect(open.filter((id) => !seen[id]?.startsWith('not observed: '))).toEqual([]);
  });
}
