/** The order in which the steps are carried out: the plan's, but a step whose turn comes later stands behind the last of its kind. */
import type { PlannedStep } from '../../protocol/plan.ts';
import type { RunState } from './state.ts';
import { isOver } from './state.ts';

export function inOrder({ plan, postponed = [] }: Pick<RunState, 'plan' | 'postponed'>): PlannedStep[] {
  return postponed.reduce(behindItsKind, plan?.steps ?? []);
}

function behindItsKind(steps: PlannedStep[], id: string): PlannedStep[] {
  const step = steps.find((each) => each.id === id);
  if (!step) return steps;
  const others = steps.filter((each) => each !== step);
  return others.toSpliced(others.findLastIndex(({ kind }) => kind === step.kind) + 1, 0, step);
}

/** Once, and only while another step of its kind is to be done. */
export function mayBePostponed(state: RunState, { id, kind }: PlannedStep): boolean {
  if (state.postponed?.includes(id)) return false;
  return (state.plan?.steps ?? []).some((other) => other.kind === kind && other.id !== id && !isOver(state, other.id));
}
