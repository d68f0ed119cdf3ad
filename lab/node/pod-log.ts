/** The log of one pod's container, kept over its restarts. */

/** Older lines are dropped beyond this number. */
const keptLines = 1_000;

export class PodLog {
  readonly lines: string[] = [];
  readonly #subscribers = new Set<(line: string) => void>();

  readonly write = (line: string): void => {
    const stamped = `${new Date().toISOString()} ${line}`;
    this.lines.push(stamped);
    if (this.lines.length > keptLines) this.lines.shift();
    for (const subscriber of this.#subscribers) subscriber(stamped);
  };

  subscribe(onLine: (line: string) => void): () => void {
    this.#subscribers.add(onLine);
    return () => this.#subscribers.delete(onLine);
  }
}
