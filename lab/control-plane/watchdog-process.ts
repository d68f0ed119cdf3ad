/**
 * A process of its own that outlives its parent by moments. It reads `watch <pid>` and `forget <pid>` on standard input;
 * when the input ends, however the parent died, it ends the processes that are still on its list, and then itself.
 */
import { createInterface } from 'node:readline';

/** Between the polite signal and the last one. Must exceed the shutdown of an API server (1.1 s). Milliseconds. */
const grace = 4_000;

const watched = new Set<number>();

for await (const line of createInterface({ input: process.stdin })) {
  const [word, pid] = line.split(' ');
  if (word === 'watch') watched.add(Number(pid));
  else watched.delete(Number(pid));
}
if (signalAll('SIGTERM') > 0) setTimeout(() => signalAll('SIGKILL'), grace);

function signalAll(signal: NodeJS.Signals): number {
  return [...watched].filter((pid) => send(pid, signal)).length;
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // It has ended already.
  }
}
