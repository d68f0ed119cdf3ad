/** Short programs of the system that must succeed: `ip` and `mount`. */
import { execFileSync } from 'node:child_process';

/** Throws with the program's own words. */
export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** `ip` with its arguments in one text. */
export const ip = (command: string): string => run('ip', ...command.split(' '));

export interface NamespaceHolder {
  pid: number;
}

/** `ip` inside the network namespace of a process. */
export const ipIn = ({ pid }: NamespaceHolder, command: string): string => run('nsenter', '--target', String(pid), '--net', 'ip', ...command.split(' '));
