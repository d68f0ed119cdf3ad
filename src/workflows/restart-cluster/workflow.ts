/** Workflow type `restartCluster`: its contract, carried out by the conductor. */
import { conduct } from '../conductor/conduct.ts';
import type { Carried, RunResult } from '../conductor/conduct.ts';
import { restartClusterRunbook } from './contract.ts';

export async function restartCluster(input: unknown, carried?: Carried): Promise<RunResult> {
  return conduct(restartClusterRunbook, input, carried);
}
