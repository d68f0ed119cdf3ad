/** The run of the demo: started, looked at and approved by command lines that a person could type as well. */
import { setTimeout as delay } from 'node:timers/promises';
import { binOf, cluster, environmentOf, taskQueue, target, workflowId } from './places.ts';
import type { Places } from './places.ts';
import type { Program, Stage } from './stage.ts';

const pollMs = 1_000;
/** Half a second each instead of the defaults of more than a minute in all: a demo is not production. */
const patience = { settle: '500ms', soak: '500ms' };
const input = { cluster, version: target, ...patience, requestedBy: 'make-demo' };

/** The part of the status that the demo reads (query `status`). */
export interface Status {
  phase: string;
  message: string;
  planHash?: string;
  gate?: { id: string; question: string };
  hold?: { reasons: { message: string }[] };
}

export const startArguments = ['workflow', 'start', '--type', 'upgradeCluster', '--task-queue', taskQueue, '--workflow-id', workflowId, '--fail-existing', '--input', JSON.stringify(input)];

/** `program` of the demo's `bin/`, in the demo's environment. */
export function command(places: Places, program: 'temporal' | 'tidb-runbook', args: readonly string[]): Program {
  return { title: `${program} ${args.slice(0, 2).join(' ')}`, command: `${binOf(places)}/${program}`, args, env: environmentOf(places) };
}

/** The line as a person types it. */
export function lineOf(program: string, args: readonly string[]): string {
  return [program, ...args].map((word) => (/^[\w./:@=-]+$/.test(word) ? word : `'${word}'`)).join(' ');
}

/** Resolves with the run's id. */
export async function start(stage: Stage, places: Places): Promise<string> {
  const answer = await stage.output(command(places, 'temporal', [...startArguments, '--output', 'json']));
  return (JSON.parse(answer) as { runId: string }).runId;
}

export async function status(stage: Stage, places: Places): Promise<Status> {
  const answer = await stage.output(command(places, 'temporal', ['workflow', 'query', '--workflow-id', workflowId, '--name', 'status', '--output', 'json']));
  const [found] = (JSON.parse(answer) as { queryResult: Status[] }).queryResult;
  if (!found) throw new Error(`The run ${workflowId} answered the query "status" with nothing.`);
  return found;
}

/** Until the run waits for an approval; when it ends before, that is the answer. */
export async function untilGate(stage: Stage, places: Places): Promise<Status> {
  for (;;) {
    const now = await status(stage, places);
    if (now.gate || hasEnded(now)) return now;
    await delay(pollMs);
  }
}

/** Until nobody is asked any more, because somebody has decided elsewhere. */
export async function untilDecided(stage: Stage, places: Places, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await status(stage, places)).gate) await delay(pollMs);
}

export function hasEnded({ phase }: Status): boolean {
  return ['done', 'aborted', 'failed'].includes(phase);
}

export function approveArguments({ planHash }: Status, by: string): string[] {
  return ['approve', workflowId, '--gate', 'plan', '--plan-hash', planHash ?? '', '--by', by];
}

/** The same with the plain Temporal CLI. */
export function signalArguments({ planHash }: Status, by: string): string[] {
  return ['workflow', 'signal', '--workflow-id', workflowId, '--name', 'approve', '--input', JSON.stringify({ by, gate: 'plan', planHash })];
}
