/**
 * The private place of a lab with real networks: network, mount and process namespaces of its own. Everything that is made there
 * goes with its first process, however that ends; the computer's own network and files are never touched.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** Says to a process that it is inside already. */
const insideVariable = 'TIDB_RUNBOOKS_PRIVATE_NETWORK';
/** The process outside that stands for the one inside. */
const outerVariable = 'TIDB_RUNBOOKS_OUTER_PROCESS';
/** How a program ends that a signal ended. */
const signalExit = 128;

/** The process by which others know this one: inside a private place, process numbers mean nothing to them. */
export const knownPid = (): number => Number(process.env[outerVariable] ?? process.pid);

export const isInside = (): boolean => process.env[insideVariable] === 'yes';

/** Why no private network can be made here, as the end of a sentence "… because …"; undefined when it can. */
export function whyNotHere(): string | undefined {
  if (platform() !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces and addresses need root';
  const missing = ['unshare', 'setpriv', 'nsenter', 'ip', 'mount'].filter((program) => spawnSync(program, ['--version']).error);
  if (missing.length > 0) return `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not installed (Debian: util-linux, iproute2)`;
  const trial = spawnSync('unshare', [...namespaces, 'ip', 'link', 'add', 'trial', 'type', 'bridge'], { encoding: 'utf8' });
  return trial.status === 0 ? undefined : `this system does not let it: ${trial.stderr.trim().split('\n').at(-1)}`;
}

const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** A new network namespace has its loopback down. */
const loopbackUp = 'ip link set lo up && exec "$@"';

/** Runs a program in a private place and resolves with its exit code. Signals are passed on; when this process dies, everything there dies. */
export async function runInside(command: readonly string[]): Promise<number> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-c', loopbackUp, 'sh', ...command], { stdio: 'inherit', env: { ...process.env, [insideVariable]: 'yes', [outerVariable]: String(process.pid) }, detached: true });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? signalExit : 1)));
  });
  // `unshare` itself ignores them; its child is the first process inside.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => childrenOf(child.pid).forEach((pid) => process.kill(pid, signal)));
  return ended;
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
