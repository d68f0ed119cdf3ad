/** A rung of the ladder: one file out of a Debian package. The package is fetched and unpacked aside; nothing is installed. */
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from './ladder.ts';
import { runCommand } from './run-command.ts';

export interface DebianPackage {
  package: string;
  /** Beginning of the version that must be offered, e.g. `3.4.`. */
  version: string;
  /** Path of the file inside the package. */
  member: string;
  file: string;
}

export const debianPackage = (wanted: DebianPackage): Source => ({
  description: `the Debian package ${wanted.package} ${wanted.version}`,
  install: async (into) => {
    await expectOffered(wanted);
    const aside = await mkdtemp(join(into, 'package-'));
    try {
      // apt-get checks the archive's signature. Its own sandbox user could not write here.
      await runCommand('apt-get', ['download', '-o', 'APT::Sandbox::User=root', wanted.package], { directory: aside });
      const [archive] = await readdir(aside);
      if (!archive) throw new Error(`apt-get brought no package ${wanted.package}`);
      await runCommand('dpkg-deb', ['-x', join(aside, archive), aside]);
      await copyFile(join(aside, wanted.member), join(into, wanted.file));
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  },
});

async function expectOffered(wanted: DebianPackage): Promise<void> {
  const offered = /Candidate: (\S+)/.exec(await runCommand('apt-cache', ['policy', wanted.package]))?.[1] ?? 'none';
  if (!offered.startsWith(wanted.version)) throw new Error(`version ${wanted.version} is wanted, and "${offered}" is offered`);
}
