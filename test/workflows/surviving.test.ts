/** Runs outlive workers, servers and the limits of one history. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WaitResult } from '../../src/protocol/outcome.ts';
import { identity, startDevServer } from '../temporal/dev-server.ts';
import { LastingServer } from '../temporal/lasting-server.ts';
import { planHash, planning, promised, reason, untilCancelled, whileWaiting } from './script.ts';
import { Stage } from './stage.ts';

const done = { outcome: 'done', message: 'proved', proof: {} } as const;

/** Few enough that every run of a few steps continues as new more than once. */
const suggestAtEvents = 25;

test('another worker goes on where one was stopped in the middle of a wait', async () => {
  const stage = await Stage.open();
  const proof = promised<WaitResult>();
  const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: () => whileWaiting(proof.promise) }, { gates: 'plan' });
  await play.approvePlan();
  await play.untilCalled('waitStep');
  await stage.stopWorker();
  await stage.startWorker();
  await play.untilCalled('waitStep', 2);
  expect((await play.status()).decisions).toHaveLength(1);
  proof.keep(done);
  expect(await play.report()).toMatchObject({ phase: 'done', steps: [{ state: 'done' }, { state: 'done' }] });
  expect(play.cast.of('applyStep')).toHaveLength(2);
  await stage.close();
});

test('a run goes on after the Temporal server was killed and started again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tidb-runbooks-test-'));
  const server = await LastingServer.in(directory);
  await server.start();
  const stage = await Stage.open(TestWorkflowEnvironment.createFromExistingServer({ address: server.address, client: { identity } }));
  const play = await stage.play(planning('pd/east', 'pd/west'), { gates: 'component' });
  await play.approvePlan();
  await play.until(({ gate }) => gate?.id === 'component/pd');
  await server.stop('SIGKILL');
  await server.start();
  expect(await play.status()).toMatchObject({ phase: 'awaiting-approval', decisions: [{ gate: 'plan' }] });
  expect(await play.decide('approve', { gate: 'component/pd' })).toBe('alice approved component/pd');
  expect(await play.report()).toMatchObject({ phase: 'done', steps: [{ state: 'done' }, { state: 'done' }] });
  await stage.close();
  await server.stop('SIGKILL');
  await rm(directory, { recursive: true });
}, 90_000);

describe('continue-as-new', () => {
  let stage: Stage;
  beforeAll(async () => (stage = await Stage.open(startDevServer({ settings: [`limit.historyCount.suggestContinueAsNew=${suggestAtEvents}`] }))));
  afterAll(async () => stage.close());

  const runIds = async (workflowId: string): Promise<string[]> => {
    const runs = [];
    for await (const run of stage.env.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run.runId);
    return runs;
  };

  test('carries plan, approvals, results and the identity of the first run', async () => {
    const ids = ['pd/east', 'pd/west', 'tikv/east', 'tikv/west', 'tidb/east', 'tidb/west'];
    const play = await stage.play(planning(...ids), { gates: 'plan', requestedBy: 'bob' });
    await play.signal('aprove', { by: 'eve' });
    await play.approvePlan();
    const report = await play.report();
    expect((await runIds(play.handle.workflowId)).length).toBeGreaterThan(2);
    expect(play.cast.log).toEqual(['makePlan', 'acquireLock', ...ids.flatMap((id) => [`applyStep ${id}`, `waitStep ${id}`]), 'cleanUp']);
    expect(new Set(play.cast.calls.map(({ argument }) => argument.run.runId))).toEqual(new Set([play.handle.firstExecutionRunId]));
    expect(report).toMatchObject({ phase: 'done', requestedBy: 'bob', decisions: [{ gate: 'plan', planHash }], ignoredDecisions: [{ decision: 'aprove' }] });
    expect(report.steps.map(({ proof }) => proof)).toEqual(ids.map((step) => ({ step })));
    const { typedSearchAttributes } = await play.handle.describe();
    const shown = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(shown).toMatchObject({ AwaitingApproval: false, RequestedBy: 'bob', RunbookPhase: 'done', TidbCluster: 'shop' });
  });

  test('carries a pause, accepted reasons and a step that is in the middle of its wait', async () => {
    const proof = promised<WaitResult>();
    const flapping = (number: number): WaitResult => (number % 2 === 1 ? { outcome: 'held', reasons: [reason(`store-down/${number}`)] } : { outcome: 'cleared' });
    const flaps = 12;
    const play = await stage.play({
      ...planning('pd/east', 'pd/west'),
      applyStep: (_, number) => (number === 1 ? { outcome: 'held', reasons: [reason('drift', 'decision')] } : { outcome: 'applied', message: 'set' }),
      waitStep: ({ step }, number) => (step.id === 'pd/west' ? done : number <= flaps ? flapping(number) : whileWaiting(proof.promise)),
    });
    await play.untilPhase('held');
    await play.decide('retry', { step: 'pd/east' });
    await play.untilCalled('waitStep', flaps + 1);
    expect((await runIds(play.handle.workflowId)).length).toBeGreaterThan(1);
    expect(play.cast.of('applyStep')).toHaveLength(2);
    await play.decide('pause');
    proof.keep(done);
    await play.untilPhase('paused');
    expect(play.cast.of('applyStep').map(({ accepted }) => accepted)).toEqual([[], ['drift']]);
    await play.decide('resume');
    expect(await play.report()).toMatchObject({ phase: 'done', decisions: [{ decision: 'retry' }, { decision: 'pause' }, { decision: 'resume' }] });
    expect(play.cast.of('applyStep')[2]?.accepted).toEqual(['drift']);
  });

  test('loses no decision that arrives while a run continues, by signal or by update', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `part${index}/east`);
    const play = await stage.play({ ...planning(...ids), waitStep: ({ step }) => (step.id === 'part11/east' ? untilCancelled() : done) });
    const sent: string[] = [];
    while (play.cast.of('waitStep').length < ids.length) {
      sent.push(`person-${sent.length}`);
      await play.signal('resume', { by: sent.at(-1) });
      expect(await play.decide('resume')).toBe('Refused: The run is not paused, so there is nothing to resume');
    }
    const { ignoredDecisions } = await play.until((status) => status.ignoredDecisions.length >= sent.length);
    expect(ignoredDecisions.map(({ by }) => by)).toEqual(sent);
    expect((await runIds(play.handle.workflowId)).length).toBeGreaterThan(2);
    await play.decide('abort');
    expect((await play.report()).phase).toBe('aborted');
  });

  test('a second argument from a person is not taken for a carried state', async () => {
    const handle = await stage.start('upgradeCluster', 'two-arguments', [{ cluster: 'shop', version: 'v8.5.4' }, { state: {} }]);
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput', message: expect.stringMatching(/^upgradeCluster takes one JSON object, .* and got several arguments$/) } });
  });
});
