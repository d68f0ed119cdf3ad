/** `tidb-runbook approve <run>`: opens a gate, after the person has seen what it is about. */
import type { Command } from 'commander';
import type { LiveStatus, RunbookClient } from '../../client.ts';
import { DecisionRefused } from '../../client/failures.ts';
import { RunbookError } from '../../errors.ts';
import type { Decision } from '../../protocol/decisions.ts';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { addDecider, deciderOf } from '../decider.ts';
import type { DeciderFlags } from '../decider.ts';
import { quoted } from '../render/commands.ts';
import { renderPlan } from '../render/plan.ts';
import { indent } from '../render/text.ts';
import { runArgument } from '../run-argument.ts';

type Flags = DeciderFlags & OutputOptions & { gate?: string; planHash?: string; reason?: string; yes?: boolean };

const notes = `
Without --gate and --plan-hash the open gate is shown, and a question is asked.
Where no question can be asked, the plan is approved only by its hash: nobody approves what nobody has read.

Examples:
  tidb-runbook approve shop --by bob
  tidb-runbook approve upgradeCluster/shop --by bob --gate plan --plan-hash 1f3a90bc27de
  tidb-runbook approve upgradeCluster/shop --by bob --gate component/tikv

The same with the plain Temporal CLI:
  temporal workflow signal --workflow-id upgradeCluster/shop --name approve --input '{"by":"bob","gate":"plan","planHash":"1f3a90bc27de"}'`;

export function addApprove(program: Command, context: Context): void {
  const command = addDecider(program.command('approve').argument(...runArgument).description('approve the gate that a run waits at'))
    .option('--gate <gate>', 'plan, component/<name>, tidbcluster/<name> or step/<id>')
    .option('--plan-hash <hash>', 'the hash of the plan that was read')
    .option('--reason <text>', 'kept in the report')
    .option('-y, --yes', 'do not ask; the plan still needs its hash')
    .addHelpText('after', notes);
  withOutput(command).action((run: string, flags: Flags) =>
    withClient(context, async (client, settings) => {
      const by = deciderOf(flags, settings);
      const workflowId = await client.find(run);
      const gate = flags.gate ?? (flags.planHash ? 'plan' : undefined);
      const named = gate && (gate !== 'plan' || flags.planHash) ? { gate, ...(flags.planHash ? { planHash: flags.planHash } : {}) } : await askPerson(context, client, workflowId, flags);
      const decision: Decision = { decision: 'approve', by, ...named, ...(flags.reason ? { reason: flags.reason } : {}) };
      const message = await client.decide(workflowId, decision);
      answer(context, flags, { workflowId, ...decision, message }, () => [message]);
    }),
  );
}

type Named = Pick<Decision, 'gate' | 'planHash'>;

/** Shows the open gate. The approval names that gate and that plan, so a gate that opens meanwhile is not meant. */
async function askPerson(context: Context, client: RunbookClient, workflowId: string, flags: Flags): Promise<Named> {
  const status = await client.status(workflowId);
  const { gate, planHash } = status;
  if (!gate || (flags.gate && flags.gate !== gate.id)) throw new DecisionRefused(notOpen(status, flags.gate));
  const canAsk = context.terminal.isInteractive && !flags.yes && flags.output === 'text';
  if (!canAsk) return withoutQuestion(workflowId, gate.id, flags);
  for (const line of await linesOf(context, client, status)) context.terminal.tell(line);
  const reply = await context.terminal.ask(`Approve ${gate.id}? [y/N] `);
  if (!/^y(es)?$/i.test(reply)) throw new DecisionRefused('Nothing was decided');
  return { gate: gate.id, ...(gate.id === 'plan' && planHash ? { planHash } : {}) };
}

function notOpen({ workflowId, phase, gate, message }: LiveStatus, wanted: string | undefined): string {
  if (gate) return `Gate ${wanted} of ${workflowId} is not open: it waits for approval of ${gate.id}`;
  return `No gate of ${workflowId} is open: it is ${phase} (${message})`;
}

function withoutQuestion(workflowId: string, gate: string, { yes, gate: named }: Flags): Named {
  const id = quoted(workflowId);
  if (gate === 'plan') throw new RunbookError('InvalidInput', `The plan is approved by its hash, so that nobody approves what nobody has read: see tidb-runbook status ${id}, then add --plan-hash <hash>`);
  if (yes || named) return { gate };
  throw new RunbookError('InvalidInput', `Nobody can be asked here: name the gate (--gate ${gate}), or add --yes to approve whichever is open`);
}

async function linesOf({ terminal }: Context, client: RunbookClient, { gate, workflowId }: LiveStatus): Promise<string[]> {
  const { columns: width, colors } = terminal;
  const plan = gate?.id === 'plan' ? await client.planOf(workflowId) : undefined;
  return [...(plan ? renderPlan(plan, { width, colors }) : indent('', gate?.question ?? '', width)), ''];
}
