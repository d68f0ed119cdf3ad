/** The parent's end of the watchdog: names the processes that must not survive this one, even when it crashes. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export class Watchdog {
  readonly #process: ChildProcess;

  constructor() {
    // Detached: a Ctrl-C in the terminal must not end the watchdog before its parent.
    this.#process = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'watchdog-process.ts')], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#process.unref();
    // A write to a watchdog that somebody ended is lost, and that must not end the lab.
    this.#process.stdin?.on('error', () => undefined);
    this.#process.on('error', () => undefined);
    (this.#process.stdin as unknown as { unref(): void }).unref();
  }

  watch(pid: number): void {
    this.#process.stdin?.write(`watch ${pid}\n`);
  }

  forget(pid: number): void {
    this.#process.stdin?.write(`forget ${pid}\n`);
  }

  /** Ends the watchdog; whatever it still watches is ended with it. */
  dismiss(): void {
    this.#process.stdin?.end();
  }
}
