/** The commands against a real Temporal server and the real workflows; the activities are scripted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { runCommandLine } from '../../src/cli/run.ts';
import { fakeTerminal } from './support/fake-terminal.ts';
import type { FakeTerminal } from './support/fake-terminal.ts';
import { planOf, ScriptedActivities } from './support/scripted-activities.ts';
import { startServer } from './support/temporal.ts';
import type { DevServer, RunningWorker } from './support/temporal.ts';

jest.setTimeout(60_000);

const taskQueue = 'cli-test';
const hash = planOf('any', []).hash;

let server: DevServer;
let worker: RunningWorker;
let directory: string;
const scripted = new ScriptedActivities();
let number = 0;
let cluster: string;
let id: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cli-test-'));
  server = await startServer();
  worker = await server.startWorker(scripted, taskQueue);
});

afterAll(async () => {
  await worker.stop();
  await server.stop();
  rmSync(directory, { recursive: true });
});

beforeEach(() => {
  number += 1;
  cluster = `store-${number}`;
  id = `upgradeCluster/${cluster}`;
  scripted.reset();
});

type Ran = FakeTerminal & { code: number };

async function cli(words: string[], { person, ...terminalOptions }: { answers?: string[]; signal?: AbortSignal; canRedraw?: boolean; person?: string } = {}): Promise<Ran> {
  const terminal = fakeTerminal(terminalOptions);
  const environment = { TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml', TEMPORAL_ADDRESS: server.address, TIDB_RUNBOOKS_TASK_QUEUE: taskQueue, ...(person ? { TIDB_RUNBOOKS_PERSON: person } : {}) };
  const code = await runCommandLine({ words, environment, version: '0' }, terminal);
  return Object.assign(terminal, { code });
}

const start = async (...more: string[]): Promise<Ran> => cli(['start', 'upgrade', cluster, '--version', 'v8.5.4', '--requested-by', 'alice', ...more]);
const json = ({ out }: Ran): unknown => JSON.parse(out);

/** Waits on the real server, not on a clock: the query is cheap. */
async function untilPhase(phase: string): Promise<void> {
  for (;;) {
    const ran = await cli(['status', id, '-o', 'json']);
    if ((json(ran) as { phase: string }).phase === phase) return;
  }
}

describe('start', () => {
  test('shows the plan gate with the exact command', async () => {
    const { code, out, told } = await start();
    expect(code).toBe(0);
    expect(told).toEqual([`Started ${id}`]);
    expect(out).toContain(`${id}  awaiting-approval`);
    expect(out).toContain(`tidb-runbook approve ${id} --by <you> --gate plan --plan-hash ${hash}`);
    expect(out).toContain(`Follow it: tidb-runbook watch ${id}`);
    await cli(['abort', id, '--by', 'bob']);
  });

  test('answers in JSON with the status', async () => {
    expect(json(await start('-o', 'json'))).toMatchObject({ workflowId: id, phase: 'awaiting-approval', requestedBy: 'alice', gate: { id: 'plan' } });
    await cli(['abort', id, '--by', 'bob']);
  });

  test('takes an input file; flags stand above it', async () => {
    const file = join(directory, 'input.json');
    writeFileSync(file, JSON.stringify({ cluster, version: 'v9.9.9', gates: 'none', requestedBy: 'carol', approvers: ['bob'] }));
    const { code } = await cli(['start', 'upgrade', '--input', file, '--version', 'v8.5.4', '--gates', 'plan', '--approver', 'dave', '--approver', 'erin'], { person: 'somebody' });
    expect(code).toBe(0);
    const { events } = await server.env.client.workflow.getHandle(id).fetchHistory();
    const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(payload ?? []).toString())).toEqual({ cluster, version: 'v8.5.4', gates: 'plan', requestedBy: 'carol', approvers: ['dave', 'erin'] });
    await cli(['abort', id, '--by', 'bob']);
  });

  test.each([
    ['no.json', undefined, 3, 'cannot be read (ENOENT)'],
    ['broken.json', '{', 2, 'is not JSON'],
    ['list.json', '[]', 2, 'does not hold one JSON object'],
    ['typo.json', '{"cluster":"a","version":"v1.2.3","versoin":"x"}', 2, 'versoin: no such field'],
    ['empty.json', '{}', 2, 'cluster: needs the name of the TiDB cluster'],
  ])('refuses the input file %s', async (name, content, exitCode, sentence) => {
    const file = join(directory, name);
    if (content !== undefined) writeFileSync(file, content);
    const { code, told } = await cli(['start', 'upgrade', '--input', file]);
    expect(code).toBe(exitCode);
    expect(told[0]).toContain(sentence);
  });

  test('says at once why a run cannot begin', async () => {
    scripted.planFailure = ApplicationFailure.nonRetryable(`There is no TiDB cluster "${cluster}" in the inventory`, 'NotFound');
    const { code, out } = await start();
    expect(code).toBe(5);
    expect(out).toContain(`There is no TiDB cluster "${cluster}" in the inventory`);
  });

  test('refuses a second run of the same id', async () => {
    await start();
    const second = await start();
    expect(second.code).toBe(4);
    expect(second.told[0]).toContain(`${id} is open already`);
    await cli(['abort', id, '--by', 'bob']);
  });

  test('with --wait follows the run and ends as it ends', async () => {
    const { code, out } = await start('--wait', '--gates', 'none');
    expect(code).toBe(0);
    expect(out).toContain('tikv/east  done  the proof held twice');
    expect(out).toContain('What remains\n  - The lock is free.');
  });
});

describe('approve', () => {
  beforeEach(async () => {
    await start();
  });
  afterEach(async () => {
    await cli(['abort', id, '--by', 'bob']);
  });

  test('shows the plan and asks; y approves exactly that plan', async () => {
    const { code, out, told, questions } = await cli(['approve', id, '--by', 'bob'], { answers: ['y'] });
    expect(code).toBe(0);
    expect(told.join('\n')).toContain('TiDB has no downgrade');
    expect(questions).toEqual(['Approve plan? [y/N] ']);
    expect(out).toContain('bob approved');
  });

  test('anything but yes decides nothing', async () => {
    const { code, told } = await cli(['approve', id, '--by', 'bob'], { answers: ['maybe'] });
    expect(code).toBe(4);
    expect(told.at(-1)).toBe('tidb-runbook: Nothing was decided');
    expect(json(await cli(['status', id, '-o', 'json']))).toMatchObject({ phase: 'awaiting-approval' });
  });

  test.each([[['--yes']], [[]], [['--gate', 'plan']], [['--gate', 'plan', '--yes']]])('without a terminal and with %j the plan needs its hash', async (flags) => {
    const { code, told } = await cli(['approve', id, '--by', 'bob', ...flags]);
    expect(code).toBe(2);
    expect(told[0]).toContain('add --plan-hash <hash>');
    expect(told[0]).not.toContain(hash);
  });

  test('--yes on a terminal does not approve an unread plan either', async () => {
    const { code, questions } = await cli(['approve', id, '--by', 'bob', '--yes'], { answers: ['y'] });
    expect(code).toBe(2);
    expect(questions).toEqual([]);
  });

  test('by its hash needs no question', async () => {
    expect(await cli(['approve', id, '--by', 'bob', '--plan-hash', hash])).toMatchObject({ code: 0 });
  });

  test('of another plan, by the one who asked, or by nobody is refused', async () => {
    expect(await cli(['approve', id, '--by', 'bob', '--plan-hash', 'abc'])).toMatchObject({ code: 4, told: [expect.stringContaining('abc')] });
    expect(await cli(['approve', id, '--by', 'alice', '--plan-hash', hash])).toMatchObject({ code: 4, told: [expect.stringContaining('alice asked for this run')] });
    expect(await cli(['approve', id, '--plan-hash', hash])).toMatchObject({ code: 2, told: [expect.stringContaining('Say who decides')] });
  });

  test('takes the person from the environment', async () => {
    expect(json(await cli(['approve', id, '--plan-hash', hash, '-o', 'json'], { person: 'bob' }))).toMatchObject({ decision: 'approve', by: 'bob', gate: 'plan', planHash: hash, message: expect.stringContaining('bob') });
  });

  test('of a gate that is not open names the one that is', async () => {
    expect(await cli(['approve', id, '--by', 'bob', '--gate', 'component/tikv'])).toMatchObject({ code: 4, told: [expect.stringContaining('component/tikv')] });
  });
});

describe('approve, after the plan,', () => {
  test('needs a gate or --yes without a terminal', async () => {
    await start('--gates', 'component');
    await cli(['approve', id, '--by', 'bob', '--plan-hash', hash]);
    await untilGate('component/pd');
    expect(await cli(['approve', id, '--by', 'bob'])).toMatchObject({ code: 2, told: [expect.stringContaining('--gate component/pd')] });
    expect(await cli(['approve', id, '--by', 'bob', '--yes'])).toMatchObject({ code: 0 });
    await untilGate('component/tikv');
    expect(await cli(['approve', id, '--by', 'bob', '--gate', 'component/tikv'])).toMatchObject({ code: 0 });
    await untilPhase('done');
    expect(await cli(['approve', id, '--by', 'bob'])).toMatchObject({ code: 4, told: [expect.stringContaining(`No gate of ${id} is open: it is done`)] });
  });
});

async function untilGate(gate: string): Promise<void> {
  for (;;) {
    const status = json(await cli(['status', id, '-o', 'json'])) as { gate?: { id: string } };
    if (status.gate?.id === gate) return;
  }
}

describe('decisions', () => {
  test('reject ends the run as aborted, and watch says so by its exit code', async () => {
    await start();
    expect(await cli(['reject', id, '--by', 'bob', '--reason', 'wrong week'])).toMatchObject({ code: 0, out: expect.stringContaining('wrong week') });
    const { code, out } = await cli(['watch', id]);
    expect(code).toBe(6);
    expect(out).toContain('bob: reject plan: wrong week');
  });

  test('retry and skip find the held step by themselves', async () => {
    const reason = { key: 'drift', message: 'spec.tikv.replicas was changed', clears: 'decision' as const };
    scripted.waits.set('pd/east', { held: [reason] });
    scripted.waits.set('tikv/east', { held: [{ ...reason, key: 'other' }] });
    await start('--gates', 'none');
    await untilPhase('held');
    expect((await cli(['status', id])).out).toContain(`tidb-runbook retry ${id} --by <you> --step pd/east`);
    expect(json(await cli(['retry', id, '--by', 'bob', '-o', 'json']))).toMatchObject({ decision: 'retry', step: 'pd/east' });
    await untilHeldAt('tikv/east');
    expect(json(await cli(['skip', id, '--by', 'bob', '--reason', 'no TiKV here', '-o', 'json']))).toMatchObject({ decision: 'skip', step: 'tikv/east' });
    await untilPhase('done');
    expect((await cli(['report', id])).out).toContain('bob: skip tikv/east: no TiKV here');
  });

  test('pause and resume', async () => {
    await start();
    expect(await cli(['pause', id, '--by', 'bob'])).toMatchObject({ code: 0 });
    await untilPhase('paused');
    expect((await cli(['status', id])).out).toContain('Paused by bob until somebody says resume');
    expect(await cli(['pause', id, '--by', 'bob'])).toMatchObject({ code: 4 });
    expect(await cli(['resume', id, '--by', 'bob'])).toMatchObject({ code: 0 });
    expect(await cli(['abort', id, '--by', 'bob'])).toMatchObject({ code: 0 });
  });

  test('can be sent by the plain Temporal client as well', async () => {
    await start();
    await server.env.client.workflow.getHandle(id).signal('approve', { by: 'bob', gate: 'plan', planHash: hash });
    await untilPhase('done');
  });
});

async function untilHeldAt(step: string): Promise<void> {
  for (;;) {
    const status = json(await cli(['status', id, '-o', 'json'])) as { hold?: { step?: string } };
    if (status.hold?.step === step) return;
  }
}

describe('watch', () => {
  test('in JSON is one document per line, the report last', async () => {
    await start('--gates', 'none');
    const { code, out } = await cli(['watch', id, '-o', 'json']);
    expect(code).toBe(0);
    const lines = out.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ kind: 'run', state: expect.any(String), at: expect.any(String) });
    expect(lines.at(-1)).toMatchObject({ report: { phase: 'done' } });
  });

  test('is ended by Ctrl-C, and the run goes on', async () => {
    await start();
    const { code, told } = await cli(['watch', id], { signal: AbortSignal.timeout(50) });
    expect(code).toBe(130);
    expect(told.at(-1)).toContain(`The run ${id} goes on`);
    await cli(['abort', id, '--by', 'bob']);
  });

  test('on a terminal draws in place, gives the terminal back, and prints the report', async () => {
    await start('--gates', 'none');
    await untilPhase('done');
    const { out } = await cli(['watch', id], { canRedraw: true });
    const [before, after = ''] = out.split('\u001b[?1049l');
    expect(before).toContain('\u001b[?1049h');
    expect(before).toContain(`${id}  done`);
    expect(after).toContain('What remains');
  });

  test('of a run that does not exist is not found', async () => {
    expect(await cli(['watch', 'nothing'])).toMatchObject({ code: 3, told: [expect.stringContaining('There is no run "nothing"')] });
  });
});

describe('the rest', () => {
  test('plan shows what would be done and starts nothing', async () => {
    const { code, out } = await cli(['plan', 'upgrade', cluster, '--version', 'v8.5.4']);
    expect(code).toBe(0);
    expect(out).toContain('2  TiKV in east: v8.5.3 → v8.5.4');
    expect(await cli(['status', id])).toMatchObject({ code: 3 });
    expect(json(await cli(['plan', 'upgrade', cluster, '--version', 'v8.5.4', '-o', 'json']))).toMatchObject({ hash });
  });

  test('a plan that is refused ends with the sentence of the planner', async () => {
    scripted.planFailure = ApplicationFailure.nonRetryable('TidbCluster shop/shop-east is paused', 'Unsupported');
    expect(await cli(['plan', 'upgrade', cluster, '--version', 'v8.5.4'])).toMatchObject({ code: 5, told: ['tidb-runbook: TidbCluster shop/shop-east is paused'] });
  });

  test('list shows runs of a TiDB cluster', async () => {
    await start();
    await eventuallyListed(['list', '--cluster', cluster, '--open', '--phase', 'awaiting-approval', '-o', 'json']);
    expect((await cli(['list', '--cluster', cluster])).out).toContain('alice');
    await cli(['abort', id, '--by', 'bob']);
  });

  test('doctor puts all findings together; a problem is exit code 8', async () => {
    const well = await cli(['doctor']);
    expect(well).toMatchObject({ code: 0, out: expect.stringContaining('All is well.') });
    expect(well.out).toContain('answers on task queue cli-test (worker-of-the-test)');
    scripted.checks = [{ subject: 'west', ok: false, message: 'credentials expired' }];
    expect(await cli(['doctor', cluster])).toMatchObject({ code: 8, out: expect.stringMatching(/FAIL +west +credentials expired/) });
    expect(json(await cli(['doctor', '-o', 'json']))).toMatchObject({ ok: false, checks: expect.arrayContaining([{ subject: 'west', ok: false, message: 'credentials expired' }]) });
  });
});

describe('check', () => {
  test('says that nothing was found, and is done as asked', async () => {
    expect(await cli(['check', cluster])).toMatchObject({ code: 0, out: expect.stringContaining('nothing found at 2026-03-01T12:00:00.000Z.') });
  });

  test('shows what was found, the same as JSON; only what is critical is exit code 9', async () => {
    scripted.findings = [{ severity: 'warning', key: 'evicting/7', message: 'an evict-leader-scheduler stands in PD for store 7' }];
    expect(await cli(['check', cluster])).toMatchObject({ code: 0, out: expect.stringMatching(/warning +an evict-leader-scheduler/) });
    scripted.findings = [{ severity: 'critical', key: 'pd-no-leader', message: 'PD has no leader' }, ...scripted.findings];
    const found = await cli(['check', cluster]);
    expect(found).toMatchObject({ code: 9, out: expect.stringMatching(/critical +PD has no leader\nwarning/) });
    expect(found.out).toContain('1 critical, 1 warning.');
    expect(json(await cli(['check', cluster, '-o', 'json']))).toMatchObject({ cluster, findings: scripted.findings });
  });

  test('the run itself fails when something is critical, so that a Schedule shows it', async () => {
    scripted.findings = [{ severity: 'critical', key: 'pd-no-leader', message: 'PD has no leader' }];
    const failure = await server.env.client.workflow.execute('checkCluster', { taskQueue, workflowId: 'nightly-check', args: [{ cluster }] }).catch((error: unknown) => (error as { cause: unknown }).cause);
    expect(failure).toMatchObject({ type: 'Critical', message: `TiDB cluster ${cluster}: 1 findings`, details: [{ findings: scripted.findings }] });
  });

  test('a wrong input fails with a sentence', async () => {
    const failure = await server.env.client.workflow.execute('checkCluster', { taskQueue, workflowId: 'wrong-check', args: [{ clustre: 'shop' }] }).catch((error: unknown) => (error as { cause: unknown }).cause);
    expect(failure).toMatchObject({ type: 'InvalidInput', message: 'The input of checkCluster cannot be used: cluster: needs the name of the TiDB cluster in the inventory, e.g. "shop"; clustre: no such field' });
  });
});

async function eventuallyListed(words: string[]): Promise<void> {
  for (;;) {
    const runs = json(await cli(words)) as { workflowId: string }[];
    if (runs.some(({ workflowId }) => workflowId === id)) return;
  }
}
