/** What a run shows (query `status`) and what it leaves (query `report`, result of the workflow). */
import type { DecisionRecord, IgnoredDecision } from './decisions.ts';
import type { Proof, Reason } from './outcome.ts';
import type { Plan } from './plan.ts';

export const phases = ['planning', 'awaiting-approval', 'running', 'held', 'paused', 'done', 'aborted', 'failed'] as const;
export type Phase = (typeof phases)[number];

export const stepStates = ['pending', 'applying', 'waiting', 'held', 'done', 'adopted', 'skipped', 'stopped'] as const;
export type StepState = (typeof stepStates)[number];

export interface StepStatus {
  id: string;
  title: string;
  state: StepState;
  /** The last sentence about it. */
  message: string;
  /** ISO 8601. */
  startedAt?: string;
  endedAt?: string;
  proof?: Proof;
  /** Somebody had asked for it before the plan was made, and it was not finished yet. */
  found?: true;
}

export interface OpenGate {
  id: string;
  /** What the person decides about, one sentence. */
  question: string;
  since: string;
}

export interface Hold {
  /** Absent while the run itself is held, outside a step. */
  step?: string;
  since: string;
  reasons: Reason[];
}

/** Everything the CLI shows. */
export interface RunStatus {
  runbook: string;
  cluster: string;
  requestedBy?: string;
  phase: Phase;
  /** The last sentence about the whole run. */
  message: string;
  planHash?: string;
  planSummary?: string;
  gate?: OpenGate;
  hold?: Hold;
  steps: StepStatus[];
  decisions: DecisionRecord[];
  ignoredDecisions: IgnoredDecision[];
}

/** The record of the change. */
export interface Report extends RunStatus {
  startedAt: string;
  /** Absent while the run goes on. */
  endedAt?: string;
  plan?: Plan;
  /** What the run leaves behind, in sentences: what rolls on, what stays paused, what was cleaned up. */
  remains: string[];
}

/** Result of a run with `mode: "plan"`. */
export interface PlanResult {
  mode: 'plan';
  plan: Plan;
}

export const queryNames = { status: 'status', plan: 'plan', report: 'report' } as const;
export const decideUpdate = 'decide';
/** Failure type with which `decide` refuses a decision that can be read and does not fit; its message says why. One that cannot be read is `InvalidInput`. */
export const decideRefusal = 'Refused';

/** Search attributes; they must be registered on the server (the worker checks at start). */
export const searchAttributes = {
  TidbCluster: 'KEYWORD',
  RunbookPhase: 'KEYWORD',
  AwaitingApproval: 'BOOL',
  RequestedBy: 'KEYWORD',
} as const;

export const defaultTaskQueue = 'tidb-runbooks';

/** The id of a run unless a person chooses another; two runs on one TiDB cluster then exclude each other by id already. */
export function defaultWorkflowId(runbook: string, cluster: string): string {
  return `${runbook}/${cluster}`;
}
