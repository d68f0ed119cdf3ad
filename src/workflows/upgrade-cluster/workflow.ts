/** Workflow type `upgradeCluster`: its contract, carried out by the conductor. */
import { conduct } from '../conductor/conduct.ts';
import type { Carried, RunResult } from '../conductor/conduct.ts';
import { upgradeClusterRunbook } from './contract.ts';

export async function upgradeCluster(input: unknown, carried?: Carried): Promise<RunResult> {
  return conduct(upgradeClusterRunbook, input, carried);
}
