/** The places where a person decides: which gate stands before which step, and waiting at it. */
import { condition } from '@temporalio/workflow';
import type { GateLevel } from '../../protocol/options.ts';
import type { Plan, PlannedStep } from '../../protocol/plan.ts';
import { now } from './run.ts';
import type { Run } from './run.ts';

/** Waits for the approval of the plan, unless nobody wants to be asked or there is nothing left to do. */
export async function passPlanGate(run: Run): Promise<void> {
  const { plan } = run.state;
  if (!plan || !needsPlanGate(run.input.gates, plan)) return;
  await passGate(run, 'plan', `${plan.summary}. Carry out this plan (${plan.hash})?`);
}

/** Waits for the approval that this step needs, if it needs one. */
export async function passStepGate(run: Run, step: PlannedStep): Promise<void> {
  const gate = gateBefore(run.input.gates, step);
  if (gate !== undefined) await passGate(run, gate, step.gate ?? `Begin with ${step.title}?`);
}

export function needsPlanGate(level: GateLevel, plan: Plan): boolean {
  return level !== 'none' && plan.steps.some(({ alreadyDone }) => !alreadyDone);
}

/** The id of the gate before `step`. A gate passed once stays open, so a component's gate opens before its first step only. */
export function gateBefore(level: GateLevel, step: PlannedStep): string | undefined {
  if (step.alreadyDone || level === 'none') return undefined;
  if (step.gate !== undefined) return `step/${step.id}`;
  switch (level) {
    case 'component':
      return `component/${step.component}`;
    case 'tidbcluster':
      return `tidbcluster/${step.kubernetesCluster}`;
    case 'step':
      return `step/${step.id}`;
    default:
      return undefined;
  }
}

async function passGate(run: Run, id: string, question: string): Promise<void> {
  if (run.isEnding || run.state.passedGates.includes(id)) return;
  run.change({ gate: { id, question, since: now() }, message: question });
  // Approval, rejection and abort all take the gate away.
  await condition(() => run.state.gate === undefined);
}
