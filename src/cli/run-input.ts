/** The input of a run from an input file, the common flags, and the flags of its runbook. */
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Settings } from '../config.ts';
import { RunbookError } from '../errors.ts';
import { gateLevels } from '../protocol/options.ts';
import type { RunbookGrammar } from './grammar.ts';

export interface RunFlags {
  input?: string;
  gates?: string;
  approver?: string[];
  requestedBy?: string;
  selfApproval?: boolean;
  settle?: string;
  soak?: string;
  stallAfter?: string;
  takeOverLockOf?: string;
}

/** The options of src/protocol/options.ts as flags. */
export function addRunFlags(command: Command): Command {
  return command
    .addOption(new Option('--gates <level>', 'where a person is asked (default: plan)').choices(gateLevels))
    .option('--approver <person...>', 'who may approve; without it anybody but the one who asks')
    .option('--requested-by <person>', 'who asks for the run (default: TIDB_RUNBOOKS_PERSON)')
    .option('--self-approval', 'lets the one who asks approve as well')
    .option('--settle <duration>', 'between the two reads in which a proof must hold (default: 35s)')
    .option('--soak <duration>', 'how long to watch after each proof (default: 65s)')
    .option('--stall-after <duration>', 'no progress for so long is a stall (default: by component)')
    .option('--take-over-lock-of <workflow id>', 'take the lock of a run that is known to be dead');
}

/** Flags stand above the file. What is missing or wrong, the contract says. */
export async function inputFrom(grammar: RunbookGrammar, cluster: string | undefined, flags: RunFlags, settings: Pick<Settings, 'person'>): Promise<Record<string, unknown>> {
  const file = flags.input === undefined ? {} : await readInputFile(flags.input);
  const { gates, approver: approvers, selfApproval, settle, soak, stallAfter, takeOverLockOf } = flags;
  const requestedBy = flags.requestedBy ?? (file['requestedBy'] === undefined ? settings.person : undefined);
  const given = { cluster, ...grammar.input(flags as Record<string, string | undefined>), gates, approvers, requestedBy, selfApproval, settle, soak, stallAfter, takeOverLockOf };
  return { ...file, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

async function readInputFile(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new RunbookError('NotFound', `The input file ${path} cannot be read (${error.code ?? error.message})`);
  });
  const value = parseJson(text, path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RunbookError('InvalidInput', `The input file ${path} does not hold one JSON object`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RunbookError('InvalidInput', `The input file ${path} is not JSON: ${(error as Error).message}`);
  }
}
