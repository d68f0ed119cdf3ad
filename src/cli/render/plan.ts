/** A plan as lines of text. Pure. */
import type { Plan } from '../../protocol/plan.ts';
import type { Colors } from '../terminal.ts';
import { table } from './table.ts';
import { indent } from './text.ts';

export interface PlanView {
  width: number;
  colors: Colors;
}

export function renderPlan(plan: Plan, view: PlanView): string[] {
  const { width, colors } = view;
  const rows = plan.steps.map(({ title, alreadyDone }, index) => [{ text: String(index + 1) }, { text: title, ...(alreadyDone ? { paint: colors.dim } : {}) }, { text: alreadyDone ? 'done already' : '', paint: colors.green }]);
  return [
    ...renderPlanHead(plan, view),
    '',
    ...table(rows, width),
    ...section('Know before you approve', plan.notes, width),
    ...section('Measured when the plan was made', plan.figures ?? [], width),
    ...section('The first step would hold now', plan.holds.map(({ message }) => message), width),
  ];
}

/** What the plan does and how it is identified, without its steps. */
export function renderPlanHead({ summary, hash, cluster, clusterId }: Plan, { width, colors }: PlanView): string[] {
  return [...indent('', summary, width), ...indent('', `plan ${hash} · TiDB cluster ${cluster}, id ${clusterId}`, width).map((line) => colors.dim(line))];
}

function section(title: string, lines: string[], width: number): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.flatMap((line) => indent('  - ', line, width))];
}
