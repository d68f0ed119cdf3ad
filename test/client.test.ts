/** The client against a real Temporal server and the real workflows; the activities are scripted. */
import { ApplicationFailure } from '@temporalio/common';
import { RunbookClient } from '../src/client.ts';
import type { LiveStatus, SessionOptions } from '../src/client.ts';
import { startServer } from './cli/support/temporal.ts';
import type { DevServer, RunningWorker } from './cli/support/temporal.ts';
import { planOf, ScriptedActivities } from './cli/support/scripted-activities.ts';

jest.setTimeout(60_000);

const taskQueue = 'client-test';
const hash = planOf('any', []).hash;

let server: DevServer;
let client: RunbookClient;
let worker: RunningWorker | undefined;
let scripted: ScriptedActivities;
let number = 0;
let cluster: string;
let id: string;

const options = (more: Partial<SessionOptions> = {}): SessionOptions => ({ connectionOptions: { address: server.address }, namespace: 'default', taskQueue, ...more });

beforeAll(async () => {
  server = await startServer();
  client = await RunbookClient.connect(options({ uiUrl: 'https://ui.example' }));
  scripted = new ScriptedActivities();
  worker = await server.startWorker(scripted, taskQueue);
});

afterAll(async () => {
  await worker?.stop();
  await client.close();
  await server.stop();
});

beforeEach(() => {
  number += 1;
  cluster = `shop-${number}`;
  id = `upgradeCluster/${cluster}`;
  scripted.reset();
});

const input = (): { cluster: string; version: string; requestedBy: string } => ({ cluster, version: 'v8.5.4', requestedBy: 'alice' });

async function until(condition: (status: LiveStatus) => boolean, workflowId = id): Promise<LiveStatus> {
  for await (const observation of client.watch(workflowId, { everyMs: 100 })) {
    if ('status' in observation && condition(observation.status)) return observation.status;
  }
  throw new Error(`${workflowId} ended before it came to what was waited for`);
}

const approve = (): Promise<string> => client.decide(id, { decision: 'approve', by: 'bob', gate: 'plan', planHash: hash });
const ended = (status: LiveStatus): boolean => status.execution !== 'RUNNING';

describe('a run', () => {
  test('is started, approved, watched, and leaves its report', async () => {
    const started = await client.start('upgradeCluster', input());
    expect(started).toMatchObject({ workflowId: id, link: `https://ui.example/namespaces/default/workflows/upgradeCluster%2F${cluster}/${started.runId}/user-metadata` });
    await until(({ gate }) => gate?.id === 'plan');
    expect(await approve()).toContain('bob approved');
    expect(await until(ended)).toMatchObject({ phase: 'done', execution: 'COMPLETED', cluster, requestedBy: 'alice' });
    const report = await client.report(id);
    expect(report).toMatchObject({ phase: 'done', plan: { hash }, remains: ['The lock is free.'], decisions: [{ by: 'bob', decision: 'approve' }] });
    expect(await client.result(id, 5_000)).toEqual(report);
  });

  test('carries a summary and links for the UI of Temporal', async () => {
    await client.start('upgradeCluster', input());
    const described = await server.env.client.workflow.getHandle(id).describe();
    expect(await described.staticSummary()).toBe(`Upgrade a TiDB cluster: cluster ${cluster}, version v8.5.4, requestedBy alice`);
    expect(await described.staticDetails()).toContain(`https://ui.example/namespaces/default/workflows?query=TidbCluster`);
    await client.decide(id, { decision: 'abort', by: 'bob' });
  });

  test('shows what its activity tells at this moment, and why it is tried again', async () => {
    scripted.waits.set('pd/east', { progress: 'pod 1 of 2 updated' });
    await client.start('upgradeCluster', { ...input(), gates: 'none' });
    expect((await until(({ activity }) => activity?.message !== undefined)).activity).toMatchObject({ name: 'waitStep', attempt: 1, message: 'pod 1 of 2 updated', worker: 'worker-of-the-test' });
    scripted.waits.set('pd/east', { fails: new Error('Kubernetes cluster east does not answer') });
    expect((await until(({ activity }) => activity?.failure !== undefined)).activity).toMatchObject({ failure: 'Kubernetes cluster east does not answer' });
    scripted.waits.set('pd/east', { progress: 'pod 2 of 2 updated' });
    expect((await until(({ activity }) => activity?.message === 'pod 2 of 2 updated')).activity).not.toHaveProperty('failure');
    scripted.waits.clear();
    await until(ended);
  });

  test('excludes a second one with its id, and says so', async () => {
    await client.start('upgradeCluster', input());
    await expect(client.start('upgradeCluster', input())).rejects.toMatchObject({ type: 'Locked', message: expect.stringContaining(`${id} is open already`) });
    await client.start('upgradeCluster', input(), { workflowId: `${id}/second` });
    for (const workflowId of [id, `${id}/second`]) await client.decide(workflowId, { decision: 'abort', by: 'bob' });
  });

  test('is refused before it starts when its input cannot be right', async () => {
    await expect(client.start('upgradeCluster', { ...input(), version: '8.5' })).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('version: "8.5" is not a version') });
    await expect(client.status(id)).rejects.toMatchObject({ type: 'NotFound' });
  });

  test('that failed says why, and its report can be read', async () => {
    scripted.planFailure = ApplicationFailure.nonRetryable(`There is no TiDB cluster "${cluster}" in the inventory`, 'NotFound');
    await client.start('upgradeCluster', input());
    expect(await until(ended)).toMatchObject({ phase: 'failed', execution: 'FAILED', message: `There is no TiDB cluster "${cluster}" in the inventory` });
    await expect(client.result(id, 5_000)).rejects.toMatchObject({ name: 'RunFailed', type: 'NotFound', message: `There is no TiDB cluster "${cluster}" in the inventory` });
    expect(await client.report(id)).toMatchObject({ phase: 'failed', endedAt: expect.any(String) });
  });

  test('that Temporal ended shows its steps, and that nothing was cleaned up', async () => {
    await client.start('upgradeCluster', input());
    await until(({ gate }) => gate !== undefined);
    await server.env.client.workflow.getHandle(id).terminate('by hand');
    const status = await client.status(id);
    expect(status).toMatchObject({ phase: 'failed', execution: 'TERMINATED', message: expect.stringContaining('was terminated (by hand): nothing was cleaned up') });
    expect(status.steps).toHaveLength(2);
    expect(status).not.toHaveProperty('gate');
    expect(await client.list({ cluster })).toMatchObject([{ phase: 'terminated', awaitingApproval: false }]);
  });
});

describe('a plan', () => {
  test('is made while a run of the same TiDB cluster is open, and is not listed as a run', async () => {
    await client.start('upgradeCluster', input());
    expect(await client.plan('upgradeCluster', input())).toMatchObject({ hash, cluster });
    expect((await client.list({ cluster })).map(({ workflowId }) => workflowId)).toEqual([id]);
    await client.decide(id, { decision: 'abort', by: 'bob' });
  });

  test('that cannot be made fails with the reason', async () => {
    scripted.planFailure = ApplicationFailure.nonRetryable('TidbCluster shop/shop-east is paused', 'Unsupported');
    await expect(client.plan('upgradeCluster', input())).rejects.toMatchObject({ type: 'Unsupported', message: 'TidbCluster shop/shop-east is paused' });
  });
});

describe('a decision', () => {
  test('that does not fit is refused with the sentence of the run', async () => {
    await client.start('upgradeCluster', input());
    await until(({ gate }) => gate !== undefined);
    await expect(client.decide(id, { decision: 'approve', by: 'alice', gate: 'plan', planHash: hash })).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('alice asked for this run') });
    await expect(client.decide(id, { decision: 'approve', by: 'bob', gate: 'plan', planHash: 'other' })).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('other') });
    await client.decide(id, { decision: 'abort', by: 'bob' });
  });

  test('that cannot be read is an invalid input', async () => {
    await client.start('upgradeCluster', input());
    await expect(client.decide(id, { decision: 'approve', by: '' })).rejects.toMatchObject({ type: 'InvalidInput' });
    await client.decide(id, { decision: 'abort', by: 'bob' });
  });

  test('after the end is refused', async () => {
    await client.start('upgradeCluster', input());
    await client.decide(id, { decision: 'abort', by: 'bob', reason: 'wrong week' });
    expect(await until(ended)).toMatchObject({ phase: 'aborted' });
    await expect(client.decide(id, { decision: 'pause', by: 'bob' })).rejects.toMatchObject({ type: 'Refused', message: `The run ${id} has ended: nothing can be decided any more` });
  });

  test('about a run that does not exist is not found', async () => {
    await expect(client.decide('upgradeCluster/nowhere', { decision: 'pause', by: 'bob' })).rejects.toMatchObject({ type: 'NotFound', message: expect.stringContaining('no run "upgradeCluster/nowhere" in namespace default') });
  });
});

describe('a name', () => {
  test('is a workflow id, or a TiDB cluster with one open run', async () => {
    await client.start('upgradeCluster', input());
    await eventually(async () => expect(await client.find(cluster)).toBe(id));
    expect(await client.find(id)).toBe(id);
    await client.start('upgradeCluster', input(), { workflowId: `${id}/second` });
    await eventually(async () => expect(client.find(cluster)).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('Several runs are open') }));
    for (const workflowId of [id, `${id}/second`]) await client.decide(workflowId, { decision: 'abort', by: 'bob' });
    await eventually(async () => expect(client.find(cluster)).rejects.toMatchObject({ type: 'NotFound', message: expect.stringMatching(/the last one was upgradeCluster\/.*\(aborted\)/) }));
  });

  test('with quotes in it breaks nothing', async () => {
    await expect(client.find(`sh'op" \\`)).rejects.toMatchObject({ type: 'NotFound' });
  });

  test('of a workflow that is no runbook says so', async () => {
    const workflowId = `doctor-${number}`;
    await server.env.client.workflow.execute('doctor', { taskQueue, workflowId, args: [{}] });
    await server.env.client.workflow.start('doctor', { taskQueue: 'nobody', workflowId, args: [{}] });
    await expect(client.status(workflowId)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('No worker answers on task queue nobody') });
    await server.env.client.workflow.getHandle(workflowId).terminate();
  });
});

describe('the surroundings', () => {
  test('are diagnosed by a worker', async () => {
    expect(await client.diagnose(cluster)).toEqual(scripted.checks);
    expect(await client.workers()).toMatchObject([{ identity: 'worker-of-the-test' }]);
    expect(await client.searchAttributes()).toEqual({ missing: [], wrongType: [] });
  });

  test('without a worker are told within seconds, with the task queue', async () => {
    const lonely = await RunbookClient.connect(options({ taskQueue: 'nobody-here' }));
    const silence = { type: 'Unreachable', message: expect.stringContaining('No worker answers on task queue nobody-here in namespace default: start one') };
    await expect(lonely.diagnose()).rejects.toMatchObject(silence);
    await expect(lonely.plan('upgradeCluster', input())).rejects.toMatchObject(silence);
    await lonely.start('upgradeCluster', input());
    await expect(lonely.status(id)).rejects.toMatchObject(silence);
    await expect(lonely.decide(id, { decision: 'pause', by: 'bob' })).rejects.toMatchObject({ ...silence, message: expect.stringContaining('is not known: look at the status before you decide again') });
    expect(await client.list({ cluster })).toMatchObject([{ phase: 'not begun' }]);
    await lonely.close();
    await server.env.client.workflow.getHandle(id).terminate();
  });

  test('without Temporal are told within seconds, with the address', async () => {
    await expect(RunbookClient.connect(options({ connectionOptions: { address: '127.0.0.1:1' } }))).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('Temporal at 127.0.0.1:1 does not answer') });
  });

  test('in another namespace are not found', async () => {
    const stranger = await RunbookClient.connect(options({ namespace: 'elsewhere' }));
    await expect(stranger.list()).rejects.toMatchObject({ type: 'NotFound', message: expect.stringContaining('has no namespace "elsewhere"') });
    await stranger.close();
  });
});

test('a watch goes on when the worker is away for a while', async () => {
  scripted.waits.set('pd/east', { progress: 'pod 1 of 2 updated' });
  await client.start('upgradeCluster', { ...input(), gates: 'none' });
  const seen: string[] = [];
  for await (const observation of client.watch(id, { everyMs: 100 })) {
    seen.push('trouble' in observation ? 'trouble' : observation.status.phase);
    if (seen.length === 1) {
      await worker?.stop();
      worker = undefined;
    } else if ('trouble' in observation && !worker) {
      scripted.waits.clear();
      worker = await server.startWorker(scripted, taskQueue);
    }
  }
  expect(seen).toContain('trouble');
  expect(seen.at(-1)).toBe('done');
});

test('status and report of a run that has ended need no worker', async () => {
  await client.start('upgradeCluster', { ...input(), gates: 'none' });
  await until(ended);
  await worker?.stop();
  expect(await client.status(id)).toMatchObject({ phase: 'done' });
  expect(await client.report(id)).toMatchObject({ phase: 'done' });
  worker = await server.startWorker(scripted, taskQueue);
});

describe('a server without our search attributes', () => {
  let bare: DevServer;
  let stranger: RunbookClient;
  beforeAll(async () => {
    bare = await startServer({ hasAttributes: false });
    stranger = await RunbookClient.connect(options({ connectionOptions: { address: bare.address } }));
  });
  afterAll(async () => {
    await stranger.close();
    await bare.stop();
  });

  test('is recognised, and the line that mends it is given', async () => {
    const found = await stranger.searchAttributes();
    expect(found.missing).toEqual(['TidbCluster', 'RunbookPhase', 'AwaitingApproval', 'RequestedBy']);
    expect(stranger.searchAttributeCommand(found)).toBe(
      'temporal operator search-attribute create --namespace default --name TidbCluster --name RunbookPhase --name RequestedBy --type Keyword && temporal operator search-attribute create --namespace default --name AwaitingApproval --type Bool',
    );
  });

  test('refuses a run with that line, instead of parking it', async () => {
    await expect(stranger.start('upgradeCluster', input())).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('temporal operator search-attribute create') });
  });

  test('cannot list runs, and says what to do', async () => {
    await expect(stranger.list()).rejects.toMatchObject({ message: expect.stringContaining('temporal operator search-attribute create') });
  });
});

/** Search attributes are visible some milliseconds after they are written. */
async function eventually(assertion: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((settle) => setImmediate(settle));
    }
  }
}
