/** What an activity of a step may answer. Waiting is not failing: every outcome carries words for a person. */
import type { JsonObject } from './json.ts';
import type { Place } from './place.ts';
import type { PlannedStep } from './plan.ts';

/** Why nothing is changed now. `message` goes unchanged to log, hold, current details and CLI. */
export interface Reason {
  /** Identity of the reason, stable while it is the same one, e.g. `store-not-up/7` or `drift/west/spec.tikv.replicas/1f3a`. */
  key: string;
  message: string;
  /** `itself`: goes away when the world changes. `decision`: a person must say retry, skip or abort; retry accepts it. */
  clears: 'itself' | 'decision';
}

/** Small facts that show that a step is done (images, revisions, pod UIDs, members, stores). Never a secret. */
export type Proof = JsonObject;

export type ApplyResult = ApplyOutcome & {
  /** So many runs wait in this worker that the wait that follows is to beat seldom. */
  crowded?: true;
};

export type ApplyOutcome =
  /** Written now, or found written and not finished yet: wait for the proof. `found`: somebody had asked for it before the plan was made. */
  | { outcome: 'applied'; message: string; found?: true }
  /** The proof held before anything was written: nothing was changed. */
  | { outcome: 'adopted'; message: string; proof: Proof }
  /** Guards speak: nothing was changed. */
  | { outcome: 'held'; reasons: Reason[] }
  /** The other steps of its kind come first, as things are now: nothing was changed. Only where `mayBePostponed`. */
  | { outcome: 'postponed'; message: string };

export type WaitResult =
  | { outcome: 'done'; message: string; proof: Proof }
  /** Progress stopped or a guard turned bad. Returned when the set of keys differs from `known`. */
  | { outcome: 'held'; reasons: Reason[] }
  /** The reasons in `known` are gone; the wait goes on. Returned only when `known` was not empty. */
  | { outcome: 'cleared' };

/** What a waiting activity tells through its heartbeat: shown live by the CLI, costs no history. */
export interface Progress {
  /** One line: `pod 2 of 3 updated, 41 leaders left on shop-west-tikv-1`. */
  message: string;
}

/** Who asks: identifies the run in locks, annotations and logs. */
export interface RunIdentity {
  namespace: string;
  workflowId: string;
  /** First run id of the chain: stays the same over continue-as-new. */
  runId: string;
}

/** Patience of a run, in milliseconds. */
export interface Patience {
  /** Between the two reads in which the proof must hold; must exceed the operator's resync of 30 s in production. */
  settleMs: number;
  /** After the proof, watched by the guards; must exceed the region heartbeat of 60 s in production. */
  soakMs: number;
  /** No progress for this long is a stall; undefined: the component's own limit. */
  stallMs?: number;
}

export interface StepCall {
  runbook: string;
  /** Inventory name of the TiDB cluster. */
  cluster: string;
  run: RunIdentity;
  /** From the plan: a TidbCluster that is there at every moment of the run; absent: the initial one. */
  anchor?: Place;
  step: PlannedStep;
  patience: Patience;
  /** Keys of reasons that a person accepted by `retry`. */
  accepted: string[];
  /** Other steps of its kind are to be done, and this one has not given way to them yet. */
  mayBePostponed?: true;
}

export interface WaitCall extends StepCall {
  /** Keys of the reasons for which the run already holds; empty while it does not. */
  known: string[];
}
