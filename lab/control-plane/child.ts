/** One server process of the lab: started with its output in a file, ended politely or at once, never left behind. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { waitFor } from './readiness.ts';
import type { Watchdog } from './watchdog.ts';

/** After SIGTERM a process has so long until SIGKILL. An API server needs 1.1 s, etcd 0.03 s. Milliseconds. */
const stopGrace = 4_000;
const lastLogLines = 3;

export interface Program {
  /** For messages, e.g. `kube-apiserver of west`. */
  title: string;
  binary: string;
  args: readonly string[];
  /** Path of the file that collects its output. */
  log: string;
  /** Variables beside this process's own. */
  environment?: NodeJS.ProcessEnv;
}

export class Child {
  readonly #program: Program;
  readonly #process: ChildProcess;
  /** Resolves with a sentence when the process has ended, for whatever reason. */
  readonly ended: Promise<string>;

  constructor(program: Program, watchdog: Watchdog) {
    this.#program = program;
    const log = openSync(program.log, 'a');
    // Detached: a Ctrl-C in the terminal reaches only the lab, which then stops its processes in their order.
    this.#process = spawn(program.binary, program.args, { stdio: ['ignore', log, log], detached: true, env: { ...process.env, ...program.environment } });
    closeSync(log);
    const { pid } = this.#process;
    if (pid) watchdog.watch(pid);
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`${program.title} did not start: ${error.message}.`));
      this.#process.once('exit', (code, signal) => {
        if (pid) watchdog.forget(pid);
        resolve(this.#obituary(code, signal));
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** SIGTERM, then SIGKILL after a grace; resolves when the process has ended. */
  async stop(): Promise<void> {
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), stopGrace);
    this.#process.kill('SIGTERM');
    await this.ended;
    clearTimeout(kill);
  }

  /** Ends it at once, as a crash would. */
  async crash(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  /** Waits until `condition` is true, and rejects with the process's last words when it ends before. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const over = new AbortController();
    const death = this.ended.then((sentence) => Promise.reject(new Error(sentence)));
    try {
      await Promise.race([waitFor(`${this.#program.title} to be ready`, condition, over.signal), death]);
    } finally {
      over.abort();
      // The process ends some day, and then nobody listens to this promise any more.
      death.catch(() => undefined);
    }
  }

  #obituary(code: number | null, signal: NodeJS.Signals | null): string {
    const words = readFileSync(this.#program.log, 'utf8').trim().split('\n').slice(-lastLogLines).join(' / ');
    return `${this.#program.title} ended (${signal ?? `exit code ${code}`}); its log ${this.#program.log} closes with: ${words || 'nothing'}`;
  }
}
