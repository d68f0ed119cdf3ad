/** The decisions that need no look at a plan first: reject, pause, resume, retry, skip, abort. */
import type { Command } from 'commander';
import type { LiveStatus, RunbookClient } from '../../client.ts';
import { RunbookError } from '../../errors.ts';
import type { Decision } from '../../protocol/decisions.ts';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { addDecider, deciderOf } from '../decider.ts';
import type { DeciderFlags } from '../decider.ts';
import { runArgument } from '../run-argument.ts';

type Flags = DeciderFlags & OutputOptions & { gate?: string; step?: string; reason?: string; hard?: boolean };

interface Kind {
  name: Exclude<Decision['decision'], 'approve'>;
  description: string;
  options: (command: Command) => Command;
  /** What a person may leave out because the run says it. */
  fromStatus?: (status: LiveStatus) => Partial<Decision>;
}

const why = (command: Command): Command => command.option('--reason <text>', 'kept in the report');

const kinds: readonly Kind[] = [
  { name: 'reject', description: 'refuse the gate that is open; the run ends', options: (command) => why(command).option('--gate <gate>', 'default: the one that is open'), fromStatus: ({ gate }) => ({ gate: gate?.id }) },
  { name: 'pause', description: 'stop before the next change', options: (command) => why(command).option('--hard', 'freeze the roll that is under way, too') },
  { name: 'resume', description: 'go on after a pause', options: why },
  { name: 'retry', description: 'try the held step again, and accept its reasons that need a decision', options: (command) => why(command).option('--step <step>', 'default: the one that holds'), fromStatus: ({ hold }) => ({ step: hold?.step }) },
  { name: 'skip', description: 'leave the step that holds or waits; nothing is undone', options: (command) => command.requiredOption('--reason <text>', 'kept in the report').option('--step <step>', 'default: the one that holds or waits'), fromStatus: (status) => ({ step: currentStep(status) }) },
  { name: 'abort', description: 'stop before the next change, clean up and end; nothing is undone', options: why },
];

export function addDecisions(program: Command, context: Context): void {
  for (const kind of kinds) {
    const command = kind.options(addDecider(program.command(kind.name).argument(...runArgument).description(kind.description)));
    withOutput(command).action((run: string, flags: Flags) =>
      withClient(context, async (client, settings) => {
        const by = deciderOf(flags, settings);
        const workflowId = await client.find(run);
        const decision = await complete(client, workflowId, kind, { by, ...chosen(flags) });
        const message = await client.decide(workflowId, decision);
        answer(context, flags, { workflowId, ...decision, message }, () => [message]);
      }),
    );
  }
}

function chosen({ gate, step, reason, hard }: Flags): Partial<Decision> {
  return { gate, step, reason, hard };
}

/** Flags stand above what the run says; the run itself judges the whole. */
async function complete(client: RunbookClient, workflowId: string, { name, fromStatus }: Kind, given: Partial<Decision> & { by: string }): Promise<Decision> {
  const known = fromStatus && !given.gate && !given.step ? fromStatus(await client.status(workflowId)) : {};
  const fields = Object.entries({ ...known, ...withoutUndefined(given) }).filter(([, value]) => value !== undefined);
  const { decisionSchema } = await import('../../protocol/decisions.ts');
  const parsed = decisionSchema().safeParse({ decision: name, ...Object.fromEntries(fields) });
  if (parsed.success) return parsed.data;
  throw new RunbookError('InvalidInput', `The ${name} is not right: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`);
}

function withoutUndefined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function currentStep({ hold, steps }: LiveStatus): string | undefined {
  return hold?.step ?? steps.find(({ state }) => state === 'waiting' || state === 'held')?.id;
}
