/** `tidb-runbook plan <runbook> <cluster>`: what a run would do now; changes nothing. */
import type { Command } from 'commander';
import type { RunbookInput } from '../../client.ts';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { addRunbooks, grammars } from '../grammar.ts';
import { renderPlan } from '../render/plan.ts';
import { inputFrom } from '../run-input.ts';
import type { RunFlags } from '../run-input.ts';

export function addPlan(program: Command, context: Context): void {
  const plan = program.command('plan').description('show what a run would do now; nothing is changed').addHelpText('after', `\nExample:\n  tidb-runbook plan ${grammars[0]?.example}`);
  addRunbooks(plan, (command, grammar) =>
    withOutput(command).action((cluster: string | undefined, flags: RunFlags & OutputOptions) =>
      withClient(context, async (client, settings) => {
        const input = await inputFrom(grammar, cluster, flags, settings);
        const made = await client.plan(grammar.type, input as RunbookInput<typeof grammar.type>);
        const { columns: width, colors } = context.terminal;
        answer(context, flags, made, () => [...renderPlan(made, { width, colors }), '', `Carry it out: tidb-runbook start ${grammar.word} ${made.cluster} …; the run plans anew and asks for approval of its own plan.`]);
      }),
    ),
  );
}
