/** The faults that a proxy can show to its clients, and the pure decision which one a request meets. */

export type Effect =
  /** 429 with `Retry-After`, as API priority and fairness answers. Seconds. */
  | { kind: 'throttle'; retryAfter: number }
  | { kind: 'error'; status: 500 | 503 }
  /** The request is passed on after this time. Milliseconds. */
  | { kind: 'delay'; milliseconds: number }
  /** The connection is destroyed before the API server sees the request; open matching ones are destroyed when the fault is set. */
  | { kind: 'reset' }
  /** The API server does what was asked, but the connection is destroyed instead of answering. */
  | { kind: 'lose-answer' }
  /**
   * The connection stays open without an answer. `before`: the API server never sees the request, also when its client leaves; `after`: it does what
   * was asked. `note` is called when nothing more will happen.
   */
  | { kind: 'hold'; moment: 'before' | 'after'; note: (asked: Asked) => void };

/** An effect and whom it meets: a request must fit everything that is given. */
export interface Fault {
  effect: Effect;
  /** Upper case. */
  methods?: readonly string[];
  /** Tested against path and query. */
  path?: RegExp;
  /** Only the next so many requests that fit; then the fault is over. */
  count?: number;
  /** From 0 to 1: the share of fitting requests that it meets. */
  share?: number;
}

export interface Asked {
  method: string;
  /** With the query. */
  path: string;
}

export const fits = ({ methods, path }: Fault, asked: Asked): boolean => (methods?.includes(asked.method) ?? true) && (path?.test(asked.path) ?? true);

/**
 * The effect for one request, and the faults that are left after it. The first fault that fits and whose share includes
 * the dice (0 ≤ dice < 1) decides; none, when there is none.
 */
export function decide(faults: readonly Fault[], asked: Asked, dice: number): { effect: Effect | undefined; left: readonly Fault[] } {
  const chosen = faults.find((fault) => fault.count !== 0 && fits(fault, asked) && dice < (fault.share ?? 1));
  if (!chosen) return { effect: undefined, left: faults };
  return { effect: chosen.effect, left: faults.map((fault) => (fault === chosen ? counted(fault) : fault)).filter(({ count }) => count !== 0) };
}

const counted = (fault: Fault): Fault => (fault.count === undefined ? fault : { ...fault, count: fault.count - 1 });
