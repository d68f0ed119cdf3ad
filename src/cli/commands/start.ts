/** `tidb-runbook start <runbook> <cluster>`: starts a run and shows how it begins. */
import type { Command } from 'commander';
import type { LiveStatus, RunbookClient, RunbookInput, StartedRun } from '../../client.ts';
import { isOpen } from '../../client/execution.ts';
import { RunbookError } from '../../errors.ts';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { follow } from '../follow.ts';
import { addRunbooks, grammars } from '../grammar.ts';
import { outcomeOf } from '../outcome.ts';
import { quoted } from '../render/commands.ts';
import { renderStatus } from '../render/status.ts';
import { addRunFlags, inputFrom } from '../run-input.ts';
import type { RunFlags } from '../run-input.ts';

type StartFlags = RunFlags & OutputOptions & { workflowId?: string; wait?: boolean };

const examples = `
Examples:
  tidb-runbook start ${grammars[0]?.example} --requested-by alice
  tidb-runbook start upgrade --input examples/upgrade-cluster.json --wait`;

export function addStart(program: Command, context: Context): void {
  const start = program.command('start').description('start a run').addHelpText('after', examples);
  addRunbooks(start, (command, grammar) => {
    addRunFlags(command).option('--workflow-id <id>', 'instead of <runbook>/<cluster>').option('-w, --wait', 'follow the run until it ends, as watch does');
    withOutput(command).action((cluster: string | undefined, flags: StartFlags) =>
      withClient(context, async (client, settings) => {
        const input = await inputFrom(grammar, cluster, flags, settings);
        const started = await client.start(grammar.type, input as RunbookInput<typeof grammar.type>, { workflowId: flags.workflowId });
        context.terminal.tell(`Started ${started.workflowId}${started.link ? ` (${started.link})` : ''}`);
        if (flags.wait) return await follow(context, client, started.workflowId, flags);
        return await showBeginning(context, client, { started, flags });
      }),
    );
  });
}

/** A plan takes about a second; when it takes longer, the person may look later. */
const beginningMs = 15_000;

async function showBeginning(context: Context, client: RunbookClient, { started, flags }: { started: StartedRun; flags: StartFlags }): Promise<ReturnType<typeof outcomeOf>> {
  const { terminal } = context;
  const status = await untilPlanned(client, started.workflowId).catch((error: unknown) => {
    if (!(error instanceof RunbookError)) throw error;
    // The run is started all the same: it waits for a worker.
    terminal.tell(error.message);
    return undefined;
  });
  const { columns: width, colors } = terminal;
  const next = `Follow it: tidb-runbook watch ${quoted(started.workflowId)}`;
  answer(context, flags, status ?? started, () => [...(status ? [...renderStatus(status, { now: new Date().toISOString(), width, colors }), ''] : []), next]);
  return status ? outcomeOf(status) : 0;
}

async function untilPlanned(client: RunbookClient, workflowId: string): Promise<LiveStatus | undefined> {
  const signal = AbortSignal.timeout(beginningMs);
  for await (const observation of client.watch(workflowId, { everyMs: 200, signal })) {
    if ('trouble' in observation) throw new RunbookError('Unreachable', observation.trouble);
    if (hasBegun(observation.status)) return observation.status;
  }
  return undefined;
}

/** There is a plan, a reason why there is none, or an end. */
function hasBegun(status: LiveStatus): boolean {
  return status.planHash !== undefined || status.hold !== undefined || !isOpen(status);
}
