/** How many random states a property is tried on. fast-check prints seed and path of a failure; `SEED=…` repeats a run. */

const RUNS = 1_000;
const seed = process.env['SEED'];

export const runs: { numRuns: number; seed?: number } = { numRuns: RUNS, ...(seed ? { seed: Number(seed) } : {}) };
