/**
 * Before the fault tests: the product is built; each of jest's workers gets a lab and a Temporal server of its own, since some scenarios
 * take whole API servers away. Each scenario brings its own TiDB cluster and task queue.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LastingServer } from '../../temporal/lasting-server.ts';
import { publishPlaces } from './places.ts';
import { node, root, said, start } from './processes.ts';
import type { Started } from './processes.ts';
import stopGrounds from './stop.ts';

export interface Ground {
  directory: string;
  lab: Started;
  temporal: LastingServer;
}

declare global {
  var grounds: Ground[] | undefined;
}

/** The quick twins of everything, one lab for each of jest's workers. */
export default async function startGrounds({ maxWorkers }: { maxWorkers: number }): Promise<void> {
  await startGroundsOf(maxWorkers, '--preset', 'fast');
}

/** `labOptions` go to `lab up`. Jest's workers share the labs evenly. */
export async function startGroundsOf(count: number, ...labOptions: string[]): Promise<void> {
  const grounds = await Promise.all(Array.from({ length: count }, () => begin(labOptions)));
  globalThis.grounds = grounds;
  // Jest runs no teardown when it is interrupted, or when this fails: what was started here would stay.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stopGrounds().finally(() => process.exit(130)));
  // Workers run as they are shipped: compiled, with their bundle of workflows.
  const built = promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root });
  await Promise.all([built, ...grounds.flatMap(({ lab, temporal }) => [said(lab, 'ready\n'), temporal.start()])]).catch(async (error: unknown) => {
    await stopGrounds();
    throw error;
  });
  publishPlaces(grounds.map(({ directory, temporal }) => ({ directory, lab: join(directory, 'lab'), temporal: temporal.address })));
}

async function begin(labOptions: string[]): Promise<Ground> {
  const directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-test-'));
  const temporal = await LastingServer.in(directory);
  const lab = start(node, ['lab/main.ts', 'up', ...labOptions, '--directory', join(directory, 'lab'), '--rbac', 'deploy/kubernetes-rbac.yaml'], join(directory, 'lab.log'));
  return { directory, lab, temporal };
}
