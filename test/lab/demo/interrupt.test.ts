/** Ctrl-C ends the demo at any moment, and nothing of it stays: no process, no work directory. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(__dirname, '../../../');
/** The lab of a demo takes half a minute to be whole, and many times that where tests run beside it. Milliseconds. */
const patienceMs = 240_000;
/** The watchdogs, which end last, give what they watch 4 s. Milliseconds. */
const afterlifeMs = 10_000;
const interruptedCode = 130;

jest.setTimeout(2 * patienceMs);

let demo: Demo | undefined;
afterEach(() => demo?.child.kill('SIGKILL'));

test.each([
  ['while the control planes start', 'starting control planes'],
  ['while the run is watched', 'PD in east'],
])('leaves nothing behind when it is interrupted %s', async (_moment, words) => {
  demo = new Demo();
  await demo.says(words);
  const family = descendantsOf(demo.child.pid ?? 0);
  expect(family.length).toBeGreaterThan(1);
  const directory = demo.directory;
  expect(existsSync(directory)).toBe(true);

  demo.child.kill('SIGINT');
  const [code] = (await once(demo.child, 'close')) as unknown[];

  expect(code).toBe(interruptedCode);
  expect(existsSync(directory)).toBe(false);
  expect(await survivorsOf(family)).toEqual([]);
});

class Demo {
  readonly child: ChildProcess;
  #said = '';

  constructor() {
    this.child = spawn(process.execPath, [`${root}lab/demo/main.ts`], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (data: Buffer) => (this.#said += data.toString()));
  }

  get directory(): string {
    return /Everything of this demo is in (\S+)/.exec(this.#said)?.[1] ?? '';
  }

  async says(words: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!this.#said.includes(words)) {
      if (this.child.exitCode !== null || Date.now() > deadline) throw new Error(`The demo never said "${words}", but: ${this.#said}`);
      await delay(50);
    }
  }
}

/** Also those that are no children of the demo but of its children: API servers, etcd, watchdogs. */
function descendantsOf(pid: number): number[] {
  const all = processes();
  const family = [pid];
  for (const parent of family) family.push(...all.filter((each) => each.parent === parent).map((each) => each.pid));
  return family;
}

async function survivorsOf(pids: number[]): Promise<number[]> {
  const deadline = Date.now() + afterlifeMs;
  for (;;) {
    const alive = processes().filter(({ pid }) => pids.includes(pid)).map(({ pid }) => pid);
    if (alive.length === 0 || Date.now() > deadline) return alive;
    await delay(100);
  }
}

function processes(): { pid: number; parent: number }[] {
  if (!existsSync('/proc/self/stat')) {
    return execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)).map(([pid = 0, parent = 0]) => ({ pid, parent }));
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      // After the name in brackets, which may hold anything: the state, then the parent. A zombie has ended already.
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent) }];
    } catch {
      return [];
    }
  });
}
