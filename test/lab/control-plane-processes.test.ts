/** The processes of the lab: none is left behind, however the lab ends, and one that dies says why. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../lab/control-plane/child.ts';
import { freePort } from '../../lab/control-plane/ports.ts';
import { Watchdog } from '../../lab/control-plane/watchdog.ts';

/** Far more than needed: a busy computer starts processes slowly. */
jest.setTimeout(120_000);

let directory: string;
let watchdog: Watchdog;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidb-runbooks-processes-'));
  watchdog = new Watchdog();
});
afterAll(async () => {
  watchdog.dismiss();
  await rm(directory, { recursive: true, force: true });
});

const shell = (script: string): Child => new Child({ title: 'the server', binary: 'sh', args: ['-c', script], log: join(directory, 'log') }, watchdog);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(20)) if (await condition()) return;
  throw new Error('waited in vain');
}

it('tells with its last words when a server dies before it is ready', async () => {
  const child = shell('echo "port 80: permission denied"; exit 3');
  const waiting = child.until(() => Promise.resolve(false));
  await expect(waiting).rejects.toThrow(`the server ended (exit code 3); its log ${join(directory, 'log')} closes with: port 80: permission denied`);
});

it('tells when a server cannot even be started', async () => {
  const child = new Child({ title: 'the server', binary: '/nowhere/server', args: [], log: join(directory, 'log') }, watchdog);
  await expect(child.until(() => Promise.resolve(false))).rejects.toThrow('the server did not start: spawn /nowhere/server ENOENT.');
});

it('ends a server that does not listen to SIGTERM', async () => {
  const child = shell('trap "" TERM; echo ready; while :; do sleep 0.05; done');
  await child.until(async () => (await readFile(join(directory, 'log'), 'utf8')).endsWith('ready\n'));
  await child.stop();
  expect(await child.ended).toContain('the server ended (SIGKILL)');
});

it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('leaves no process behind when the lab itself ends by %s', async (signal) => {
  const lab = join(directory, 'lab.ts');
  const folder = join(import.meta.dirname, '../../lab/control-plane');
  await writeFile(
    lab,
    `import { Child } from '${folder}/child.ts';
     import { Watchdog } from '${folder}/watchdog.ts';
     const child = new Child({ title: 'a server', binary: 'sleep', args: ['600'], log: '${directory}/sleep.log' }, new Watchdog());
     console.log(child.pid);`,
  );
  const parent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', lab], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(String((await once(parent.stdout, 'data'))[0]));
  expect(isAlive(pid)).toBe(true);
  parent.kill(signal);
  await until(() => !isAlive(pid));
});

it('gives free ports, below those of outgoing connections, and none twice', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  expect(new Set(ports).size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  const server = createServer().listen(ports[0], '127.0.0.1');
  await once(server, 'listening');
  server.close();
});
