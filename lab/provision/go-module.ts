/**
 * Rungs of the ladder that use the Go module proxy: a program built from a published module, and a file out of one.
 *
 * A module with `replace` lines cannot be built by `go install`, so a program is built in a wrapper module of its own,
 * which repeats those replacements.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Source } from './ladder.ts';
import { runCommand } from './run-command.ts';

export interface GoProgram {
  module: string;
  version: string;
  /** Import path of the main package. */
  package: string;
  /** Lines for `replace`, e.g. `a => b v1.2.3`. */
  replacements?: readonly string[];
  /** Kubernetes requires its staging modules at v0.0.0 and replaces them by folders; this is the version to use instead. */
  stagingVersion?: string;
  /** Value of `-X` for the linker: where the program keeps its version, e.g. `path/version.gitVersion=v1.2.3`. */
  versionVariable?: string;
  /** Oldest Go release that can build it, e.g. `1.24`. */
  go: string;
  /** How long it takes, for the reader of the line on the screen. */
  patience: string;
  file: string;
}

export const goProgram = (program: GoProgram): Source => ({
  description: `a build of the Go module ${program.module} ${program.version} (${program.patience})`,
  install: (into) =>
    inScratchDirectory(async (scratch) => {
      await expectGo(program.go);
      await writeFile(join(scratch, 'go.mod'), await wrapperModule(program, scratch));
      await runCommand('go', ['mod', 'tidy'], { directory: scratch });
      const linker = `-s -w${program.versionVariable ? ` -X ${program.versionVariable}` : ''}`;
      await runCommand('go', ['build', '-trimpath', '-ldflags', linker, '-o', join(into, program.file), program.package], { directory: scratch });
    }),
});

export interface GoModuleFile {
  module: string;
  version: string;
  /** Path of the file inside the module. */
  member: string;
  file: string;
}

export const goModuleFile = (wanted: GoModuleFile): Source => ({
  description: `${wanted.member} of the Go module ${wanted.module} ${wanted.version}`,
  install: (into) =>
    inScratchDirectory(async (scratch) => {
      const { Dir } = await downloadModule(wanted.module, wanted.version, scratch);
      await copyFile(join(Dir, wanted.member), join(into, wanted.file));
    }),
});

async function inScratchDirectory(work: (scratch: string) => Promise<void>): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'tidb-runbooks-go-'));
  try {
    await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function expectGo(oldest: string): Promise<void> {
  const version = (await runCommand('go', ['env', 'GOVERSION'])).trim().replace(/^go/, '');
  if (isOlder(version, oldest)) throw new Error(`Go ${version} is too old, ${oldest} or newer is needed`);
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat);
  const [wantedMajor = 0, wantedMinor = 0] = than.split('.').map(Number.parseFloat);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

interface DownloadedModule {
  Dir: string;
  GoMod: string;
}

async function downloadModule(module: string, version: string, scratch: string): Promise<DownloadedModule> {
  return JSON.parse(await runCommand('go', ['mod', 'download', '-json', `${module}@${version}`], { directory: scratch })) as DownloadedModule;
}

async function wrapperModule(program: GoProgram, scratch: string): Promise<string> {
  const { GoMod } = await downloadModule(program.module, program.version, scratch);
  const original = await readFile(GoMod, 'utf8');
  const replacements = [...(program.replacements ?? []), ...stagingReplacements(original, program.stagingVersion)];
  return [
    'module lab.local/wrapper',
    // Behaviour switches of the runtime belong to the main module, and that is the wrapper now: keep the original's.
    ...original.split('\n').filter((line) => /^(go|godebug) /.test(line)),
    `require ${program.module} ${program.version}`,
    `tool ${program.package}`,
    ...replacements.map((line) => `replace ${line}`),
    '',
  ].join('\n');
}

/** One replacement for each module that a `go.mod` requires at v0.0.0. */
export function stagingReplacements(goMod: string, stagingVersion: string | undefined): string[] {
  if (!stagingVersion) return [];
  return [...goMod.matchAll(/^\s*(\S+) v0\.0\.0$/gm)].map(([, module]) => `${module} => ${module} ${stagingVersion}`);
}
