/** The ground itself: what stands behind a PD of this lab is a real etcd, reached over the clusters' own networks. */
import { Scenario, clusters } from '../faults/scenario.ts';
import { membersOf } from './ground/members.ts';
import { askPd } from './ground/pd.ts';

jest.setTimeout(600_000);

let scenario: Scenario;
afterEach(() => scenario.end());

const pdOnly = { pd: 1, tikv: 1 };

test('three PDs are one etcd: members and leader are its own, and it takes a malformed peer URL that kills the others', async () => {
  scenario = await Scenario.begin('realetcd', { replicas: pdOnly });
  const members = await membersOf(scenario);
  expect(members.map(({ name }) => name).sort()).toEqual(clusters.map((cluster) => `realetcd-${cluster}-pd-0.realetcd-${cluster}-pd-peer.realetcd.svc.${cluster}.local`).sort());
  const before = await scenario.lab.database('realetcd');
  expect(before.members.map(({ id }) => id).sort()).toEqual(members.map(({ ID }) => ID).sort());
  expect((await askPd(scenario, 'west', { path: '/v2/members' })).status).toBe(404);

  const follower = before.members.find(({ isLeader }) => !isLeader);
  expect((await askPd(scenario, 'east', { method: 'POST', path: `/pd/api/v1/leader/transfer/${follower?.name}` })).status).toBe(200);
  await scenario.eventually(`${follower?.name} leads`, async () => (await scenario.lab.database('realetcd')).leader === follower?.name);

  // No validation: the answer of the member itself is 200 (any other dies before it can answer), and all others die, now and at every restart.
  const south = members.find(({ name }) => name.includes('south'));
  const accepted = await askPd(scenario, 'south', { method: 'POST', path: '/v3/cluster/member/update', body: { ID: south?.ID, peerURLs: ['http://realetcd-south-pd-0 .bad:2380'] } });
  expect(accepted.status).toBe(200);
  await scenario.eventually('the PDs of the other clusters are gone', async () => {
    const { members: after, leader } = await scenario.lab.database('realetcd');
    return leader === null && after.filter(({ origin, alive }) => origin.kubernetesCluster !== 'south' && alive).length === 0;
  });
});

test('PD before 8.4 serves etcd v2 as well, from an etcd of its time', async () => {
  scenario = await Scenario.begin('oldetcd', { replicas: pdOnly, version: 'v8.1.0' });
  const answer = await askPd(scenario, 'east', { path: '/v2/members' });
  expect(answer.status).toBe(200);
  expect((JSON.parse(answer.text) as { members: { name: string }[] }).members).toHaveLength(3);
});

test('with TLS between the components PD talks only to those who show a certificate of its authority', async () => {
  scenario = await Scenario.begin('secure', { replicas: pdOnly, tls: true });
  const { data } = (await scenario.admin('west').get('/api/v1/namespaces/secure/secrets/secure-west-cluster-client-secret')) as unknown as { data: Record<string, string> };
  const text = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();
  const tls = { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') };
  expect((await askPd(scenario, 'west', { path: '/pd/api/v1/health', tls })).status).toBe(200);
  await expect(askPd(scenario, 'west', { path: '/pd/api/v1/health' })).rejects.toThrow();
});
