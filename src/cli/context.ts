/** What every command works with: the terminal, the settings, and a client that is connected when it is needed. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { RunbookClient } from '../client.ts';
import type { Environment, Settings } from '../config.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** Absent: that of the process. */
  environment: Environment | undefined;
  /** Set by the command that ran. */
  exitCode: ExitCode;
}

export interface OutputOptions {
  output: 'text' | 'json';
}

/** Adds `--output`, which every command has. */
export function withOutput(command: Command): Command {
  return command.addOption(new Option('-o, --output <format>', 'json: one JSON document on standard output').choices(['text', 'json']).default('text'));
}

/** What a command does; without an exit code all went as asked. */
export type Work = (client: RunbookClient, settings: Settings) => Promise<ExitCode | void>;

/** Connects, works, closes. The heavy modules are loaded here, so that `--help` is quick. */
export async function withClient(context: Context, work: Work): Promise<void> {
  const { readSettings, readTemporalSettings } = await import('../config.ts');
  const settings = readSettings(context.environment);
  const temporal = readTemporalSettings(context.environment);
  const { RunbookClient } = await import('../client.ts');
  const client = await RunbookClient.connect({ ...temporal, taskQueue: settings.taskQueue, uiUrl: settings.uiUrl });
  try {
    context.exitCode = (await work(client, settings)) ?? 0;
  } finally {
    await client.close();
  }
}

/** The answer of a command: a document for programs, or lines for people. */
export function answer({ terminal }: Context, { output }: OutputOptions, document: unknown, lines: () => string[]): void {
  terminal.write(output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : `${lines().join('\n')}\n`);
}
