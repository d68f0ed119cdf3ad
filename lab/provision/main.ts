/** `node lab/provision/main.ts [tool...]`: provides the usual tools of the lab, or those named, and prints their paths. */
import { provide } from './ladder.ts';
import type { Tool } from './ladder.ts';
import { operatorCrdsFile } from './operator-crds.ts';
import { realTools } from './real-tools.ts';
import { tools } from './tools.ts';

const usual: readonly Tool[] = [...Object.values(tools), operatorCrdsFile];
const all: readonly Tool[] = [...usual, ...Object.values(realTools)];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.some((tool) => tool.name === name));

if (unknown.length > 0) fail(`There is no tool named ${unknown.join(', ')}; known are ${all.map(({ name }) => name).join(', ')}.`);
else await provideAll(wanted.length === 0 ? usual : all.filter(({ name }) => wanted.includes(name)));

async function provideAll(chosen: readonly Tool[]): Promise<void> {
  for (const tool of chosen) {
    try {
      process.stdout.write(`${tool.name}\t${await provide(tool)}\n`);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  }
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
