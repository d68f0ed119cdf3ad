/** After the fault tests: nothing is left behind. */
import { rmSync } from 'node:fs';
import { end } from './processes.ts';
import './start.ts';

export default async function stopGround(): Promise<void> {
  const { ground } = globalThis;
  if (!ground) return;
  await Promise.all([end(ground.lab), ground.temporal.stop()]);
  const { directory } = JSON.parse(process.env['TIDB_RUNBOOKS_TEST_GROUND'] ?? '{}') as { directory?: string };
  if (directory) rmSync(directory, { recursive: true, force: true });
}
