/** A pace that many share: while they are few each goes at its own; many go slower, so that together they do not exceed one rate. */

export interface PaceLimits {
  /** How often all of them together do it, at most. */
  perSecond: number;
  /** No pause is made longer than this. Milliseconds. */
  slowestMs: number;
}

export class SharedPace {
  readonly #limits: PaceLimits;
  #sharers = 0;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  get sharers(): number {
    return this.#sharers;
  }

  /** One more shares it, until the returned function is called. */
  join(): () => void {
    let counts = true;
    this.#sharers += 1;
    return () => {
      if (counts) this.#sharers -= 1;
      counts = false;
    };
  }

  /** The pause of one sharer who would like `wishedMs`. Milliseconds. */
  pauseMs(wishedMs: number): number {
    const { perSecond, slowestMs } = this.#limits;
    return Math.max(wishedMs, Math.min(slowestMs, (1_000 * this.#sharers) / perSecond));
  }
}
