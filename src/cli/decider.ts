/** Who decides: Temporal does not tell a run who sent a decision, so the person says it. */
import type { Command } from 'commander';
import type { Settings } from '../config.ts';
import { RunbookError } from '../errors.ts';

export interface DeciderFlags {
  by?: string;
}

export function addDecider(command: Command): Command {
  return command.option('--by <person>', 'who decides (default: TIDB_RUNBOOKS_PERSON)');
}

/** @throws RunbookError InvalidInput when nobody is named. */
export function deciderOf({ by }: DeciderFlags, { person }: Pick<Settings, 'person'>): string {
  const name = by ?? person;
  if (name) return name;
  throw new RunbookError('InvalidInput', 'Say who decides: --by <your name>, or set TIDB_RUNBOOKS_PERSON');
}
