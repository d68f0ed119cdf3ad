/** A run takes two locks, the Lease and PD's maintenance lock (PD ≥ 8.5.7): the second one of a run that has ended is taken over as the first is. */
import { end } from './ground/processes.ts';
import { heldCalls } from './held-writes.ts';
import { Scenario } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test("PD's lock is taken over from a run that has ended, also when the worker dies between the two locks, and stays with one that is open", async () => {
  const member = { cluster: 'east' as const, namespace: 'twolocks', tidbCluster: 'twolocks-east', replicas: { pd: 1, tikv: 1 } };
  scenario = await Scenario.begin('twolocks', { version: 'v8.5.7', members: [member] });
  const begin = async (): ReturnType<Scenario['start']> => scenario.start('restartCluster', { gates: 'plan' });
  const asks = async (run: Awaited<ReturnType<typeof begin>>): Promise<unknown> => scenario.until(run, ({ phase }) => phase === 'awaiting-approval');
  const maintenance = async (): Promise<string | null> => (await scenario.lab.database('twolocks')).maintenance;
  const leases = '/apis/coordination.k8s.io/v1/namespaces/twolocks/leases';

  const worker = await scenario.worker();
  const first = await begin();
  await asks(first);
  await first.terminate('a person lost patience');
  const goOn = await scenario.fault({ kind: 'pd-call-held', moment: 'before', call: '^(?:PUT|DELETE) /pd/api/v2/maintenance/', scope: { database: 'twolocks' } });
  const second = await begin();
  await scenario.eventually('it has the Lease, and asks PD for its lock', async () => heldCalls(scenario).length > 0);
  await end(worker, 'SIGKILL');
  await goOn();
  expect(await maintenance()).toBe((await first.describe()).runId);
  await scenario.worker();
  await asks(second);
  expect(await maintenance()).toBe((await second.describe()).runId);

  // Without the Lease, as when another inventory calls this TiDB cluster by another name, PD's lock stands alone.
  await scenario.admin('east').remove(`${leases}/tidb-runbooks-twolocks`);
  await expect((await begin()).result()).rejects.toMatchObject({ cause: { message: expect.stringMatching(/PD of twolocks is under maintenance by .*restartCluster\/twolocks\/2/) as string } });
  expect(await maintenance()).toBe((await second.describe()).runId);

  await scenario.decide(second, { decision: 'abort', by: 'bob', reason: 'enough is seen' });
  expect((await scenario.report(second)).phase).toBe('aborted');
  expect(await maintenance()).toBeNull();
  expect((await scenario.admin('east').list(leases)).items).toEqual([]);
});
