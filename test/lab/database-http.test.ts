/** PD's HTTP API of the database twin: shapes, versions, refusals, and what garbage does. */
import { Database } from '../../lab/database/database.ts';
import { undisturbed } from '../../lab/database/model.ts';
import { answerPd } from '../../lab/database/pd-routes.ts';
import type { Answer } from '../../lab/database/http-routes.ts';
import { toJson } from '../../lab/database/raw-json.ts';
import { atLeast, tagOf } from '../../lab/database/versions.ts';
import { presets } from '../../lab/settings.ts';

function database(version: string): { database: Database; ask: (method: string, path: string, body?: unknown) => Promise<Answer> } {
  const database = new Database({ name: 'shop', speeds: presets.fast, disturbances: undisturbed, record: () => undefined });
  for (const pod of ['pd-0', 'pd-1', 'pd-2']) {
    const joining = {
      origin: { kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop', pod },
      name: pod, peerUrl: `http://${pod}:2380`, clientUrl: `http://${pod}:2379`, version,
    };
    database.startMember(database.addMember(joining), joining);
  }
  database.advance(1);
  database.advance(1_000);
  const member = database.members.all[1]!;
  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    answerPd({ database, member, startedAt: 0 }, { method, url: new URL(path, 'http://pd'), body: typeof body === 'string' ? body : JSON.stringify(body ?? '') });
  return { database, ask };
}

test('writes 64-bit ids as bare digits in PD\'s API and as decimal texts in etcd\'s', async () => {
  const { database: shop, ask } = database('v8.5.3');
  const { id } = shop.members.all[0]!;
  expect(toJson((await ask('GET', '/pd/api/v1/members')).json)).toContain(`"member_id":${id},`);
  expect(toJson((await ask('GET', '/pd/api/v1/health')).json)).toContain(`"member_id":${id},`);
  expect(toJson((await ask('POST', '/v3/cluster/member/list', {})).json)).toContain(`"ID":"${id}"`);
});

test('serves etcd\'s v2 members only before PD 8.4', async () => {
  const late = await database('v8.4.0').ask('GET', '/v2/members');
  expect(late).toMatchObject({ status: 404, text: '404 page not found\n' });
  const { database: shop, ask } = database('v8.3.0');
  expect((await ask('GET', '/v2/members')).json).toMatchObject({ members: [{ id: shop.members.all[0]!.id.toString(16), name: 'pd-0' }, {}, {}] });
});

test('refuses GET where etcd wants POST', async () => {
  expect((await database('v8.5.3').ask('GET', '/v3/cluster/member/list')).status).toBe(405);
});

test('updates a peer URL by the exact digits of an id, and does not know a rounded one', async () => {
  const { database: shop, ask } = database('v8.5.3');
  const { id } = shop.members.all[0]!;
  expect((await ask('POST', '/v3/cluster/member/update', `{"ID":${id},"peerURLs":["http://pd-0.domain:2380"]}`)).status).toBeUndefined();
  expect(shop.members.all[0]!.peerUrls).toEqual(['http://pd-0.domain:2380']);
  expect(await ask('POST', '/v3/cluster/member/update', { ID: String(id + 1n), peerURLs: ['http://x:2380'] })).toMatchObject({ status: 404, json: { code: 5 } });
});

test.each([['v8.3.0', 412], ['v8.5.3', 400]])('refuses the peer URL of another member (PD %s: %s)', async (version, status) => {
  const { database: shop, ask } = database(version);
  const answer = await ask('POST', '/v3/cluster/member/update', { ID: String(shop.members.all[0]!.id), peerURLs: ['http://pd-1:2380'] });
  expect(answer).toMatchObject({ status, json: { message: 'etcdserver: Peer URLs already exists' } });
});

test('accepts garbage as a peer URL in v3, after which the other members are dead; v2 refuses it', async () => {
  const { database: shop, ask } = database('v8.5.3');
  const answer = await ask('POST', '/v3/cluster/member/update', { ID: String(shop.members.all[0]!.id), peerURLs: ['${member_peer_url}'] });
  expect(answer.status).toBeUndefined();
  expect(shop.members.all.map((member) => member.alive)).toEqual([true, false, false]);
  const old = database('v7.5.0');
  expect(await old.ask('PUT', `/v2/members/${old.database.members.all[0]!.id.toString(16)}`, { peerURLs: ['garbage'] })).toMatchObject({ status: 400 });
});

test('answers 503 without a leader, but health, status and version all the same', async () => {
  const { database: shop, ask } = database('v8.5.3');
  shop.stopMember(shop.members.all[0]!);
  shop.stopMember(shop.members.all[2]!);
  expect((await ask('GET', '/pd/api/v1/stores')).status).toBe(503);
  expect((await ask('GET', '/pd/api/v1/health')).json).toMatchObject([{ health: false }, { health: true }, { health: false }]);
  expect((await ask('GET', '/pd/api/v1/version')).json).toEqual({ version: 'v8.5.3' });
});

test('knows /ready from 8.5.2 and the maintenance lock from 8.5.7', async () => {
  expect((await database('v8.5.1').ask('GET', '/pd/api/v2/ready')).status).toBe(404);
  expect((await database('v8.5.2').ask('GET', '/pd/api/v2/ready')).status).toBeUndefined();
  expect((await database('v8.5.6').ask('PUT', '/pd/api/v2/maintenance/upgrade/run-1', '')).status).toBe(404);
  const { ask } = database('v8.5.7');
  expect((await ask('PUT', '/pd/api/v2/maintenance/upgrade/run-1', 'why')).status).toBeUndefined();
  expect(await ask('PUT', '/pd/api/v2/maintenance/exit/run-2', '')).toMatchObject({ status: 409, json: { existing_task: { id: 'run-1', description: 'why' } } });
  expect((await ask('DELETE', '/pd/api/v2/maintenance/upgrade/run-2')).status).toBe(409);
  expect((await ask('DELETE', '/pd/api/v2/maintenance/upgrade/run-1')).status).toBeUndefined();
  expect((await ask('GET', '/pd/api/v2/maintenance')).status).toBe(404);
});

test('lists Up and Offline stores by default and Tombstones on demand, with heartbeats in nanoseconds', async () => {
  const { database: shop, ask } = database('v8.5.3');
  const origin = { kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop', pod: 'tikv-0' };
  const now = 1_786_060_598_123;
  const id = shop.startStore({ engine: 'tikv', origin, address: 'tikv-0:20160', statusAddress: 'tikv-0:20180', version: '8.5.3' }, undefined, now);
  expect(toJson((await ask('GET', '/pd/api/v1/stores')).json)).toContain('"last_heartbeat":1786060598123000000,');
  shop.stores.all.get(id)!.state = 'Tombstone';
  expect((await ask('GET', '/pd/api/v1/stores')).json).toMatchObject({ count: 0 });
  expect((await ask('GET', '/pd/api/v1/stores?state=0&state=1&state=2')).json).toMatchObject({ count: 1, stores: [{ store: { state: 2, state_name: 'Tombstone' } }] });
  expect((await ask('GET', '/pd/api/v1/stores/check?state=Tombstone')).json).toMatchObject({ count: 1 });
  await ask('DELETE', '/pd/api/v1/stores/remove-tombstone');
  expect((await ask('GET', '/pd/api/v1/stores?state=2')).json).toMatchObject({ count: 0 });
});

test('compares versions by number and reads the tag of an image with a registry port', () => {
  expect([atLeast('v8.5.10', 'v8.5.9'), atLeast('v8.4.0', 'v8.5.0'), atLeast('nightly', 'v1.0.0')]).toEqual([true, false, false]);
  expect([tagOf('registry:5000/pingcap/pd:v8.5.3'), tagOf('pingcap/pd')]).toEqual(['v8.5.3', 'latest']);
});
