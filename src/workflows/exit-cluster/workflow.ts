/** Workflow type `exitCluster`: its contract, carried out by the conductor. */
import { conduct } from '../conductor/conduct.ts';
import type { Carried, RunResult } from '../conductor/conduct.ts';
import { exitClusterRunbook } from './contract.ts';

export async function exitCluster(input: unknown, carried?: Carried): Promise<RunResult> {
  return conduct(exitClusterRunbook, input, carried);
}
