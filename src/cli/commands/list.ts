/** `tidb-runbook list`: runs, the newest first. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { RunFilter } from '../../client.ts';
import { phases } from '../../protocol/run.ts';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { renderList } from '../render/list.ts';

export function addList(program: Command, context: Context): void {
  const command = program.command('list').description('list runs, the newest first').option('--cluster <name>', 'only those of this TiDB cluster').addOption(new Option('--phase <phase>', 'only those in this phase').choices(phases)).option('--open', 'only those that have not ended').option('--limit <count>', 'at most so many', countFrom, 50);
  withOutput(command).action((options: RunFilter & OutputOptions) =>
    withClient(context, async (client) => {
      const runs = await client.list(options);
      const { columns: width, colors } = context.terminal;
      answer(context, options, runs, () => renderList(runs, { width, now: new Date().toISOString(), colors }));
    }),
  );
}

function countFrom(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return count;
}
