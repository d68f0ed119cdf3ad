/** The report of a run as text: plan, decisions, steps with times and proofs, what remains. Nothing is cut: it is a record. Pure. */
import type { DecisionRecord } from '../../protocol/decisions.ts';
import type { Proof } from '../../protocol/outcome.ts';
import type { Report, StepStatus } from '../../protocol/run.ts';
import type { Colors } from '../terminal.ts';
import { paintOfPhase, paintOfStep } from './paint.ts';
import { renderPlanHead } from './plan.ts';
import { between, indent, oneLine, timestamp } from './text.ts';

export interface ReportView {
  workflowId: string;
  now: string;
  width: number;
  colors: Colors;
}

export function renderReport(report: Report, view: ReportView): string[] {
  const { width, colors } = view;
  return [
    ...head(report, view),
    ...section('Plan', planLines(report, view), colors),
    ...section('Decisions', report.decisions.flatMap((decision) => indent('  ', decisionLine(decision), width)), colors),
    ...section('Decisions without effect', report.ignoredDecisions.flatMap(({ at, by, decision, reason }) => indent('  ', `${timestamp(at)}  ${by}: ${decision}: ${reason}`, width)), colors),
    ...section('Steps', report.steps.flatMap((step) => stepLines(step, view)), colors),
    ...section('What remains', report.remains.flatMap((sentence) => indent('  - ', sentence, width)), colors),
  ];
}

function head(report: Report, { workflowId, now, width, colors }: ReportView): string[] {
  const { runbook, cluster, phase, message, requestedBy, startedAt, endedAt } = report;
  const took = `${between(startedAt, endedAt ?? now)}${endedAt ? '' : ' so far'}`;
  return [
    colors.bold(`${runbook} of TiDB cluster ${oneLine(cluster)}: ${paintOfPhase(phase, colors)(phase)}`),
    ...indent('', message, width),
    '',
    `  run       ${oneLine(workflowId)}`,
    ...(requestedBy ? [`  asked by  ${oneLine(requestedBy)}`] : []),
    `  began     ${timestamp(startedAt)}`,
    ...(endedAt ? [`  ended     ${timestamp(endedAt)}`] : []),
    `  took      ${took}`,
  ];
}

/** The steps of the plan follow with what became of them. */
function planLines({ plan }: Report, { width, colors }: ReportView): string[] {
  if (!plan) return ['  No plan was made.'];
  return [...renderPlanHead(plan, { width: width - 2, colors }).map((line) => `  ${line}`), ...[...plan.notes, ...(plan.figures ?? [])].flatMap((note) => indent('  - ', note, width))];
}

function section(title: string, lines: string[], colors: Colors): string[] {
  return lines.length === 0 ? [] : ['', colors.bold(title), ...lines];
}

function decisionLine({ at, by, decision, gate, step, planHash, reason, hard }: DecisionRecord): string {
  const what = [decision, hard && '(hard)', gate, step, planHash && `(plan ${planHash})`].filter(Boolean).join(' ');
  return `${timestamp(at)}  ${by}: ${what}${reason ? `: ${reason}` : ''}`;
}

function stepLines(step: StepStatus, { now, width, colors }: ReportView): string[] {
  const { title, state, message, startedAt, endedAt, proof } = step;
  const times = startedAt ? colors.dim(`  ${timestamp(startedAt)} + ${between(startedAt, endedAt ?? now)}`) : '';
  return [
    `  ${paintOfStep(state, colors)(state.padEnd('adopted'.length))}  ${oneLine(title)}${times}`,
    ...(message ? indent('           ', message, width) : []),
    ...(proof ? indent('           proof: ', factsOf(proof), width).map((line) => colors.dim(line)) : []),
  ];
}

function factsOf(proof: Proof): string {
  const facts = Object.entries(proof).map(([name, fact]) => `${name} ${typeof fact === 'string' ? fact : JSON.stringify(fact)}`);
  return facts.join('; ');
}
