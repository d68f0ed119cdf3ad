/** Keys that wait for a pass: each key once, never two passes of one key at a time, failures again after a while. */

export interface QueueSpeeds {
  operatorDelay: number;
  operatorRetry: number;
}

interface Entry {
  isRunning: boolean;
  isWanted: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class WorkQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #speeds: QueueSpeeds;
  readonly #work: (key: string) => Promise<boolean>;
  #stopped = false;

  /** `work` says whether it is done with the key; false or a rejection brings it again. */
  constructor(speeds: QueueSpeeds, work: (key: string) => Promise<boolean>) {
    this.#speeds = speeds;
    this.#work = work;
  }

  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
  }

  add(key: string, after = this.#speeds.operatorDelay): void {
    if (this.#stopped) return;
    const entry = this.#entries.get(key) ?? { isRunning: false, isWanted: false, timer: undefined };
    this.#entries.set(key, entry);
    if (entry.isRunning) entry.isWanted = true;
    else entry.timer ??= setTimeout(() => void this.#run(key, entry), after).unref();
  }

  async #run(key: string, entry: Entry): Promise<void> {
    entry.timer = undefined;
    if (this.#stopped) return;
    entry.isRunning = true;
    entry.isWanted = false;
    const isDone = await this.#work(key).catch(() => false);
    entry.isRunning = false;
    if (entry.isWanted) this.add(key);
    else if (!isDone) this.add(key, this.#speeds.operatorRetry);
  }
}
