/** `<directory>/lab.json`: where everything of a running lab is found. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownPid } from '../real/enter.ts';
import type { Lab } from './lab.ts';

export interface LabFile {
  pid: number;
  preset: string;
  /** The lab's own API. */
  control: string;
  events: string;
  /** For people: everything is allowed. */
  adminKubeconfig: string;
  /** For the product: its service account, through the proxy with faults. */
  kubeconfig: string;
  /** For tests: an account that may do nothing, through the same proxy. */
  restrictedKubeconfig: string;
  kubernetesClusters: { name: string; server: string; proxyServer: string; auditLog: string }[];
}

const fileIn = (directory: string): string => join(directory, 'lab.json');

export function writeLabFile(lab: Lab, more: { preset: string; control: string }): LabFile {
  const file: LabFile = {
    pid: knownPid(),
    ...more,
    events: lab.events.file,
    adminKubeconfig: lab.adminKubeconfig,
    kubeconfig: lab.productKubeconfig,
    restrictedKubeconfig: lab.restrictedKubeconfig,
    kubernetesClusters: lab.twins.map(({ plane: { name, server, proxyServer, auditLog } }) => ({ name, server, proxyServer, auditLog })),
  };
  writeFileSync(fileIn(lab.directory), `${JSON.stringify(file, undefined, 2)}\n`);
  return file;
}

/** Throws when there is no lab in the directory. */
export function readLabFile(directory: string): LabFile {
  if (!existsSync(fileIn(directory))) throw new Error(`There is no lab in ${directory}: it has no lab.json. Start one with "lab up --directory ${directory}".`);
  return JSON.parse(readFileSync(fileIn(directory), 'utf8')) as LabFile;
}

/** Removes what an earlier lab left; throws when that lab still runs, or when the directory is not a lab's. */
export function clearDirectory(directory: string, isEmpty: boolean): void {
  if (isEmpty) return;
  const { pid } = readLabFile(directory);
  if (isAlive(pid)) throw new Error(`A lab runs in ${directory} already (process ${pid}). Stop it first, or choose another --directory.`);
  rmSync(directory, { recursive: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
