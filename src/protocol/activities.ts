/** The activities that the conductor calls: a fixed set for all runbooks, so that open runs outlive new kinds of step. */
import type { CheckReport } from './check.ts';
import type { JsonObject } from './json.ts';
import type { ApplyResult, Reason, RunIdentity, StepCall, WaitCall, WaitResult } from './outcome.ts';
import type { Place } from './place.ts';
import type { Plan } from './plan.ts';

export interface RunCall {
  runbook: string;
  cluster: string;
  run: RunIdentity;
  /** A TidbCluster that is there at every moment of the run; absent: the initial one. */
  anchor?: Place;
}

export interface PlanCall extends RunCall {
  /** The input as the runbook's contract parsed it. */
  input: JsonObject;
}

export interface LockCall extends RunCall {
  takeOverFrom?: string;
}

export interface BrakeCall extends StepCall {
  /** `set` freezes the roll that is under way, `release` lets it go on. */
  action: 'set' | 'release';
  by: string;
}

/** What a clean-up did and what state remains, in sentences. */
export interface CleanUpResult {
  remains: string[];
}

export interface Check {
  subject: string;
  ok: boolean;
  /** It is to be known, and is neither right nor wrong: `ok` is true. */
  note?: true;
  message: string;
}

export interface RunbookActivities {
  /** Takes the lock of the TiDB cluster. Throws `Locked` naming the holder. Safe to repeat by the same run. */
  acquireLock(call: LockCall): Promise<void>;
  /** Observes and plans; changes nothing. Throws `InvalidInput`, `NotFound` or `Unsupported` with all reasons in one sentence. */
  makePlan(call: PlanCall): Promise<Plan>;
  /** Reads, asks all guards, writes one change. */
  applyStep(call: StepCall): Promise<ApplyResult>;
  /** After a held `applyStep`: returns `cleared` when every guard is silent, or `held` when the reasons became others. */
  awaitGuards(call: WaitCall): Promise<WaitResult>;
  /** Waits until the proof of the step holds, with its soak; returns early as WaitResult says. */
  waitStep(call: WaitCall): Promise<WaitResult>;
  /** The brake of a person's hard pause. Returns what could not be done, empty when all was. */
  brakeStep(call: BrakeCall): Promise<Reason[]>;
  /** Ends a run: removes what the run itself set (brake, schedulers), frees the lock, and says what remains. */
  cleanUp(call: RunCall): Promise<CleanUpResult>;
  /** One look at a TiDB cluster, critical things twice. Throws NotFound for one that is not in the inventory. */
  checkCluster(call: { cluster: string }): Promise<CheckReport>;
  /** Can this worker reach and use everything that `cluster` (or, absent, the whole inventory) needs? */
  diagnose(call: { cluster?: string }): Promise<Check[]>;
}
