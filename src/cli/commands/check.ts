/** `tidb-runbook check <cluster>`: what is wrong with a TiDB cluster, soon will be, or is left over. Changes nothing. */
import type { Command } from 'commander';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { renderFindings } from '../render/findings.ts';

const help = `
Example:
  tidb-runbook check shop

It is meant for a Schedule too: the workflow checkCluster fails its run when something is critical (docs/check-cluster.md).`;

export function addCheck(program: Command, context: Context): void {
  withOutput(program.command('check').argument('<cluster>', 'a TiDB cluster of the inventory').description('report what is wrong with a TiDB cluster; nothing is changed').addHelpText('after', help)).action((cluster: string, options: OutputOptions) =>
    withClient(context, async (client) => {
      const report = await client.check(cluster);
      answer(context, options, report, () => renderFindings(report, { width: context.terminal.columns, colors: context.terminal.colors }));
      return report.findings.some(({ severity }) => severity === 'critical') ? 9 : 0;
    }),
  );
}
