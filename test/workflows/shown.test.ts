/** What Temporal's lists and pages show of a run. */
import type { temporal } from '@temporalio/proto';
import { planning, planHash, reason } from './script.ts';
import { eventually, Stage } from './stage.ts';
import type { Play } from './stage.ts';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

const currentDetails = async ({ handle }: Play): Promise<string> => {
  const metadata = await handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
};

test('current details give the gate, the plan and the exact commands to approve', async () => {
  const play = await stage.play(planning('pd/east!', 'tikv/west'), { gates: 'plan' });
  await play.untilPhase('awaiting-approval');
  const id = play.handle.workflowId;
  expect(await currentDetails(play)).toBe(
    [
      '**awaiting-approval** — 2 steps to v2. Carry out this plan (0123456789ab)?',
      '### Approval needed: plan',
      '2 steps to v2. Carry out this plan (0123456789ab)?',
      [
        '```',
        `tidb-runbook approve ${id} --by <you> --gate plan --plan-hash ${planHash}`,
        `temporal workflow signal --namespace default --workflow-id '${id}' \\`,
        `  --name approve --input '{"by":"<you>","gate":"plan","planHash":"${planHash}"}'`,
        '```',
      ].join('\n'),
      '2 steps to v2 (plan `0123456789ab`)',
      [
        '| # | step | state | last word |',
        '| --- | --- | --- | --- |',
        '| 1 | pd in east: v1 → v2 | pending |  |',
        '| 2 | tikv in west: v1 → v2 | pending |  |',
      ].join('\n'),
      '- There is no way back',
    ].join('\n\n'),
  );
  await play.approvePlan();
  await play.report();
  expect(await currentDetails(play)).toMatch(/^\*\*done\*\* — Finished: .*### What remains\n\n- The lock is free$/s);
});

test('the commands that current details show do what they say', async () => {
  const play = await stage.play(planning('pd/east'), { gates: 'plan' });
  await play.untilPhase('awaiting-approval');
  const [, input = ''] = /--input '(.*)'/.exec(await currentDetails(play)) ?? [];
  await play.signal('approve', JSON.parse(input.replace('<you>', 'alice')));
  expect((await play.report()).decisions).toMatchObject([{ by: 'alice', gate: 'plan' }]);
});

test('current details give the reasons of a hold, in lines and cells that no text can break', async () => {
  const nasty = { key: 'x', message: 'pod | has\n# logs', clears: 'decision' as const };
  const play = await stage.play({ ...planning('pd/east'), applyStep: () => ({ outcome: 'held', reasons: [nasty, reason('b')] }) });
  await play.untilPhase('held');
  const details = await currentDetails(play);
  expect(details).toMatch(/### Holds since \d{4}-.*Z\n\n- pod \| has # logs \*\(needs a decision\)\*\n- Reason b\n\n```\ntidb-runbook retry upgradeCluster\/shop-\d+ --by <you> --step pd\/east\n/);
  expect(details).toContain('| 1 | pd in east: v1 → v2 | held | pod \\| has # logs; Reason b |');
  await play.decide('abort');
  await play.report();
});

test('search attributes follow the run and are written only when they change', async () => {
  const play = await stage.play(planning('pd/east', 'pd/west'), { gates: 'plan', requestedBy: 'bob' });
  await play.untilPhase('awaiting-approval');
  const waiting = `TidbCluster = 'shop' AND RunbookPhase = 'awaiting-approval' AND AwaitingApproval = true AND RequestedBy = 'bob'`;
  await eventually(async () => (await stage.env.client.workflow.count(waiting)).count, (count) => count === 1);
  await play.approvePlan();
  await play.report();
  const { events } = await play.handle.fetchHistory();
  const upserts = (events ?? []).flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => (upsert ? [Object.keys(upsert.searchAttributes?.indexedFields ?? {}).sort()] : []));
  expect(upserts).toEqual([['AwaitingApproval', 'RequestedBy', 'RunbookPhase', 'TidbCluster'], ['RunbookPhase'], ['AwaitingApproval', 'RunbookPhase'], ['AwaitingApproval', 'RunbookPhase'], ['RunbookPhase']]);
});

test('names far too long for Temporal do not park the run', async () => {
  const long = 'ñ'.repeat(400);
  const play = await stage.play({ ...planning(`${'ö'.repeat(300)}/east`) }, { cluster: long });
  expect((await play.report()).cluster).toBe(long);
});

test('every activity of a step carries its title as summary', async () => {
  const play = await stage.play(planning('pd/east'));
  await play.report();
  const { events } = await play.handle.fetchHistory();
  const summaries = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) => (scheduled ? [String(JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString() || '""'))] : []));
  expect(summaries).toEqual(['plan for shop', 'lock of shop', 'pd in east: v1 → v2', 'pd in east: v1 → v2', 'clean up shop']);
});

test.each([
  ['of a worker with few is missed after ten seconds', {}, [10, 10]],
  ['of a worker with very many after a minute', { crowded: true as const }, [10, 60]],
])('the wait %s', async (_what, word, seconds) => {
  const play = await stage.play({ ...planning('pd/east'), applyStep: () => ({ outcome: 'applied', message: 'version set', ...word }) });
  await play.report();
  const { events } = await play.handle.fetchHistory();
  const timeouts = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => (['applyStep', 'waitStep'].includes(scheduled?.activityType?.name ?? '') ? [Number(scheduled?.heartbeatTimeout?.seconds)] : []));
  expect(timeouts).toEqual(seconds);
});

test('people see in the dialogs what a decision takes', async () => {
  const play = await stage.play(planning('pd/east'));
  const metadata = await play.handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  expect(metadata.definition?.signalDefinitions?.map(({ name }) => name).sort()).toEqual(['abort', 'approve', 'pause', 'reject', 'resume', 'retry', 'skip']);
  expect(metadata.definition?.updateDefinitions?.[0]).toMatchObject({ name: 'decide', description: expect.stringContaining('refused at once') });
  await play.report();
});
