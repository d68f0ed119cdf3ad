/**
 * One read for all who ask at the same time. Guards decide on what they read, so nobody is given anything older than his question: an answer is only
 * for those who asked before its request began. While one request is under way, all who come share the next one. One that many waited for is
 * followed by a longer pause, in which more come: a server that sends thousands of objects has other things to do.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** No more than these never wait for a pause: a server that is far away is not a busy one. */
const FEW = 10;
/** Pauses so many times as long as the read before: reads of many take a fifth of the time at most. */
const PAUSES = 4;

interface Waiting<T> {
  promise: Promise<T>;
  resolve: (answer: T) => void;
  reject: (reason: unknown) => void;
  askers: number;
}

export class SharedRead<T> {
  readonly #read: () => Promise<T>;
  #next: Waiting<T> | undefined;
  #isReading = false;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** The answer of a request that begins now or later. The answer is shared: it must not be changed. */
  ask(): Promise<T> {
    this.#next ??= { ...Promise.withResolvers<T>(), askers: 0 };
    this.#next.askers += 1;
    const { promise } = this.#next;
    if (!this.#isReading) void this.#readOn();
    return promise;
  }

  /** Until nobody waits any more. */
  async #readOn(): Promise<void> {
    this.#isReading = true;
    while (this.#next) {
      const { resolve, reject, askers } = this.#next;
      this.#next = undefined;
      const began = performance.now();
      await this.#read().then(resolve, reject);
      const tookMs = performance.now() - began;
      if (askers > FEW) await delay(PAUSES * tookMs);
    }
    this.#isReading = false;
  }
}
