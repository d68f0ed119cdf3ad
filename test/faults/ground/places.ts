/** Where the labs and Temporal servers of a test run are: said once by jest's setup, read in each of its workers. */

export interface GroundPlaces {
  directory: string;
  lab: string;
  temporal: string;
}

const variable = 'TIDB_RUNBOOKS_TEST_GROUNDS';

export function publishPlaces(places: GroundPlaces[]): void {
  process.env[variable] = JSON.stringify(places);
}

/** Those of this worker of jest. */
export function groundPlaces(): GroundPlaces {
  const all = JSON.parse(process.env[variable] ?? '[]') as GroundPlaces[];
  const places = all[(Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % all.length];
  if (!places) throw new Error('No lab was started for the tests.');
  return places;
}
