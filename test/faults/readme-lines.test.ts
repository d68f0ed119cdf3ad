/** The command lines of README.md and docs/production.md, word for word, with the real `temporal` CLI and our own, on a TiDB cluster in the lab. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStatus, StepState } from '../../src/protocol/run.ts';
import { defaultTaskQueue } from '../../src/protocol/run.ts';
import { node, root } from './ground/processes.ts';
import { temporalCli } from '../temporal/lasting-server.ts';
import { Scenario, to } from './scenario.ts';

jest.setTimeout(120_000);

/** Stands in README.md for the hash of the plan. */
const hashInReadme = '1f3a90bc27de';
const run = 'upgradeCluster/shop';
/** `tidb-runbook` ends with it when the run was aborted. */
const abortedCode = 6;

const linesIn = (document: string): string[] =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/^ *```sh\n(.*?)^ *```/gms)].flatMap(([, block = '']) => block.split('\n')).filter((line) => /^(temporal|tidb-runbook) /.test(line));

const lines = [...linesIn('README.md'), ...linesIn('docs/production.md')];
const unused = new Set(lines);

let scenario: Scenario;
let programs: string;
afterAll(() => scenario.end());

beforeAll(async () => {
  scenario = await Scenario.begin('shop');
  programs = join(scenario.places.directory, 'readme-bin');
  mkdirSync(programs);
  for (const [name, call] of [['temporal', await temporalCli()], ['tidb-runbook', `${node} ${root}src/cli/main.ts`]] as const) {
    writeFileSync(join(programs, name), `#!/bin/sh\nexec ${call} "$@"\n`);
    chmodSync(join(programs, name), 0o755);
  }
  await scenario.worker({ TIDB_RUNBOOKS_TASK_QUEUE: defaultTaskQueue });
});

/** Runs the one line that begins with `words`, or with `words … more`, and returns what it printed. */
async function type(words: string, { more = '', planHash = hashInReadme, code = 0 } = {}): Promise<string> {
  const [line, ...others] = lines.filter((each) => each.startsWith(words) && each.includes(more));
  if (line === undefined || others.length > 0) throw new Error(`${others.length + (line ? 1 : 0)} lines begin with "${words}" and contain "${more}"`);
  unused.delete(line);
  const environment = { ...scenario.environment, TIDB_RUNBOOKS_TASK_QUEUE: defaultTaskQueue, PATH: `${programs}:${process.env['PATH'] ?? ''}` };
  const child = spawn('sh', ['-c', line.replace(hashInReadme, planHash)], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  const [ended] = (await once(child, 'close')) as unknown[];
  if (ended !== code) throw new Error(`${line} ended with ${String(ended)}, not ${code}: ${said}`);
  return said;
}

const signal = (name: string, more = ''): Promise<string> => type(`temporal workflow signal --workflow-id ${run} --name ${name} `, { more });
const handle = (): ReturnType<typeof scenario.client.workflow.getHandle> => scenario.client.workflow.getHandle(run);
const until = (holds: (status: RunStatus) => boolean): Promise<RunStatus> => scenario.until(handle(), holds);
const decided = (...names: string[]): Promise<RunStatus> => until(({ decisions }) => decisions.map(({ decision }) => decision).join() === names.join());
const atGate = async (): Promise<string> => (await until(({ gate }) => gate?.id === 'plan')).planHash ?? '';
const isPaused = async (): Promise<boolean> => Boolean((await scenario.tidbCluster('east'))['spec'] && ((await scenario.tidbCluster('east'))['spec'] as { paused?: boolean }).paused);
const stateOf = ({ steps }: RunStatus, id: string): StepState | undefined => steps.find((step) => step.id === id)?.state;

test('a plan changes nothing', async () => {
  expect(await type('tidb-runbook doctor')).toMatch(/note +exitCluster of shop +may (not )?delete the TidbCluster[^]*note +migrateCluster of shop +may not read backups/);
  expect(await type('temporal workflow execute')).toContain('"mode":"plan"');
  expect(await type('tidb-runbook plan')).toContain(to);
  expect((await scenario.tidbCluster('east'))['spec']).toMatchObject({ version: 'v8.5.3' });
});

test('every decision on a step that holds takes effect', async () => {
  const mend = await scenario.fault({ kind: 'image-not-pullable', image: `pd:${to}`, scope: { database: 'shop' } });
  await type('temporal workflow start');
  const planHash = await atGate();
  expect(await type(`temporal workflow query --workflow-id ${run} --name status`)).toContain('awaiting-approval');
  expect(await type(`temporal workflow query --workflow-id ${run} --name plan`)).toContain(planHash);
  expect(await type('temporal workflow update execute', { planHash })).toContain('bob approved plan');
  await scenario.untilHeld(handle(), /cannot pull its image/);
  for (const query of ['TidbCluster="shop" AND', 'AwaitingApproval=true OR RunbookPhase="held"\'']) {
    await scenario.eventually(`${query} finds the run`, async () => (await type(`temporal workflow list --query '${query}`)).includes(run));
  }
  await type('temporal workflow list --query \'ExecutionStatus="Running" AND (');
  await signal('pause', '{"by":"bob"}');
  await decided('approve', 'pause');
  await signal('resume');
  await decided('approve', 'pause', 'resume');
  await signal('pause', '"hard":true');
  await scenario.eventually('the brake is set', isPaused);
  await signal('resume');
  await scenario.eventually('the brake is released', async () => !(await isPaused()));
  await scenario.untilHeld(handle(), /cannot pull its image/);
  await signal('retry');
  await decided('approve', 'pause', 'resume', 'pause', 'resume', 'retry');
  await signal('skip');
  await until((status) => stateOf(status, 'pd/east') === 'skipped');
  await signal('abort');
  expect(await type('temporal workflow result')).toContain('bob aborted the run: the window is over');
  expect(await type(`temporal workflow query --workflow-id ${run} --name report`)).toContain('"phase":"aborted"');
  expect((await handle().query<RunStatus>('report')).ignoredDecisions).toEqual([]);
  await mend();
});

test('a plan can be approved by a signal, and the rest be done with our own command line', async () => {
  await type('temporal workflow start');
  await type(`temporal workflow signal --workflow-id ${run} --name approve `, { planHash: await atGate() });
  await decided('approve');
  await type('tidb-runbook pause');
  expect(await type('tidb-runbook status')).toContain('paused');
  await type('tidb-runbook resume');
  await type('tidb-runbook abort');
  expect(await type('tidb-runbook watch', { code: abortedCode })).toContain('aborted');
  expect(await type('tidb-runbook report')).toContain('bob aborted the run');
  await scenario.eventually('the list shows the end', async () => (await type('tidb-runbook list')).includes('aborted'));
});

test('a run of our own command line is approved by its hash, and one can be rejected', async () => {
  await type('tidb-runbook start');
  expect(await type('tidb-runbook approve', { planHash: await atGate() })).toContain('bob approved plan');
  await scenario.decide(handle(), { decision: 'abort', by: 'bob' });
  await handle().result();
  await type('temporal workflow start');
  await atGate();
  await signal('reject');
  expect(await handle().result()).toMatchObject({ phase: 'aborted', message: 'bob rejected plan: not on a Friday' });
});

test('search attributes can be registered again without harm', async () => {
  await type('temporal operator search-attribute create', { more: 'Keyword' });
  await type('temporal operator search-attribute create', { more: 'Bool' });
});

test('no line was left out', () => {
  expect([...unused]).toEqual([]);
});
