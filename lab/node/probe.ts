/**
 * Pods that only ask the network something and end: `nslookup <name>` and `nc -z [-w <seconds>] <name> <port>`, as busybox has them, alone or joined
 * by `&&` in `sh -c`. Everything else that is no component of a database runs for ever.
 */
import { connect } from 'node:net';
import type { PodSpec } from '../process/kubernetes-objects.ts';

const usualPatience = 3;
const millisecondsPerSecond = 1_000;

export interface Ended {
  exitCode: number;
  lines: string[];
}

/** The words of each command, when all are such that the twin can carry them out. */
export function probeOf({ containers }: PodSpec): string[][] | undefined {
  const words = [...(containers[0]?.command ?? []), ...(containers[0]?.args ?? [])];
  const isShell = /(^|\/)(ba)?sh$/.test(words[0] ?? '') && words[1] === '-c';
  const commands = isShell ? (words[2] ?? '').split('&&').map((command) => command.trim().split(/\s+/)) : [words];
  return commands.every(([program]) => program === 'nslookup' || program === 'nc') ? commands : undefined;
}

/** An address or nothing. */
export type Resolve = (name: string) => Promise<string | undefined> | string | undefined;

/** Ends with the first command that fails. */
export async function runProbe(commands: string[][], resolve: Resolve): Promise<Ended> {
  const lines: string[] = [];
  for (const [program, ...words] of commands) {
    const failure = await (program === 'nslookup' ? lookUp(words, resolve, lines) : knock(words, resolve, lines));
    if (failure) return { exitCode: 1, lines };
  }
  return { exitCode: 0, lines };
}

async function lookUp([name = '']: string[], resolve: Resolve, lines: string[]): Promise<boolean> {
  const address = await resolve(name);
  lines.push(...(address === undefined ? [`** server can't find ${name}: NXDOMAIN`] : [`Name:\t${name}`, `Address: ${address}`]));
  return address === undefined;
}

/** True when nothing accepts a connection there. */
async function knock(words: string[], resolve: Resolve, lines: string[]): Promise<boolean> {
  const waits = words.indexOf('-w');
  const seconds = waits < 0 ? usualPatience : Number(words[waits + 1]);
  const [host = '', port = ''] = words.filter((word, index) => !word.startsWith('-') && (waits < 0 || index !== waits + 1));
  const address = await resolve(host);
  if (address === undefined) {
    lines.push(`nc: bad address '${host}'`);
    return true;
  }
  const isOpen = await accepts(address, Number(port), seconds * millisecondsPerSecond);
  lines.push(isOpen ? `${host} (${address}:${port}) open` : `nc: ${host} (${address}:${port}): Connection refused`);
  return !isOpen;
}

function accepts(host: string, port: number, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
