/** The one etcd of a lab; every control plane has a key prefix of its own in it. */
import { join } from 'node:path';
import { runCommand } from '../provision/run-command.ts';
import { Child } from './child.ts';
import { freePort } from './ports.ts';
import { answersOk } from './readiness.ts';
import type { Watchdog } from './watchdog.ts';

export interface Etcd {
  url: string;
  stop(): Promise<void>;
}

/** The key prefix of the plane with this index. By index, not by name: prepared data must fit any names. */
export const prefixOf = (index: number): string => `/plane-${index}`;

/** e.g. `3.6.5`. */
export async function etcdVersion(binary: string): Promise<string> {
  return /etcd Version: (\S+)/.exec(await runCommand(binary, ['--version']))?.[1] ?? 'unknown';
}

/** Starts etcd on `<directory>/etcd`, which may hold data already. */
export async function startEtcd(binary: string, directory: string, watchdog: Watchdog): Promise<Etcd> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const peerUrl = `http://127.0.0.1:${await freePort()}`;
  const args = [
    '--name=lab',
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=lab=${peerUrl}`,
    '--log-level=warn',
    // Nothing in a lab must survive a power cut. etcd 3.4 does not know the flag.
    ...((await etcdVersion(binary)).startsWith('3.4.') ? [] : ['--unsafe-no-fsync']),
  ];
  const child = new Child({ title: 'etcd', binary, args, log: join(directory, 'etcd.log') }, watchdog);
  await child.until(() => answersOk(`${url}/health`));
  return { url, stop: () => child.stop() };
}
