/** Child processes of the tests: started with their output in a file, ended by their own pid, at the latest with the process that started them. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Watchdog } from '../../../lab/control-plane/watchdog.ts';

export const root = new URL('../../../', import.meta.url).pathname;
export const node = `${root}node_modules/.bin/node`;

const POLL_MS = 50;
const GRACE_MS = 20_000;

/** A worker of jest that is interrupted ends nothing itself. */
let watchdog: Watchdog | undefined;

export interface Started {
  child: ChildProcess;
  log: string;
}

export function start(command: string, args: string[], log: string, env: NodeJS.ProcessEnv = process.env): Started {
  const out = openSync(log, 'a');
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', out, out] });
  closeSync(out);
  mustNotSurvive(child);
  return { child, log };
}

function mustNotSurvive(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  const dog = (watchdog ??= new Watchdog());
  dog.watch(pid);
  child.once('exit', () => dog.forget(pid));
}

/** Until the process has said `word`; throws with the end of its output when it ends before. */
export async function said({ child, log }: Started, word: string, timeoutMs = 120_000): Promise<void> {
  const began = performance.now();
  while (!readFileSync(log, 'utf8').includes(word)) {
    const late = performance.now() - began > timeoutMs;
    if (child.exitCode !== null || late) throw new Error(`${child.spawnfile} ${late ? `did not say "${word}" in time` : `ended with ${child.exitCode}`}: ${readFileSync(log, 'utf8').slice(-2_000)}`);
    await delay(POLL_MS);
  }
}

/** SIGTERM, and SIGKILL after a grace time; resolves when the process is gone. */
export async function end({ child }: Started, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(late);
}
