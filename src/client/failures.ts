/** Errors that only a client meets. Like RunbookError each has a stable `type` and one sentence for a person. */
import type { Report } from '../protocol/run.ts';

/** A run refused a decision, or has ended. The sentence is the run's own. */
export class DecisionRefused extends Error {
  readonly type = 'Refused';
  override readonly name = 'Refused';
}

/** A run ended without doing what it was asked to. `type` is the type of its failure (`NotFound`, `LockLost`, …), or `Terminated`, `Cancelled`, `TimedOut`. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  readonly type: string;
  /** What the run leaves; absent when Temporal ended it and it could say nothing. */
  readonly report: Report | undefined;

  constructor(type: string, sentence: string, report?: Report) {
    super(sentence);
    this.type = type;
    this.report = report;
  }
}
