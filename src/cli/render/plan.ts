/** A plan as lines of text. Pure. */
import type { Plan } from '../../protocol/plan.ts';
import type { Colors } from '../terminal.ts';
import { table } from './table.ts';
import { indent } from './text.ts';

export interface PlanView {
  width: number;
  colors: Colors;
}

export function renderPlan(plan: Plan, { width, colors }: PlanView): string[] {
  const rows = plan.steps.map(({ title, alreadyDone }, index) => [{ text: String(index + 1).padStart(2) }, { text: title, ...(alreadyDone ? { paint: colors.dim } : {}) }, { text: alreadyDone ? 'done already' : '', paint: colors.green }]);
  return [
    ...indent('', plan.summary, width),
    colors.dim(`plan ${plan.hash} · TiDB cluster ${plan.cluster}, id ${plan.clusterId}`),
    '',
    ...table(rows, width),
    ...section('Know before you approve', plan.notes, width),
    ...section('The first step would hold now', plan.holds.map(({ message }) => message), width),
  ];
}

function section(title: string, lines: string[], width: number): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.flatMap((line) => indent('  - ', line, width))];
}
