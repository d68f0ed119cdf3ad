/** The current details of a run: Markdown for Temporal's UI, where tables render and HTML does not. */
import type { DecisionArgument } from '../../protocol/decisions.ts';
import type { StepStatus } from '../../protocol/run.ts';
import { phaseOf } from './state.ts';
import type { RunState } from './state.ts';

export interface Address {
  workflowId: string;
  namespace: string;
}

export function detailsOf(state: RunState, address: Address): string {
  return [headline(state), ...gateLines(state, address), ...holdLines(state, address), ...planLines(state), ...remainLines(state)].join('\n\n');
}

function headline(state: RunState): string {
  return `**${phaseOf(state)}** — ${oneLine(state.message)}`;
}

function gateLines({ gate, plan }: RunState, address: Address): string[] {
  if (!gate) return [];
  const argument = { by: '<you>', gate: gate.id, ...(gate.id === 'plan' ? { planHash: plan?.hash } : {}) };
  return [`### Approval needed: ${gate.id}`, oneLine(gate.question), commands('approve', argument, address)];
}

function holdLines({ hold }: RunState, address: Address): string[] {
  if (!hold) return [];
  const reasons = hold.reasons.map(({ message, clears }) => `- ${oneLine(message)}${clears === 'decision' ? ' *(needs a decision)*' : ''}`);
  return [`### Holds since ${hold.since}`, reasons.join('\n'), commands('retry', { by: '<you>', step: hold.step }, address)];
}

/** Both ways to decide: our command line, and the plain Temporal CLI. */
function commands(name: string, argument: DecisionArgument, { workflowId, namespace }: Address): string {
  const { by, gate, step, planHash } = argument;
  const options = [`--by ${by}`, gate && `--gate ${gate}`, step && `--step ${step}`, planHash && `--plan-hash ${planHash}`].filter(Boolean).join(' ');
  const ours = `tidb-runbook ${name} ${workflowId} ${options}`;
  // The page shows some ninety characters of a line.
  const theirs = `temporal workflow signal --namespace ${namespace} --workflow-id '${workflowId}' \\\n  --name ${name} --input '${JSON.stringify(argument)}'`;
  return ['```', ours, theirs, '```'].join('\n');
}

function planLines({ plan, steps }: RunState): string[] {
  if (!plan) return [];
  const rows = steps.map((step, index) => `| ${index + 1} | ${cell(step.title)} | ${step.state} | ${cell(lastWords(step))} |`);
  return [`${oneLine(plan.summary)} (plan \`${plan.hash}\`)`, ['| # | step | state | last word |', '| --- | --- | --- | --- |', ...rows].join('\n'), ...notes([...plan.notes, ...(plan.figures ?? [])])];
}

/** The title stands in its own column already. */
function lastWords({ title, message, endedAt }: StepStatus): string {
  const words = message.startsWith(`${title}: `) ? message.slice(title.length + 2) : message;
  return endedAt && words ? `${words} (${endedAt.slice(11, 19)}Z)` : words;
}

function notes(lines: string[]): string[] {
  return lines.length > 0 ? [lines.map((line) => `- ${oneLine(line)}`).join('\n')] : [];
}

function remainLines({ remains }: RunState): string[] {
  return remains.length > 0 ? ['### What remains', ...notes(remains)] : [];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function cell(text: string): string {
  return oneLine(text).replaceAll('|', '\\|');
}

