/**
 * Runs the scenarios against the real TiDB Operator in a private network, from which nothing is left however they end. Where that cannot
 * be, says so in one sentence. Ends with one line: `N passed, N failed, N skipped`. Arguments go to jest.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { provideBinaries } from '../../lab/control-plane/binaries.ts';
import { provide } from '../../lab/provision/ladder.ts';
import { tools } from '../../lab/provision/tools.ts';
import { runInside, whyNotHere } from '../../lab/real/enter.ts';
import { provideRealPrograms } from '../../lab/real/real-ground.ts';

/** Scenarios have TiDB clusters of their own and mostly wait: so many go on at once in the one lab. */
const atOnce = 3;
const jest = new URL('../../node_modules/jest/bin/jest.js', import.meta.url).pathname;
const longestFirst = new URL('../longest-first.cjs', import.meta.url).pathname;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `ip` is the one program that a small Debian may lack; installing it needs no question where root asks for the tests. */
function installIp(): void {
  if (process.getuid?.() !== 0 || !spawnSync('ip', ['-V']).error || spawnSync('apt-get', ['--version']).error) return;
  say('Installing iproute2 …');
  for (const command of [['update'], ['install', '-y', '--no-install-recommends', 'iproute2']]) spawnSync('apt-get', ['-qq', ...command], { stdio: 'ignore' });
}

function scenarios(): number {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  return files.reduce((sum, file) => sum + [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/^\s*(test|it)(\.each)?\(/gm)].length, 0);
}

async function main(): Promise<number> {
  installIp();
  const reason = whyNotHere();
  if (reason !== undefined) {
    say(`The scenarios with the real TiDB Operator do not run here, because ${reason}.`);
    say(`0 passed, 0 failed, ${scenarios()} skipped`);
    return 0;
  }
  // There is no way to the outside from the private network: everything is fetched before.
  await provideBinaries();
  await provide(tools.temporal);
  await provideRealPrograms();
  return runInside([process.execPath, '--disable-warning=ExperimentalWarning', jest, '--selectProjects=e2e', `--maxWorkers=${atOnce}`, `--testSequencer=${longestFirst}`, ...process.argv.slice(2)]);
}

process.exitCode = await main();
