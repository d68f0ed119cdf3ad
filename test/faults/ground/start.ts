/** Before the fault tests: the product is built, one lab and one Temporal server are started. Each scenario brings its own TiDB cluster and task queue. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { node, root, said, start } from './processes.ts';
import type { Started } from './processes.ts';
import stopGround from './stop.ts';
import { TemporalServer, freePort } from './temporal.ts';

export interface Ground {
  directory: string;
  lab: Started;
  temporal: TemporalServer;
}

declare global {
  var ground: Ground | undefined;
}

/** The quick twins of everything. */
export default async function startGround(): Promise<void> {
  await startGroundOf('--preset', 'fast');
}

/** `labOptions` go to `lab up`. */
export async function startGroundOf(...labOptions: string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-test-'));
  const lab = start(node, ['lab/main.ts', 'up', ...labOptions, '--directory', join(directory, 'lab'), '--rbac', 'deploy/kubernetes-rbac.yaml'], join(directory, 'lab.log'));
  const temporal = new TemporalServer(await freePort(), directory);
  globalThis.ground = { directory, lab, temporal };
  // Jest runs no teardown when it is interrupted: what was started here would stay.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stopGround().finally(() => process.exit(130)));
  // Workers run as they are shipped: compiled, with their bundle of workflows.
  const built = promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root });
  await Promise.all([said(lab, 'ready\n'), temporal.start(), built]);
  process.env['TIDB_RUNBOOKS_TEST_GROUND'] = JSON.stringify({ directory, lab: join(directory, 'lab'), temporal: temporal.address });
}
