/**
 * Everything that is checked, at once: types and lint; the scenarios on labs in three workers, each with a lab of its own, since they mostly wait; all
 * other tests in two. Ends with one line for all: `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const jest = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'node_modules/jest/bin/jest.js')];
const longestFirst = join(root, 'test/longest-first.cjs');
/** Scenarios start a process of Node for every worker and every command: each spares its compiling. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile') };

interface Outcome {
  code: number;
  output: string;
}

function run([command = '', ...args]: string[]): Promise<Outcome> {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => child.kill(signal));
  let output = '';
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve({ code: code ?? 1, output })));
}

/** The counts of a run; one that ended before it could count, or that counts nothing, has failed as a whole. */
function countsOf({ code, output }: Outcome): [number, number, number] {
  const line = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  const [passed, failed, skipped] = line ? [Number(line[1]), Number(line[2]), Number(line[3])] : [0, 0, 0];
  return [passed, code !== 0 && failed === 0 ? 1 : failed, skipped];
}

/** Everything that was printed but jest's own summary. */
function withoutSummary(output: string): string {
  return output.replace(/^\d+ passed, \d+ failed, \d+ skipped$/m, '').trim();
}

const began = performance.now();
const sinceBegun = (): number => Math.round((performance.now() - began) / 1_000);
const parts: Record<string, string[]> = {
  types: ['npm', 'run', '--silent', 'typecheck'],
  'lint, import walls included': ['npm', 'run', '--silent', 'lint'],
  'scenarios on labs': [...jest, '--selectProjects=lab', '--maxWorkers=3', `--testSequencer=${longestFirst}`],
  'all other tests': [...jest, '--selectProjects=unit', '--maxWorkers=2', `--testSequencer=${longestFirst}`],
};
process.stdout.write(`Running at once: ${Object.keys(parts).join('; ')} …\n`);
const outcomes = await Promise.all(
  Object.entries(parts).map(async ([name, command]) => {
    const outcome = await run(command);
    process.stdout.write(`\n── ${name}${outcome.code === 0 ? '' : ': FAILED'} (after ${sinceBegun()} s) ──\n${withoutSummary(outcome.output)}\n`);
    return outcome;
  }),
);
const [passed, failed, skipped] = outcomes.map(countsOf).reduce((sum, counts) => [sum[0] + counts[0], sum[1] + counts[1], sum[2] + counts[2]] as [number, number, number]);
process.stdout.write(`\nAll tests took ${sinceBegun()} s.\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 && outcomes.every(({ code }) => code === 0) ? 0 : 1;
