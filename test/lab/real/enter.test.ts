/**
 * The private place of a lab with real networks: nothing of it is left, however it ends. A namespace lives only as long as a process in
 * it, so the proof is that no process is left, and that this computer's own interfaces and mounts are as they were.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { whyNotHere } from '../../../lab/real/enter.ts';
import { until } from '../../kubernetes/until.ts';

const enter = new URL('../../../lab/real/enter.ts', import.meta.url).pathname;
const reason = whyNotHere();
// A system that cannot make a private network says why, and that is all there is to test there.
const whereItWorks = reason === undefined ? describe : describe.skip;

/** Inside: a bridge, a namespace in the namespace with a process of its own that ignores all signals, a mount. Then a word, and a wait. */
const insideScript = `
  ip link add lab-test type bridge
  mount -t tmpfs tmpfs /mnt
  (trap '' INT TERM HUP; unshare --net --mount sleep 1000) &
  echo inside
`;

const forEver = 'while :; do sleep 0.1; done';

let marker: string;
let child: ChildProcess;

function start({ trap, end }: { trap: string; end: string }): ChildProcess {
  marker = `PRIVATE_PLACE_TEST=${process.pid}-${Math.random()}`;
  const [name = '', value] = marker.split('=');
  const program = `import { runInside } from ${JSON.stringify(enter)}; process.exitCode = await runInside(['sh', '-c', ${JSON.stringify(`${trap}\n${insideScript}${end}`)}]);`;
  return spawn('node_modules/.bin/node', ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program], { env: { ...process.env, [name]: value }, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Everything that was started by the test, wherever it is now. */
function marked(): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(marker));
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

const mounts = (): string => readFileSync('/proc/self/mounts', 'utf8');
const interfaces = (): string[] => readdirSync('/sys/class/net');

async function untilInside(): Promise<void> {
  if (!child.stdout) throw new Error('no output');
  for await (const chunk of child.stdout) if (String(chunk).includes('inside')) return;
  throw new Error('it ended before it was inside');
}

whereItWorks('a private place', () => {
  afterEach(() => child.kill('SIGKILL'));

  test.each([
    ['its program ends', { trap: '', end: 'exit 3' }, undefined, 3],
    ['Ctrl-C', { trap: "trap 'exit 4' INT", end: forEver }, 'SIGINT', 4],
    ['SIGTERM', { trap: "trap 'exit 5' TERM", end: forEver }, 'SIGTERM', 5],
    ['SIGKILL of the process that made it', { trap: '', end: forEver }, 'SIGKILL', null],
  ] as const)('leaves nothing behind after %s', async (_, program, signal, code) => {
    const before = { mounts: mounts(), interfaces: interfaces(), addresses: networkInterfaces(), network: readlinkSync('/proc/self/ns/net') };
    child = start(program);
    const exit = once(child, 'exit');
    await untilInside();
    if (signal) {
      expect(marked().length).toBeGreaterThan(1);
      child.kill(signal);
    }
    expect((await exit)[0]).toBe(code);
    await until(() => marked().length === 0);
    expect({ mounts: mounts(), interfaces: interfaces(), addresses: networkInterfaces(), network: readlinkSync('/proc/self/ns/net') }).toEqual(before);
  });
});

test('a system where it cannot be is told in the end of one sentence', () => {
  if (reason !== undefined) expect(reason).toMatch(/^[a-z].*[^.]$/);
  else expect(whyNotHere()).toBeUndefined();
});
