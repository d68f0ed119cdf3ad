/**
 * The worker of a migration is killed with SIGKILL at every write to the outside, to the API server and to PD: once when the write is asked for and
 * never arrives, once when it is carried out and the worker has not heard of it. The run is then terminated, and a new run of a new worker begins on
 * what is there: it must lead on to the next write, and the last one to the end. Reads change nothing outside, so between two writes the state outside
 * is the same whichever read came last. What every run writes again, such as its locks, is met the first time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Plan } from '../../src/protocol/plan.ts';
import type { Report, RunStatus } from '../../src/protocol/run.ts';
import { end } from './ground/processes.ts';
import { bothMomentsOf, HeldWrites } from './held-writes.ts';
import { alone, expectMigrated, migrate } from './migration.ts';
import type { Scenario } from './scenario.ts';

/** Some 25 workers start one after the other: each takes seconds on a busy computer. */
jest.setTimeout(900_000);

const POLL_MS = 150;
/** PD has a maintenance lock of its own from here on: one more thing that is written. */
const version = 'v8.5.7';

let scenario: Scenario;
afterEach(() => scenario.end());

/** Lets the run go on, approving its plan, until it meets a write that is held or ends. */
async function heldOrEnded(run: WorkflowHandle, writes: HeldWrites): Promise<Report | undefined> {
  for (;;) {
    if (writes.look()) return undefined;
    const status = await run.query<RunStatus>('status');
    if (['done', 'aborted', 'failed'].includes(status.phase)) return scenario.report(run);
    if (status.gate) await scenario.decide(run, { decision: 'approve', by: 'bob', gate: 'plan', planHash: (await run.query<Plan>('plan')).hash });
    await delay(POLL_MS);
  }
}

/** A new run with a new worker; the report when it ended by itself, nothing when it was killed at a write. */
async function runUntilKilled(writes: HeldWrites): Promise<Report | undefined> {
  const run = await migrate(scenario);
  const holdsNoMore = await writes.holdNext((await run.describe()).runId);
  const worker = await scenario.worker();
  const report = await heldOrEnded(run, writes);
  await end(worker, 'SIGKILL');
  await holdsNoMore();
  writes.forgetOthers();
  if (!report) await run.terminate('its worker was killed at a write');
  return report;
}

test('SIGKILL of the worker before and after every write of a migration: a new run ends right, whatever is there', async () => {
  scenario = await alone('everywrite', { version, replicas: { pd: 3, tikv: 1 } });
  const writes = new HeldWrites(scenario);
  let report: Report | undefined;
  while (!report) report = await runUntilKilled(writes);
  expect(report.phase).toBe('done');
  await expectMigrated(scenario);

  const { members, maintenance: locked } = await scenario.lab.database('everywrite');
  expect(locked).toBeNull();
  const maintenance = '/pd/api/v2/maintenance/tidb-runbooks';
  expect(writes.all.map(({ moment, kind }) => `${moment} ${kind}`).toSorted()).toEqual(bothMomentsOf([
    'POST leases', 'PATCH leases', 'DELETE leases',
    `PUT ${maintenance}/<this run> `, `DELETE ${maintenance}/<this run> `, `DELETE ${maintenance}/<an ended run> `,
    'POST pods', 'DELETE pods', 'PATCH tidbclusters',
    ...members.map(({ id }) => `POST /v3/cluster/member/update .*"${id}"`),
  ]));
});
