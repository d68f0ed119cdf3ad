/** The state of one run: plain JSON, so that continue-as-new carries it whole, and the pure questions that can be asked of it. */
import type { DecisionRecord, IgnoredDecision } from '../../protocol/decisions.ts';
import type { ErrorType } from '../../errors.ts';
import type { Reason } from '../../protocol/outcome.ts';
import type { Plan, PlannedStep } from '../../protocol/plan.ts';
import type { Hold, OpenGate, Phase, StepState, StepStatus } from '../../protocol/run.ts';

/** How the run ends. Set once, by an abort, a failure or the last step; from then on nothing is changed but cleaned up. */
export type End =
  | { phase: 'done'; message: string }
  | { phase: 'aborted'; message: string }
  | { phase: 'failed'; message: string; type: ErrorType };

export interface RunState {
  runbook: string;
  cluster: string;
  requestedBy?: string;
  approvers?: string[];
  selfApproval: boolean;
  startedAt: string;
  /** Set when all is over, clean-up included. */
  endedAt?: string;
  /** The last sentence about the whole run. */
  message: string;
  /** The lock is ours, or may be. */
  locked: boolean;
  plan?: Plan;
  gate?: OpenGate;
  passedGates: string[];
  hold?: Hold;
  pause?: { by: string; hard: boolean };
  /** Id of the step whose roll the brake of a hard pause freezes, or may freeze. */
  braked?: string;
  /** Id of the step that is being carried out. */
  current?: string;
  /** An activity runs for the current step: a pause takes effect when it has stopped. */
  busy: boolean;
  /** Its worker said at the last apply that it carries so many waits that each is to beat seldom. */
  crowded?: true;
  /** Ids of the steps that this run has written, or found written and not finished: they roll while it watches. */
  written: string[];
  /** Keys of reasons that people accepted by retry. */
  accepted: string[];
  /** Ids of the steps whose turn comes behind the last of their kind. */
  postponed?: string[];
  steps: StepStatus[];
  decisions: DecisionRecord[];
  ignoredDecisions: IgnoredDecision[];
  end?: End;
  remains: string[];
}

/** Lists that people can lengthen without limit keep their last entries; the history keeps all. */
export const keptDecisions = 100;

export function keptTail<T>(list: T[]): T[] {
  return list.slice(-keptDecisions);
}

const finished: readonly StepState[] = ['done', 'adopted', 'skipped', 'stopped'];

export function isFinished(step: StepStatus): boolean {
  return finished.includes(step.state);
}

/** Nothing more may be done for this step: the run ends, or the step is finished or skipped. */
export function isOver(state: RunState, stepId: string): boolean {
  return state.end !== undefined || isFinished(stepOf(state, stepId));
}

export function stepOf(state: RunState, stepId: string): StepStatus {
  const step = state.steps.find(({ id }) => id === stepId);
  if (!step) throw new Error(`Step ${stepId} is not in the plan of ${state.runbook}.`);
  return step;
}

export function withStep(state: RunState, stepId: string, patch: Partial<StepStatus>): StepStatus[] {
  return state.steps.map((step) => (step.id === stepId ? { ...step, ...patch } : step));
}

export function pendingStatus({ id, title }: PlannedStep): StepStatus {
  return { id, title, state: 'pending', message: '' };
}

export function phaseOf(state: RunState): Phase {
  if (state.end) return state.endedAt === undefined ? 'running' : state.end.phase;
  if (state.pause && !state.busy) return 'paused';
  if (state.gate) return 'awaiting-approval';
  if (state.hold) return 'held';
  return state.plan ? 'running' : 'planning';
}

export function keysOf(reasons: Reason[]): string[] {
  return reasons.map(({ key }) => key);
}
