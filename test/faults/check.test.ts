/** `checkCluster` on the lab: as a workflow through the real `temporal` CLI, as a Schedule, and by `tidb-runbook check`; it writes nothing. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import type { CheckReport } from '../../src/protocol/check.ts';
import { node, root } from './ground/processes.ts';
import { temporalCli } from '../temporal/lasting-server.ts';
import { Scenario } from './scenario.ts';

jest.setTimeout(180_000);

const run = promisify(execFile);

let scenario: Scenario;
let since: string;
beforeAll(async () => {
  scenario = await Scenario.begin('checked', { replicas: { pd: 1, tikv: 1, tidb: 1 } });
  await scenario.worker();
  since = new Date().toISOString();
});
afterAll(() => scenario.end());

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

async function ended(command: Promise<{ stdout: string; stderr: string }>): Promise<Ended> {
  return command.then((output) => ({ code: 0, ...output }), (error: unknown) => error as Ended);
}

const check = async (...more: string[]): Promise<Ended> => ended(run(node, [`${root}src/cli/main.ts`, 'check', 'checked', ...more], { cwd: root, env: scenario.environment }));
const reportOf = ({ stdout }: Ended): CheckReport => JSON.parse(stdout) as CheckReport;

test('a whole cluster has nothing critical, and its notices are for a person', async () => {
  const well = await check('-o', 'json');
  expect(well.code).toBe(0);
  expect(reportOf(well).findings.map(({ key }) => key).sort()).toEqual(['topology/bootstrap/east', 'topology/tikv-spare']);
  expect((await check()).stdout).toMatch(/notice +as many TiKV stores as max-replicas \(3\)/);
});

test('a store that is down is critical: exit code 9, and the run of a Schedule fails with the report', async () => {
  const mend = await scenario.fault({ kind: 'store-down', scope: { database: 'checked', kubernetesCluster: 'west' } });
  const found = await check('-o', 'json');
  expect(found.code).toBe(9);
  expect(reportOf(found).findings[0]).toMatchObject({ severity: 'critical', message: expect.stringMatching(/store \d+ \(checked-west-tikv-0, tikv\) is Down/) });

  const { schedule } = scenario.client;
  const handle = await schedule.create({ scheduleId: 'check-checked', spec: { intervals: [{ every: '1h' }] }, action: { type: 'startWorkflow', workflowType: 'checkCluster', taskQueue: 'checked', args: [{ cluster: 'checked' }], workflowId: 'scheduled-check' } });
  await handle.trigger(ScheduleOverlapPolicy.SKIP);
  await scenario.eventually('the scheduled check has failed', async () => {
    const { recentActions } = (await handle.describe()).info;
    const workflowId = recentActions[0]?.action.workflow.workflowId;
    return workflowId !== undefined && (await scenario.client.workflow.getHandle(workflowId).describe()).status.name === 'FAILED';
  });
  await handle.delete();
  await mend();
});

test('a silent Kubernetes cluster is a critical finding, not an error', async () => {
  const mend = await scenario.fault({ kind: 'api-proxy-refusing', scope: { kubernetesCluster: 'south' } });
  const found = await check('-o', 'json');
  expect(found.code).toBe(9);
  expect(reportOf(found).findings).toEqual([expect.objectContaining({ severity: 'critical', key: 'unreachable', message: expect.stringContaining('south') })]);
  await mend();
});

test('an unknown cluster is refused with a sentence', async () => {
  const { stdout, stderr } = await ended(run(await temporalCli(), ['workflow', 'execute', '--address', scenario.places.temporal, '--task-queue', 'checked', '--type', 'checkCluster', '--workflow-id', 'check/unknown', '--input', '{"cluster":"chekced"}']));
  expect(stdout + stderr).toMatch(/no TiDB cluster .*chekced.* in the inventory; it has: checked/);
  expect(stdout + stderr).not.toMatch(/at .*\.ts:\d+/);
});

test('all of this wrote nothing at all', async () => {
  expect(await changedNothing({ ...scenario.evidence, since })).toMatchObject({ held: true });
});
