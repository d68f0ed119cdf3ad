/** `tidb-runbook status <run>`: one look at a run. */
import type { Command } from 'commander';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { renderStatus } from '../render/status.ts';
import { runArgument } from '../run-argument.ts';

export function addStatus(program: Command, context: Context): void {
  withOutput(program.command('status').argument(...runArgument).description('show a run: steps, open gate, hold')).action((run: string, options: OutputOptions) =>
    withClient(context, async (client) => {
      const status = await client.status(await client.find(run));
      const { columns: width, colors } = context.terminal;
      answer(context, options, status, () => renderStatus(status, { now: new Date().toISOString(), width, colors }));
    }),
  );
}
