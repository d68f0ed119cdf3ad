/**
 * Runs all tests: the scenarios on labs in two workers, each with a lab of its own, and everything else beside them. Ends with one line for both: `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';

const jest = ['--disable-warning=ExperimentalWarning', new URL('../node_modules/jest/bin/jest.js', import.meta.url).pathname];
const root = new URL('..', import.meta.url).pathname;

interface Outcome {
  code: number;
  output: string;
}

function run(args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [...jest, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => child.kill(signal));
  let output = '';
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve({ code: code ?? 1, output })));
}

/** The counts of a run; one that ended before it could count has failed as a whole. */
function countsOf({ code, output }: Outcome): [number, number, number] {
  const line = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  const [passed, failed, skipped] = line ? [Number(line[1]), Number(line[2]), Number(line[3])] : [0, 0, 0];
  return [passed, code !== 0 && failed === 0 ? 1 : failed, skipped];
}

/** Everything that jest printed but its own summary. */
function withoutSummary(output: string): string {
  return output.replace(/^\d+ passed, \d+ failed, \d+ skipped$/m, '').trim();
}

const began = performance.now();
const parts = {
  'scenarios on labs': ['--selectProjects=lab', '--maxWorkers=2', `--testSequencer=${new URL('longest-first.cjs', import.meta.url).pathname}`],
  'all other tests': ['--selectProjects=unit', '--maxWorkers=1'],
};
const outcomes = await Promise.all(
  Object.entries(parts).map(async ([name, args]) => {
    const outcome = await run(args);
    process.stdout.write(`\n── ${name} ──\n${withoutSummary(outcome.output)}\n`);
    return outcome;
  }),
);
const [passed, failed, skipped] = outcomes.map(countsOf).reduce((sum, counts) => [sum[0] + counts[0], sum[1] + counts[1], sum[2] + counts[2]] as [number, number, number]);
process.stdout.write(`\nAll tests took ${Math.round((performance.now() - began) / 1_000)} s.\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 && outcomes.every(({ code }) => code === 0) ? 0 : 1;
