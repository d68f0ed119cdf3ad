/** The end of the work directory: what still runs in it goes first, then the directory. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A lab that was ended while it started leaves its servers to its watchdog, which gives them 4 s after SIGTERM. Milliseconds. */
const patienceMs = 8_000;
const pollMs = 100;

/** Waits until no process names the directory in its command line (a person's own may stay), then removes it. */
export async function removeWorkDirectory(directory: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (isNamed(directory) && Date.now() < deadline) await delay(pollMs);
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

function isNamed(directory: string): boolean {
  return commandLines().some((line) => line.includes(directory));
}

function commandLines(): string[] {
  if (existsSync('/proc/self/cmdline')) return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(commandLineOf);
  return spawnSync('ps', ['-axo', 'args='], { encoding: 'utf8' }).stdout.split('\n');
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
