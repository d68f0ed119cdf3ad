/** Workflow type `migrateCluster`: its contract, carried out by the conductor. */
import { conduct } from '../conductor/conduct.ts';
import type { Carried, RunResult } from '../conductor/conduct.ts';
import { migrateClusterRunbook } from './contract.ts';

export async function migrateCluster(input: unknown, carried?: Carried): Promise<RunResult> {
  return conduct(migrateClusterRunbook, input, carried);
}
