/** All control planes of a lab: one etcd, and one API server and controller manager for each Kubernetes cluster. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { provideBinaries } from './binaries.ts';
import { ControlPlane } from './control-plane.ts';
import { startEtcd } from './etcd.ts';
import type { Etcd } from './etcd.ts';
import { copyPreparedData } from './prepared-data.ts';
import { Watchdog } from './watchdog.ts';

export interface ControlPlanes {
  /** In the order of the names given. */
  planes: ControlPlane[];
  /** Ends every process. The files in the directory stay. */
  stop(): Promise<void>;
}

export interface ControlPlanesSetting {
  names: readonly string[];
  directory: string;
  /** The address at which pods with a network of their own reach the API servers; without it they are for loopback alone. */
  podsReachItAt?: string | undefined;
  /** Whether kube-controller-managers run; absent: they do. */
  controllers?: boolean | undefined;
}

/**
 * Starts one control plane for each name (a Kubernetes cluster), with tidb-operator's definitions installed. All data, logs
 * and keys go to `directory`, which must not hold an earlier lab. The processes end with `stop`, and also when this
 * process ends in any other way.
 */
export async function startControlPlanes({ names, directory, podsReachItAt, controllers }: ControlPlanesSetting): Promise<ControlPlanes> {
  if (existsSync(join(directory, 'etcd'))) throw new Error(`${directory} holds the data of an earlier lab, which cannot be started again; remove it or name another directory.`);
  const binaries = await provideBinaries();
  await mkdir(directory, { recursive: true });
  await copyPreparedData(binaries, names.length, directory);
  const watchdog = new Watchdog();
  try {
    const etcd = await startEtcd(binaries.etcd, directory, watchdog);
    const planes = await Promise.all(names.map((name, index) => ControlPlane.start({ name, index, directory, binaries, etcd, watchdog, podsReachItAt, controllers })));
    return { planes, stop: () => stopAll(planes, etcd, watchdog) };
  } catch (error) {
    // Whatever runs already ends with its watchdog.
    watchdog.dismiss();
    throw error;
  }
}

/** etcd last: an API server without it does not end in peace. */
async function stopAll(planes: readonly ControlPlane[], etcd: Etcd, watchdog: Watchdog): Promise<void> {
  await Promise.all(planes.map((plane) => plane.stop()));
  await etcd.stop();
  watchdog.dismiss();
}
