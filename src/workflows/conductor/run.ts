/** One run: its state, who it is, and the only place where the state changes, so that every change is shown. */
import { workflowInfo } from '@temporalio/workflow';
import type { ErrorType } from '../../errors.ts';
import type { RunCall } from '../../protocol/activities.ts';
import type { Decision } from '../../protocol/decisions.ts';
import { patienceOf } from '../../protocol/options.ts';
import type { Reason, RunIdentity, StepCall } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import type { StepStatus } from '../../protocol/run.ts';
import type { RunInput } from '../runbook.ts';
import { decide, ignore } from './decide.ts';
import { mayBePostponed } from './order.ts';
import { show } from './show.ts';
import { isOver, withStep } from './state.ts';
import type { RunState } from './state.ts';

export class Run {
  readonly input: RunInput;
  readonly identity: RunIdentity;
  private current: RunState;

  constructor(input: RunInput, state: RunState) {
    const { namespace, workflowId, firstExecutionRunId } = workflowInfo();
    this.input = input;
    this.identity = { namespace, workflowId, runId: firstExecutionRunId };
    this.current = state;
    show(this.current);
  }

  get state(): Readonly<RunState> {
    return this.current;
  }

  change(patch: Partial<RunState>): void {
    this.current = { ...this.current, ...patch };
    show(this.current);
  }

  changeStep(stepId: string, patch: Partial<StepStatus>, also: Partial<RunState> = {}): void {
    this.change({ ...also, steps: withStep(this.current, stepId, patch) });
  }

  decide(decision: Decision): void {
    this.change(decide(this.current, decision, now()));
  }

  ignore(decision: string, by: string, reason: string): void {
    this.change(ignore(this.current, { at: now(), decision, by, reason }));
  }

  /** The run fails with this sentence. The first end stays: what comes after it is its consequence. */
  fail(type: ErrorType, message: string): void {
    if (!this.current.end) this.change({ end: { phase: 'failed', type, message }, message, hold: undefined, gate: undefined, pause: undefined });
  }

  /** Nothing is done until these reasons are gone or a person decides. */
  hold(reasons: Reason[], step?: PlannedStep): void {
    const since = this.current.hold?.step === step?.id ? this.current.hold?.since : undefined;
    const words = reasons.map(({ message }) => message).join('; ');
    const also = { hold: { step: step?.id, since: since ?? now(), reasons }, message: step ? `${step.title} holds: ${words}` : words };
    if (step) this.changeStep(step.id, { state: 'held', message: words }, also);
    else this.change(also);
  }

  get isEnding(): boolean {
    return this.current.end !== undefined;
  }

  isOver(step: PlannedStep): boolean {
    return isOver(this.current, step.id);
  }

  call(): RunCall {
    const { runbook, cluster, plan } = this.current;
    return { runbook, cluster, run: this.identity, ...(plan?.anchor ? { anchor: plan.anchor } : {}) };
  }

  stepCall(step: PlannedStep): StepCall {
    const mayBeLater = mayBePostponed(this.current, step) ? { mayBePostponed: true as const } : {};
    return { ...this.call(), step, patience: patienceOf(this.input), accepted: this.current.accepted, ...mayBeLater };
  }
}

/** Time of the workflow task: the same in every replay. */
export function now(): string {
  return new Date().toISOString();
}
