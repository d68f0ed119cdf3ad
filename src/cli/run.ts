/** Runs one command line: parses it, and turns whatever goes wrong into one sentence and an exit code. */
import { CommanderError } from 'commander';
import type { Environment } from '../config.ts';
import { RunbookError, sentenceOf } from '../errors.ts';
import type { Context } from './context.ts';
import { exitCodeOf, typeOf } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { oneLine } from './render/text.ts';
import type { Terminal } from './terminal.ts';

export interface CommandLine {
  /** Without the names of node and of the program. */
  words: string[];
  version: string;
  /** Absent: that of the process. */
  environment?: Environment;
}

/** Never rejects. */
export async function runCommandLine({ words, version, environment }: CommandLine, terminal: Terminal): Promise<ExitCode> {
  const context: Context = { terminal, environment, exitCode: 0 };
  try {
    await buildProgram(context, version).parseAsync(words, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (isHelp(error)) return error.exitCode === 0 ? 0 : 2;
    const problem = error instanceof CommanderError ? new RunbookError('InvalidInput', usageSentence(error)) : error;
    await tell(problem, asksForJson(words), context);
    return exitCodeOf(problem);
  }
}

/** Help and version are printed already; commander throws to end the command. */
function isHelp(error: unknown): error is CommanderError {
  return error instanceof CommanderError && /^commander\.(help|version)/.test(error.code);
}

function usageSentence({ message }: CommanderError): string {
  return `${message.replace(/^error: /, '').replaceAll('\n', ' ')}; see tidb-runbook --help`;
}

async function tell(error: unknown, json: boolean, { terminal, environment }: Context): Promise<void> {
  const message = oneLine(sentenceOf(error));
  if (json) terminal.write(`${JSON.stringify({ error: { type: typeOf(error), message } }, null, 2)}\n`);
  terminal.tell(`tidb-runbook: ${message}`);
  const { wantsStacks } = await import('../config.ts');
  if (wantsStacks(environment) && error instanceof Error) terminal.tell(stackOf(error));
}

function asksForJson(words: readonly string[]): boolean {
  return words.some((word, index) => /^(--output=|-o=?)json$/.test(word) || (word === 'json' && /^(--output|-o)$/.test(words[index - 1] ?? '')));
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own;
}
