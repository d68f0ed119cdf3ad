/** checkCluster and restartCluster against the real operator, on one TiDB cluster: nothing is found where nothing is wrong, what is planted is found, and a restart goes TidbCluster by TidbCluster. */
import type { WorkflowFailedError } from '@temporalio/client';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { judge } from '../../lab/oracle/judge.ts';
import type { CheckReport, Finding } from '../../src/protocol/check.ts';
import { Scenario, clusters } from '../faults/scenario.ts';
import { evidenceOf } from './ground/evidence.ts';
import { membersOf } from './ground/members.ts';
import { askPd } from './ground/pd.ts';

jest.setTimeout(900_000);

const name = 'caredfor';
/** A peer URL of a pod that no TidbCluster has. */
const nobodys = 'http://nobody-pd-0.nobody-pd-peer.nobody.svc.west.local:2380';

let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.begin(name);
  await scenario.worker();
});
afterAll(() => scenario.end());

/** Runs it as a person or a Schedule does; a run that failed because of what it found has its report in the failure. */
async function check(workflowId: string): Promise<{ failed: boolean; findings: Finding[] }> {
  const run = await scenario.client.workflow.start('checkCluster', { workflowId: `check/${name}/${workflowId}`, taskQueue: name, args: [{ cluster: name }] });
  return run.result().then(
    (report) => ({ failed: false, findings: (report as CheckReport).findings }),
    ({ cause }: WorkflowFailedError) => ({ failed: true, findings: (cause as unknown as { details: [CheckReport] }).details[0].findings }),
  );
}

/** Of all pods of a component, by their names. */
async function uids(component: string): Promise<Record<string, string>> {
  const lists = await Promise.all(clusters.map((cluster) => scenario.admin(cluster).list(`/api/v1/namespaces/${name}/pods?labelSelector=app.kubernetes.io/component=${component}`)));
  return Object.fromEntries(lists.flatMap(({ items }) => items).map(({ metadata }) => [String(metadata['name']), String(metadata['uid'])]));
}

const etcd = async (path: string, body: object): Promise<boolean> => (await askPd(scenario, 'east', { method: 'POST', path: `/v3/cluster/member/${path}`, body })).status === 200;

/** An author who takes away all that he had set leaves no time of his write; a word of his does. */
async function isWrittenAfterRefusal(): Promise<boolean> {
  await scenario.patch('west', { metadata: { annotations: { 'example.com/mended': new Date().toISOString() } } });
  const { items } = await scenario.admin('west').list(`/api/v1/namespaces/${name}/events`);
  const said = items.filter(({ reason }) => reason === 'FailedValidation').map(({ lastTimestamp }) => Date.parse(String(lastTimestamp)));
  const { managedFields } = (await scenario.tidbCluster('west')).metadata as unknown as { managedFields: { time: string }[] };
  return Math.max(...managedFields.map(({ time }) => Date.parse(time))) > Math.max(...said);
}

test('a whole TiDB cluster has notices for a person only, and the check writes nothing', async () => {
  const since = new Date().toISOString();
  const { failed, findings } = await check('whole');
  expect(failed).toBe(false);
  expect(findings.map(({ severity, key }) => `${severity} ${key}`).sort()).toEqual(['notice topology/bootstrap/east', 'notice topology/tikv-spare']);
  expect(await changedNothing({ ...evidenceOf(scenario), since })).toMatchObject({ held: true });
});

test('a PD member that was added and never came, and a TidbCluster that the operator silently refuses, are critical although everything is Ready', async () => {
  await scenario.eventually('etcd takes another member', () => etcd('add', { peerURLs: [nobodys] }));
  await scenario.eventually('PD knows four members', async () => (await scenario.lab.database(name)).members.length === 4);
  await scenario.patch('west', { spec: { pdAddresses: ['not-a-url'] } });
  await scenario.eventually('the operator says FailedValidation', async () => (await scenario.admin('west').list(`/api/v1/namespaces/${name}/events`)).items.some(({ reason }) => reason === 'FailedValidation'));
  const ready = await Promise.all(clusters.map(async (cluster) => ((await scenario.tidbCluster(cluster))['status'] as { conditions: { type: string; status: string }[] }).conditions.find(({ type }) => type === 'Ready')?.status));
  expect(ready).toEqual(['True', 'True', 'True']);

  const since = new Date().toISOString();
  const { failed, findings } = await check('troubled');
  expect(failed).toBe(true);
  const critical = findings.filter(({ severity }) => severity === 'critical').map(({ message }) => message).join('\n');
  expect(critical).toMatch(/the operator refuses TidbCluster caredfor\/caredfor-west in west: spec\.pdAddresses\[0\]: Invalid value: "not-a-url"/);
  expect(critical).toMatch(/unknown part of this cluster: PD member .* belongs to no TidbCluster/);
  expect(await changedNothing({ ...evidenceOf(scenario), since })).toMatchObject({ held: true });

  await scenario.patch('west', { spec: { pdAddresses: null } });
  await scenario.eventually('a write to the TidbCluster is younger than what the operator said', isWrittenAfterRefusal);
  const stranger = (await membersOf(scenario)).find(({ peerURLs }) => peerURLs.includes(nobodys));
  await scenario.eventually('etcd lets the member go', () => etcd('remove', { ID: stranger?.ID }));
  await scenario.eventually('PD knows three members', async () => (await scenario.lab.database(name)).members.length === 3);
  expect((await check('mended')).findings.filter(({ severity }) => severity !== 'notice')).toEqual([]);
});

test('a restart of PD makes every PD pod anew, TidbCluster by TidbCluster, and touches nothing else; the same mark again restarts nothing', async () => {
  const [pd, tikv, members] = [await uids('pd'), await uids('tikv'), await membersOf(scenario)];
  const since = new Date().toISOString();
  const input = { components: ['pd'], mark: 'CHG-17' };
  const report = await scenario.report(await scenario.start('restartCluster', input));
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([...clusters.map((cluster) => `pd/${cluster} done`), 'verify/all done']);

  const anew = await uids('pd');
  expect(Object.keys(anew).sort()).toEqual(Object.keys(pd).sort());
  expect(Object.entries(anew).filter(([pod, uid]) => pd[pod] === uid)).toEqual([]);
  expect(await uids('tikv')).toEqual(tikv);
  expect((await membersOf(scenario)).map(({ ID }) => ID).sort()).toEqual(members.map(({ ID }) => ID).sort());
  const verdict = await judge({ ...evidenceOf(scenario), since, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);

  const again = await scenario.report(await scenario.start('restartCluster', input));
  expect(new Set(again.steps.map(({ state }) => state))).toEqual(new Set(['adopted']));
  expect(await uids('pd')).toEqual(anew);
});
