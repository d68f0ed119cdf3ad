/** Runs that are open outlive a change of the conductor: every recorded history replays on the workflows as they are now. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import type { ReplayResult } from '@temporalio/worker';
import { quietRuntime } from '../temporal/quiet-runtime.ts';
import { bundleWorkflows } from '../workflows/bundle.ts';

/** All histories in one test, on a busy computer. */
jest.setTimeout(60_000);

interface RecordedHistory {
  events: {
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
    activityTaskCompletedEventAttributes?: { result: { payloads: { data?: string }[] } };
    workflowExecutionSignaledEventAttributes?: { signalName: string };
  }[];
}

const folder = fileURLToPath(new URL('.', import.meta.url));
let workflowBundle: { codePath: string };
let histories: [string, RecordedHistory][];

beforeAll(async () => {
  quietRuntime();
  workflowBundle = await bundleWorkflows();
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  histories = await Promise.all(names.map(async (name): Promise<[string, RecordedHistory]> => [name, JSON.parse(await readFile(`${folder}${name}`, 'utf8')) as RecordedHistory]));
});

async function replay(recorded: [string, RecordedHistory][]): Promise<ReplayResult[]> {
  const iterable = recorded.map(([workflowId, history]) => ({ workflowId, history }));
  const results = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle }, iterable)) results.push(result);
  return results;
}

test('every recorded history replays', async () => {
  expect(histories.length).toBeGreaterThan(10);
  const results = await replay(histories);
  expect(results.map(({ workflowId, error }) => [workflowId, error])).toEqual(histories.map(([name]) => [name, undefined]));
});

/** A straight run with `change` made to a copy of its events. */
async function replayTampered(change: (events: RecordedHistory['events']) => void, recorded = 'straight-run.json'): Promise<ReplayResult | undefined> {
  const [, original] = histories.find(([name]) => name === recorded) ?? [];
  if (!original) throw new Error(`There is no ${recorded}`);
  const copy = structuredClone(original);
  change(copy.events);
  return (await replay([['tampered', copy]]))[0];
}

test('a history in which another activity was called does not replay', async () => {
  const result = await replayTampered((events) => {
    const scheduled = events.map((event) => event.activityTaskScheduledEventAttributes).find((each) => each?.activityType.name === 'applyStep');
    if (scheduled) scheduled.activityType.name = 'waitStep';
  });
  expect(result?.error).toBeInstanceOf(DeterminismViolationError);
});

test('a history in which steps were applied without the approval of their gate does not replay', async () => {
  const result = await replayTampered((events) => {
    for (const { workflowExecutionSignaledEventAttributes: signal } of events) if (signal) signal.signalName = 'resume';
  });
  expect(result?.error).toBeInstanceOf(DeterminismViolationError);
});

test('a history in which a TidbCluster was deleted without the approval of the gate before it does not replay', async () => {
  const result = await replayTampered((events) => {
    for (const { workflowExecutionSignaledEventAttributes: signal } of events) if (signal) signal.signalName = 'resume';
  }, 'exit-straight.json');
  expect(result?.error).toBeInstanceOf(DeterminismViolationError);
});

test('a history in which a step that gave way was carried out at once does not replay', async () => {
  const result = await replayTampered((events) => {
    const answers = events.flatMap(({ activityTaskCompletedEventAttributes: completed }) => completed?.result.payloads ?? []);
    const gaveWay = answers.filter(({ data }) => Buffer.from(data ?? '', 'base64').includes('"outcome":"postponed"'));
    expect(gaveWay).toHaveLength(1);
    for (const answer of gaveWay) answer.data = Buffer.from('{"outcome":"applied","message":"written"}').toString('base64');
  }, 'postponed.json');
  expect(result?.error).toBeInstanceOf(DeterminismViolationError);
});

test('no history names a computer', () => {
  for (const [, history] of histories) expect(JSON.stringify(history)).not.toMatch(/\/(work|home|root|Users)\/|\d+@/);
});
