/** After the fault tests: nothing is left behind. */
import { rmSync } from 'node:fs';
import { end } from './processes.ts';
import type {} from './start.ts';

export default async function stopGround(): Promise<void> {
  const { ground } = globalThis;
  if (!ground) return;
  await Promise.all([end(ground.lab), ground.temporal.stop()]);
  rmSync(ground.directory, { recursive: true, force: true });
}
