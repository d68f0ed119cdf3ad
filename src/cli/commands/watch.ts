/** `tidb-runbook watch <run>`: follows a run until it ends, then prints its report. */
import type { Command } from 'commander';
import { withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { follow } from '../follow.ts';
import { runArgument } from '../run-argument.ts';

const notes = `
On a terminal the view is redrawn in place; elsewhere, and with NO_COLOR, each change is a line.
With --output json each change is one JSON object on its line, and the report is the last one.
The exit code says how the run ended.`;

export function addWatch(program: Command, context: Context): void {
  withOutput(program.command('watch').argument(...runArgument).description('follow a run until it ends')).addHelpText('after', notes).action((run: string, options: OutputOptions) => withClient(context, async (client) => await follow(context, client, await client.find(run), options)));
}
