/** What the command line says without any server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { exitCodeOf, exitCodes } from '../../src/cli/exit-codes.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { DecisionRefused, RunFailed } from '../../src/client/failures.ts';
import { RunbookError } from '../../src/errors.ts';
import { fakeTerminal } from './support/fake-terminal.ts';
import type { FakeTerminal } from './support/fake-terminal.ts';

/** Connecting is given up after five seconds. */
jest.setTimeout(30_000);

/** Nothing listens there. */
const nowhere = { TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml', TEMPORAL_ADDRESS: '127.0.0.1:1' };

async function run(words: string[], environment: Record<string, string> = nowhere): Promise<FakeTerminal & { code: number }> {
  const terminal = fakeTerminal();
  const code = await runCommandLine({ words, environment, version: '1.2.3' }, terminal);
  return Object.assign(terminal, { code });
}

test('--help shows examples and every exit code', async () => {
  const { code, out } = await run(['--help']);
  expect(code).toBe(0);
  for (const [number, meaning] of Object.entries(exitCodes)) expect(out).toContain(`${number}  ${meaning}`);
  expect(out).toContain('tidb-runbook start upgrade shop --version v8.5.4');
});

test.each(['doctor', 'check', 'status', 'watch', 'approve', 'reject', 'pause', 'resume', 'retry', 'skip', 'abort', 'report', 'list', 'plan upgrade', 'start upgrade', 'plan exit', 'start exit'])('%s explains itself and can answer in JSON', async (command) => {
  const { code, out } = await run([...command.split(' '), '--help']);
  expect(code).toBe(0);
  expect(out).toContain('--output <format>');
});

test('-V is the version of the program, --version that of TiDB', async () => {
  expect(await run(['-V'])).toMatchObject({ code: 0, out: '1.2.3\n' });
  expect((await run(['start', 'upgrade', '--help'])).out).toMatch(/--version <version> +the version to run/);
});

test.each([
  [['foo'], "unknown command 'foo'"],
  [['status'], "missing required argument 'run'"],
  [['status', 'shop', '--loud'], "unknown option '--loud'"],
  [['list', '--phase', 'asleep'], "argument 'asleep' is invalid"],
  [['list', '--limit', 'all'], 'It must be a whole number above 0'],
  [['skip', 'shop', '--by', 'bob'], "required option '--reason <text>' not specified"],
  [['status', 'shop', '-o', 'yaml'], 'Allowed choices are text, json'],
  [['plan', 'downgrade', 'shop'], "unknown command 'downgrade'"],
])('%j is wrong usage: one sentence and exit code 2', async (words, sentence) => {
  const { code, told, out } = await run(words);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(sentence);
});

test('a command without its sub-command shows the help, and is wrong usage', async () => {
  const { code, told } = await run(['plan']);
  expect(code).toBe(2);
  expect(told.join('\n')).toContain('upgrade');
});

test('an unreachable Temporal is one sentence and exit code 7', async () => {
  const { code, told } = await run(['list']);
  expect(code).toBe(7);
  expect(told).toEqual([expect.stringContaining('tidb-runbook: Temporal at 127.0.0.1:1 does not answer')]);
});

test('with --output json an error is a document on standard output as well', async () => {
  const { code, out } = await run(['list', '--output', 'json', '--phase', 'asleep']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toEqual({ error: { type: 'InvalidInput', message: expect.stringContaining("argument 'asleep' is invalid") } });
});

test('a wrong environment is wrong input', async () => {
  const { code, told } = await run(['list'], { ...nowhere, TIDB_RUNBOOKS_UI_URL: 'nonsense' });
  expect(code).toBe(2);
  expect(told[0]).toContain('TIDB_RUNBOOKS_UI_URL');
});

test('TIDB_RUNBOOKS_DEBUG adds the stack', async () => {
  expect((await run(['list', '--limit', '0'])).told).toHaveLength(1);
  const { told } = await run(['list', '--limit', '0'], { ...nowhere, TIDB_RUNBOOKS_DEBUG: '1' });
  expect(told[1]).toMatch(/at .*run\.ts/);
});

test.each([
  [new Error('x'), 1],
  [new RunbookError('InvalidInput', 'x'), 2],
  [new RunbookError('NotFound', 'x'), 3],
  [new DecisionRefused('x'), 4],
  [new RunbookError('Locked', 'x'), 4],
  [new RunbookError('Unsupported', 'x'), 1],
  [new RunFailed('LockLost', 'x'), 5],
  [new RunFailed('Terminated', 'x'), 5],
  [new RunFailed('NotFound', 'x'), 3],
  [new RunFailed('Cancelled', 'x'), 6],
  [new RunbookError('Unreachable', 'x'), 7],
  ['thrown text', 1],
])('%p ends with exit code %d', (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

test('the program itself runs from the checkout', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['src/cli/main.ts', '--help']);
  expect(stdout).toContain('Usage: tidb-runbook');
});
