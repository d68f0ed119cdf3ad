/** How soon PD or the operator is asked again when only its word is missing: PD has no watch. */

/** The pause is this part of the time for which the word has been missing already, so that waiting for it costs so much more at most … */
const SHARE = 1 / 40;
/** … within these bounds. Milliseconds. */
const SHORTEST_MS = 40;
const LONGEST_MS = 250;

export class Eagerness {
  #since: number | undefined;

  /** The pause until the next look; undefined while more is missing than such a word. `nowMs`: of a monotonic clock. */
  pauseMs(onlyAWordIsMissing: boolean, nowMs: number): number | undefined {
    this.#since = onlyAWordIsMissing ? (this.#since ?? nowMs) : undefined;
    return this.#since === undefined ? undefined : Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (nowMs - this.#since) * SHARE));
  }
}
