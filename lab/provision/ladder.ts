/**
 * The ladder by which the lab comes to a tool: a path from the environment, the cache, then the tool's sources one after
 * the other (official download, package registries). Every rung says in one line what it does; when all fail, one
 * message names them all and how to give the path by hand.
 */
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheDirectory, cachedDirectory } from './cache.ts';

/** One place where a tool can come from. */
export interface Source {
  /** A phrase that goes on from "trying …". */
  description: string;
  /** Puts the tool's file into the directory, or rejects with a sentence. Leaves nothing elsewhere. */
  install(into: string): Promise<void>;
}

export interface Tool {
  name: string;
  version: string;
  /** Name of the file inside the tool's cache directory. */
  file: string;
  /** Environment variable that gives the file's path by hand. */
  variable: string;
  sources: readonly Source[];
}

export interface LadderOptions {
  /** Default: the user's cache directory. */
  cache?: string;
  environment?: NodeJS.ProcessEnv;
  /** Gets one line per rung. Default: standard error. */
  say?: (line: string) => void;
}

const sayOnStandardError = (line: string): void => void process.stderr.write(`${line}\n`);

/** The absolute path of the tool's file. Instant when the tool is there already; rejects with a message that names every rung tried. */
export async function provide(tool: Tool, options: LadderOptions = {}): Promise<string> {
  const { cache = cacheDirectory(), environment = process.env, say = sayOnStandardError } = options;
  const given = environment[tool.variable];
  if (given) return pathByHand(tool, given);
  const title = `${tool.name} ${tool.version}`;
  const onWait = (): void => say(`${title}: another process is installing it, waiting`);
  const directory = await cachedDirectory(cache, `${tool.name}-${tool.version}`, (into) => climb(tool, into, say), onWait);
  return join(directory, tool.file);
}

function pathByHand(tool: Tool, path: string): string {
  if (!existsSync(path)) throw new Error(`${tool.variable} says that ${tool.name} is at ${path}, but there is no such file; correct the variable or unset it`);
  return resolve(path);
}

const executable = 0o755;

async function climb(tool: Tool, into: string, say: (line: string) => void): Promise<void> {
  const failures: string[] = [];
  for (const source of tool.sources) {
    say(`${tool.name} ${tool.version}: trying ${source.description}`);
    try {
      await source.install(into);
      await chmod(join(into, tool.file), executable);
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`  ${source.description}: ${reason}`);
    }
  }
  const tried = [`  ${tool.variable}: not set`, '  cache: not there yet', ...failures].join('\n');
  throw new Error(`${tool.name} ${tool.version} is needed, and every way to it failed:\n${tried}\nInstall it yourself and set ${tool.variable} to the path of "${tool.file}".`);
}
