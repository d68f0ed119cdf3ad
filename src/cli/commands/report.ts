/** `tidb-runbook report <run>`: the record of the change; of an open run the record so far. */
import type { Command } from 'commander';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { renderPlan } from '../render/plan.ts';
import { renderReport } from '../render/report.ts';
import { runArgument } from '../run-argument.ts';

export function addReport(program: Command, context: Context): void {
  withOutput(program.command('report').argument(...runArgument).description('print the report: plan, decisions, steps with proofs, what remains')).action((run: string, options: OutputOptions) =>
    withClient(context, async (client) => {
      const workflowId = await client.find(run);
      const report = await client.report(workflowId);
      const { columns: width, colors } = context.terminal;
      answer(context, options, report, () => ('mode' in report ? renderPlan(report.plan, { width, colors }) : renderReport(report, { workflowId, now: new Date().toISOString(), width, colors })));
    }),
  );
}
