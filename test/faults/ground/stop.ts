/** After the fault tests: nothing is left behind. */
import { rmSync } from 'node:fs';
import { end } from './processes.ts';
import type {} from './start.ts';

export default async function stopGrounds(): Promise<void> {
  await Promise.all((globalThis.grounds ?? []).map(async ({ directory, lab, temporal }) => {
    await Promise.all([end(lab), temporal.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }));
}
