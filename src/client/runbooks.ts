/** The runbooks that can be started, with the contracts that type and check their input. */
import type { z } from 'zod';
import { RunbookError } from '../errors.ts';
import { refusalOfInput } from '../schema-problems.ts';
import { exitClusterRunbook } from '../workflows/exit-cluster/contract.ts';
import { migrateClusterRunbook } from '../workflows/migrate-cluster/contract.ts';
import { restartClusterRunbook } from '../workflows/restart-cluster/contract.ts';
import { upgradeClusterRunbook } from '../workflows/upgrade-cluster/contract.ts';

export const runbooks = {
  upgradeCluster: upgradeClusterRunbook,
  exitCluster: exitClusterRunbook,
  restartCluster: restartClusterRunbook,
  migrateCluster: migrateClusterRunbook,
} as const;

/** A workflow type such as `upgradeCluster`. */
export type RunbookType = keyof typeof runbooks;

/** What a person writes: everything with a default may be absent. */
export type RunbookInput<Type extends RunbookType> = z.input<ReturnType<(typeof runbooks)[Type]['contract']>>;

/**
 * Checks an input with the contract by which the run will read it, so that a typo is refused before anything starts.
 * @throws RunbookError InvalidInput naming each problem with its path.
 */
export function checkInput<Type extends RunbookType>(type: Type, input: RunbookInput<Type>): void {
  const parsed = runbooks[type].contract().safeParse(input);
  if (!parsed.success) throw new RunbookError('InvalidInput', refusalOfInput(type, parsed.error));
}
