/** What dies in the middle, and what goes on. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { LastingServer } from '../temporal/lasting-server.ts';
import { groundPlaces } from './ground/places.ts';
import { end } from './ground/processes.ts';
import { Scenario, bare, to } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

async function patchesOf(cluster: 'east' | 'west' | 'south'): Promise<string[]> {
  const { metadata } = await scenario.tidbCluster(cluster);
  return (metadata['managedFields'] as { manager: string }[]).map((entry) => entry.manager);
}

test('a worker killed with SIGKILL in the middle of a roll: another goes on, and nothing is written twice', async () => {
  scenario = await Scenario.begin('killed', { replicas: { pd: 1, tikv: 2, tidb: 1 } });
  const first = await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, (status) => status.steps.some((step) => step.id === 'tikv/east' && step.state === 'waiting'));
  await end(first, 'SIGKILL');
  await scenario.worker();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.filter((step) => step.state !== 'done').map((step) => step.id)).toEqual([]);
  expect(await patchesOf('east')).toContain('tidb-runbooks');
});

test('the Temporal server is restarted in the middle: the run goes on from where it was', async () => {
  const own = await LastingServer.in(mkdtempSync(join(groundPlaces().directory, 'temporal-')));
  await own.start();
  try {
    scenario = await Scenario.begin('restarted', { temporal: own.address });
    await scenario.worker();
    const run = await scenario.upgrade();
    await scenario.until(run, (status) => status.steps.some((step) => step.id === 'tikv/east' && step.state === 'waiting'));
    await own.stop('SIGKILL');
    await own.start();
    const report = await scenario.report(run);
    expect(report.phase).toBe('done');
    const database = await scenario.lab.database('restarted');
    expect(new Set(database.stores.map((store) => `v${bare(store.version)}`))).toEqual(new Set([to]));
  } finally {
    await own.stop();
  }
});

test('the API server of one Kubernetes cluster is down for a while: the run holds with that reason and goes on by itself', async () => {
  scenario = await Scenario.begin('apidown');
  await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, (status) => status.steps.some((step) => step.id === 'pd/east' && step.state === 'done'));
  const up = await scenario.fault({ kind: 'api-server-stopped', scope: { kubernetesCluster: 'west' } });
  const held = await scenario.untilHeld(run, /west/);
  expect(held.hold?.reasons[0]?.clears).toBe('itself');
  await up();
  expect((await scenario.report(run)).phase).toBe('done');
});
