/**
 * One read for all who ask at the same time. Guards decide on what they read, so nobody is given anything older than his question: an answer is only
 * for those who asked before its request began. While one request is under way, all who come share the next one.
 */

interface Waiting<T> {
  promise: Promise<T>;
  resolve: (answer: T) => void;
  reject: (reason: unknown) => void;
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
    this.#next ??= Promise.withResolvers<T>();
    const { promise } = this.#next;
    if (!this.#isReading) void this.#readOn();
    return promise;
  }

  /** Until nobody waits any more. */
  async #readOn(): Promise<void> {
    this.#isReading = true;
    while (this.#next) {
      const { resolve, reject } = this.#next;
      this.#next = undefined;
      await this.#read().then(resolve, reject);
    }
    this.#isReading = false;
  }
}
