/** Everything that must be gone when the demo ends: its work directory and its processes, whoever ends it and when. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Watchdog } from '../control-plane/watchdog.ts';
import { removeWorkDirectory } from './work-directory.ts';

/** A command in the terminal has heard a Ctrl-C itself and ends by itself in this time; a second one could leave the terminal without its cursor. Milliseconds. */
const ownEndMs = 1_000;
/** From SIGTERM to SIGKILL. Exceeds what the lab needs to stop three control planes (about 5 s) on a busy computer. Milliseconds. */
const stopGraceMs = 15_000;
const lastLogLines = 5;

export interface Program {
  /** For messages: `the lab`. */
  title: string;
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
}

export interface Background {
  child: ChildProcess;
  /** Resolves with the first line that contains the words; rejects when the process ends before. */
  says: (words: string) => Promise<void>;
}

export class Stage {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'tidb-runbooks-demo-'));
  readonly #watchdog = new Watchdog();
  /** In the order of their start. */
  readonly #children: ChildProcess[] = [];
  #foreground: ChildProcess | undefined;
  readonly #trouble = Promise.withResolvers<never>();
  #isClosing = false;

  /** Rejects when a process ends that should go on. */
  get trouble(): Promise<never> {
    return this.#trouble.promise;
  }

  /** Starts a process that runs until the end of the demo, with its output in `<name>.log`. */
  background(name: string, program: Program, onLine: (line: string) => void = () => undefined): Background {
    const log = join(this.directory, `${name}.log`);
    const child = this.#spawn(program, { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    const waiting = new Map<string, () => void>();
    const hear = (line: string): void => {
      if (this.#isClosing) return;
      appendFileSync(log, `${line}\n`);
      lines.push(line);
      onLine(line);
      for (const [words, resolve] of waiting) if (line.includes(words)) resolve();
    };
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', hear);
    child.once('close', (code, signal) => this.#fail(`${program.title} ended (${signal ?? `exit code ${code}`}); it closes with: ${lines.slice(-lastLogLines).join(' / ') || 'nothing'}`));
    return { child, says: (words) => (lines.some((line) => line.includes(words)) ? Promise.resolve() : new Promise((resolve) => waiting.set(words, resolve))) };
  }

  /** Runs a command to its end in this terminal and resolves with its exit code. */
  async inTerminal(program: Program): Promise<number> {
    const child = this.#spawn(program, { stdio: 'inherit' });
    this.#foreground = child;
    await once(child, 'close');
    return child.exitCode ?? 1;
  }

  /** Runs a command to its end: its exit code, and what it printed on standard output and standard error. */
  async capture(program: Program): Promise<{ code: unknown; out: string; words: string }> {
    const child = this.#spawn(program, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let words = '';
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (words += data.toString()));
    const [code] = (await once(child, 'close')) as unknown[];
    return { code, out, words };
  }

  /** What a command printed; rejects with its last words when it fails. */
  async output(program: Program): Promise<string> {
    const { code, out, words } = await this.capture(program);
    if (code === 0) return out;
    throw new Error(`${program.title} failed with exit code ${String(code)}: ${words.trim() || out.trim()}`);
  }

  /** Starts nothing more, and ends what shows itself in the terminal: it may have turned to another screen. */
  async freeTerminal(): Promise<void> {
    this.#isClosing = true;
    if (this.#foreground) await stopInTerminal(this.#foreground);
  }

  /** Ends every process, the youngest first because they stand on the older ones, and removes the work directory. */
  async clear(): Promise<void> {
    await this.freeTerminal();
    for (const child of this.#children.toReversed()) await stop(child, 'SIGTERM');
    this.#watchdog.dismiss();
    await removeWorkDirectory(this.directory);
  }

  #spawn({ title, command, args, env }: Program, options: { stdio: 'inherit' | ['ignore', 'pipe', 'pipe'] }): ChildProcess {
    if (this.#isClosing) throw new Error(`${title} is not started any more: the demo is ending.`);
    // Detached: a Ctrl-C reaches only what shows itself in the terminal; `clear` ends the others in their order.
    const child = spawn(command, args, { ...options, env, detached: options.stdio !== 'inherit' });
    child.once('error', (error) => this.#fail(`${title} could not be started: ${error.message}`));
    this.#children.push(child);
    const { pid } = child;
    if (pid) {
      this.#watchdog.watch(pid);
      child.once('exit', () => this.#watchdog.forget(pid));
    }
    return child;
  }

  #fail(sentence: string): void {
    if (!this.#isClosing) this.#trouble.reject(new Error(sentence));
  }
}

async function stopInTerminal(child: ChildProcess): Promise<void> {
  if (isGone(child)) return;
  await Promise.race([once(child, 'exit'), delay(ownEndMs)]);
  await stop(child, 'SIGINT');
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (isGone(child)) return;
  const gone = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
  child.kill(signal);
  await gone;
  clearTimeout(late);
}

const isGone = ({ pid, exitCode, signalCode }: ChildProcess): boolean => pid === undefined || exitCode !== null || signalCode !== null;
