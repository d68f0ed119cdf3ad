/** The closed set of errors of this project. Every error is one sentence for a person: what was tried, on what, what came back, what to do. */

/** Each type is a contract; `retried` says what Temporal does with an activity that throws it. */
export const errorTypes = {
  /** The input cannot be right. Not retried: the run fails at once with the sentence. */
  InvalidInput: { retried: false },
  /** The named thing does not exist. Not retried. */
  NotFound: { retried: false },
  /** The thing exists and this project refuses to handle it. Not retried. */
  Unsupported: { retried: false },
  /** Credentials are missing or lack a right. Not retried by Temporal: the run holds, and goes on when the right is there. */
  Forbidden: { retried: false },
  /** No answer, or an answer that says "not now". Retried without limit, with back-off. */
  Unreachable: { retried: true },
  /** Somebody wrote in between (HTTP 409). Retried from the read. */
  Conflict: { retried: true },
  /** The server asks for patience (HTTP 429). Retried after its `Retry-After`. */
  Throttled: { retried: true },
  /** Another run holds the lock of this TiDB cluster. Not retried: the sentence names the holder. */
  Locked: { retried: false },
  /** The lock of the TiDB cluster belongs to somebody else now. Not retried: nothing more is changed. */
  LockLost: { retried: false },
  /** A person stopped the run. Not retried. */
  Aborted: { retried: false },
} as const satisfies Record<string, { retried: boolean }>;

export type ErrorType = keyof typeof errorTypes;

export class RunbookError extends Error {
  readonly type: ErrorType;
  /** Milliseconds to wait before the next attempt, when the server said so. */
  readonly retryAfterMs: number | undefined;

  constructor(type: ErrorType, sentence: string, retryAfterMs?: number) {
    super(sentence);
    this.name = type;
    this.type = type;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isRunbookError(error: unknown, type?: ErrorType): error is RunbookError {
  return error instanceof RunbookError && (type === undefined || error.type === type);
}

/** The sentence of any thrown thing, without a stack. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
