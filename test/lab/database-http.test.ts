/** PD's HTTP API of the database twin: shapes, versions, refusals, and what garbage does. */
import { Database } from '../../lab/database/database.ts';
import { undisturbed } from '../../lab/database/model.ts';
import type { Disturbances } from '../../lab/database/model.ts';
import { answerPd } from '../../lab/database/pd-routes.ts';
import type { Answer } from '../../lab/database/http-routes.ts';
import { toJson } from '../../lab/database/raw-json.ts';
import { atLeast, tagOf } from '../../lab/database/versions.ts';
import type { RecordFact } from '../../lab/event-log.ts';
import { presets } from '../../lab/settings.ts';

interface Scene {
  database: Database;
  ask: (method: string, path: string, body?: unknown) => Promise<Answer>;
}

function database(version: string, { disturbances = undisturbed, record = () => undefined }: { disturbances?: Disturbances; record?: RecordFact } = {}): Scene {
  const database = new Database({ name: 'shop', speeds: presets.fast, disturbances, record });
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

test.each([['before', 'http://pd-0:2380'], ['after', 'http://moved:2380']] as const)('a call that is held %s it is carried out gets no answer, and is in the diary', async (moment, peerUrl) => {
  const callHeld = (_member: unknown, call: string): typeof moment | undefined => (call.startsWith('POST /v3/cluster/member/update {"ID":') ? moment : undefined);
  let answered = false;
  const held = new Promise<unknown>((resolve) => {
    const { database: shop, ask } = database('v8.5.3', { disturbances: { ...undisturbed, callHeld }, record: (fact) => fact.kind === 'call-held' && resolve([fact, shop.members.all[0]!.peerUrls]) });
    void ask('POST', '/v3/cluster/member/update', { ID: String(shop.members.all[0]!.id), peerURLs: ['http://moved:2380'] }).finally(() => (answered = true));
  });
  expect(await held).toMatchObject([{ database: 'shop', pod: 'pd-1', moment, method: 'POST', path: '/v3/cluster/member/update', body: expect.stringContaining('moved') as string }, [peerUrl]]);
  await new Promise(setImmediate);
  expect(answered).toBe(false);
});

test('accepts garbage as a peer URL in v3, after which the other members are dead; v2 refuses it', async () => {
  const { database: shop, ask } = database('v8.5.3');
  const answer = await ask('POST', '/v3/cluster/member/update', { ID: String(shop.members.all[0]!.id), peerURLs: ['${member_peer_url}'] });
  expect(answer.status).toBeUndefined();
  expect(shop.members.all.map((member) => member.alive)).toEqual([true, false, false]);
  const old = database('v7.5.0');
  expect(await old.ask('PUT', `/v2/members/${old.database.members.all[0]!.id.toString(16)}`, { peerURLs: ['garbage'] })).toMatchObject({ status: 400 });
});

test('an empty list of peer URLs kills the others too, and the connection is cut before one of them answers', async () => {
  const { database: shop, ask } = database('v8.5.3');
  await expect(ask('POST', '/v3/cluster/member/update', { ID: String(shop.members.all[0]!.id), peerURLs: [] })).rejects.toThrow('cut');
  expect(shop.members.all.map((member) => member.alive)).toEqual([true, false, false]);
});

test('does not know a hexadecimal id in v3', async () => {
  const { database: shop, ask } = database('v8.5.3');
  expect(await ask('POST', '/v3/cluster/member/update', { ID: shop.members.all[0]!.id.toString(16).replace(/^\d/, 'f'), peerURLs: ['http://x:2380'] })).toMatchObject({ status: 400, json: { code: 3 } });
});

test('updates nothing without a leader, and still lists', async () => {
  const { database: shop, ask } = database('v8.3.0');
  const { id } = shop.members.all[1]!;
  shop.stopMember(shop.members.all[0]!);
  shop.stopMember(shop.members.all[2]!);
  const unanswered = ask('POST', '/v3/cluster/member/update', { ID: String(id), peerURLs: ['http://pd-1.domain:2380'] }).then(() => ({ json: 'answered' }));
  expect((await ask('PUT', `/v2/members/${id.toString(16)}`, { peerURLs: ['http://pd-1.domain:2380'] })).status).toBe(500);
  expect((await Promise.race([unanswered, ask('POST', '/v3/cluster/member/list', {})])).json).toMatchObject({ members: [{ peerURLs: ['http://pd-0:2380'] }, { peerURLs: ['http://pd-1:2380'] }, {}] });
});

test('v2 updates with 204, also again, and refuses unknown ids, used URLs and other content types', async () => {
  const { database: shop, ask } = database('v8.3.0');
  const path = `/v2/members/${shop.members.all[0]!.id.toString(16)}`;
  for (let time = 0; time < 2; time += 1) expect((await ask('PUT', path, { peerURLs: ['http://pd-0.domain:2380'] })).status).toBe(204);
  expect(shop.members.all[0]!.peerUrls).toEqual(['http://pd-0.domain:2380']);
  expect((await ask('PUT', '/v2/members/1234', { peerURLs: ['http://x:2380'] })).status).toBe(404);
  expect(await ask('PUT', path, { peerURLs: ['http://pd-1:2380'] })).toMatchObject({ status: 409, json: { message: 'membership: peerURL exists' } });
  const call = { method: 'PUT', url: new URL(path, 'http://pd'), body: '{"peerURLs":["http://x:2380"]}', contentType: 'application/x-www-form-urlencoded' };
  expect((await answerPd({ database: shop, member: shop.members.all[0]!, startedAt: 0 }, call)).status).toBe(415);
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

describe('placement', () => {
  test('has PD\'s default rule with max-replicas and the location labels', async () => {
    const { database: shop, ask } = database('v8.5.3');
    expect((await ask('GET', '/pd/api/v1/config/rules')).json).toEqual([{ group_id: 'pd', id: 'default', start_key: '', end_key: '', role: 'voter', is_witness: false, count: 3 }]);
    await ask('POST', '/pd/api/v1/config/replicate', { 'max-replicas': 5, 'location-labels': 'zone,host', 'isolation-level': 'zone' });
    expect((await ask('GET', '/pd/api/v1/config/rules')).json).toMatchObject([{ count: 5, location_labels: ['zone', 'host'], isolation_level: 'zone' }]);
    expect((await ask('GET', '/pd/api/v1/config/replicate')).json).toMatchObject({ 'max-replicas': 5, 'location-labels': 'zone,host', 'isolation-level': 'zone', 'enable-placement-rules': 'true' });
    shop.configuration.change({ placementRules: [{ group_id: 'pd', id: 'east', start_key: '', end_key: '', role: 'voter', count: 2 }] });
    expect((await ask('GET', '/pd/api/v1/config/rules')).json).toMatchObject([{ id: 'east', count: 2 }]);
  });

  test('has a rule for TiFlash while a table has replicas there', async () => {
    const { database: shop, ask } = database('v8.5.3');
    const tiflash = async (): Promise<unknown> => (await ask('GET', '/pd/api/v1/config/rules/group/tiflash')).json;
    expect(await tiflash()).toEqual([]);
    shop.configuration.change({ tiflashReplicas: 2 });
    expect(await tiflash()).toMatchObject([{ group_id: 'tiflash', role: 'learner', count: 2, label_constraints: [{ key: 'engine', op: 'in', values: ['tiflash'] }] }]);
    expect((await ask('GET', '/pd/api/v1/config/rules/group/pd')).json).toHaveLength(1);
  });

  test('that is disabled answers 412', async () => {
    const { database: shop, ask } = database('v8.5.3');
    shop.configuration.change({ placementRules: 'disabled' });
    for (const path of ['rules', 'rules/group/pd', 'placement-rule']) expect((await ask('GET', `/pd/api/v1/config/${path}`)).status).toBe(412);
    expect((await ask('GET', '/pd/api/v1/config/replicate')).json).toMatchObject({ 'enable-placement-rules': 'false' });
  });
});

describe('stores', () => {
  const whole = async (): Promise<ReturnType<typeof database> & { ids: number[]; pass: (milliseconds: number) => void }> => {
    const scene = database('v8.5.3');
    const ids = [0, 1, 2, 3].map((ordinal) => {
      const origin = { kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop', pod: `tikv-${ordinal}` };
      return scene.database.startStore({ engine: 'tikv', origin, address: `tikv-${ordinal}:20160`, statusAddress: `tikv-${ordinal}:20180`, version: '8.5.3' }, undefined, 1_000);
    });
    const pass = (milliseconds: number): void => {
      for (const end = scene.database.now + milliseconds; scene.database.now < end;) scene.database.advance(scene.database.now + presets.fast.tick);
    };
    pass(3_000);
    return { ...scene, ids, pass };
  };

  test('tell their labels, and sizes with four digits that follow their regions', async () => {
    const { database: shop, ask, ids } = await whole();
    shop.configuration.change({ stores: [{ labels: { zone: 'east' } }, { pod: 'tikv-1', capacityGiB: 1.5, labels: { disk: 'ssd' } }] });
    const used = shop.regions.peersOn(ids[1]!) * 96;
    expect((await ask('GET', `/pd/api/v1/store/${ids[1]}`)).json).toMatchObject({
      store: { labels: [{ key: 'zone', value: 'east' }, { key: 'disk', value: 'ssd' }] },
      status: { capacity: '1.5GiB', available: '0B', used_size: `${Number((used / 1_024).toPrecision(4))}GiB` },
    });
    expect((await ask('GET', `/pd/api/v1/store/${ids[0]}`)).json).toMatchObject({ store: { labels: [{ key: 'zone', value: 'east' }] }, status: { capacity: '100GiB' } });
  });

  test('are not deleted below max-replicas, with PD\'s sentence; a Tombstone answers 410, an unknown one 404', async () => {
    const { database: shop, ask, ids, pass } = await whole();
    expect((await ask('DELETE', `/pd/api/v1/store/${ids[0]}`)).json).toBe('The store is set as Offline.');
    expect((await ask('DELETE', `/pd/api/v1/store/${ids[0]}`)).status).toBeUndefined();
    expect(await ask('DELETE', `/pd/api/v1/store/${ids[1]}`)).toEqual({ status: 400, json: `[PD:core:ErrStoresNotEnough]can not remove store ${ids[1]} since the number of up stores would be 2 while need 3` });
    pass(10_000);
    expect(shop.stores.all.get(ids[0]!)!.state).toBe('Tombstone');
    expect([(await ask('DELETE', `/pd/api/v1/store/${ids[0]}`)).status, (await ask('POST', `/pd/api/v1/store/${ids[0]}/state?state=Up`)).status]).toEqual([410, 410]);
    expect((await ask('POST', '/pd/api/v1/store/77/state?state=Up')).status).toBe(404);
  });

  test('are Up again by request, those that are Up already too', async () => {
    const { database: shop, ask, ids } = await whole();
    await ask('DELETE', `/pd/api/v1/store/${ids[0]}`);
    for (let time = 0; time < 2; time += 1) {
      expect((await ask('POST', `/pd/api/v1/store/${ids[0]}/state?state=Up`)).status).toBeUndefined();
      expect(shop.stores.all.get(ids[0]!)!.state).toBe('Up');
    }
    expect((await ask('POST', `/pd/api/v1/store/${ids[0]}/state?state=Tombstone`)).status).toBe(400);
  });

  test('that are removed have a progress from 0 to 1, by action and by id; others have none', async () => {
    const { database: shop, ask, ids, pass } = await whole();
    const path = '/pd/api/v1/stores/progress?action=removing';
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('GET', '/pd/api/v1/stores/progress')).status).toBe(400);
    await ask('DELETE', `/pd/api/v1/store/${ids[0]}`);
    expect((await ask('GET', path)).json).toMatchObject({ action: 'removing', progress: 0, current_speed: 0, left_seconds: Number.MAX_VALUE });
    pass(presets.fast.peerCatchUp * 2);
    const some = (await ask('GET', path)).json as { progress: number; current_speed: number; left_seconds: number };
    expect(some.progress).toBeGreaterThan(0);
    expect(some.progress).toBeLessThan(1);
    expect(some.left_seconds).toBeCloseTo((shop.regions.peersOn(ids[0]!) * 96) / some.current_speed);
    expect((await ask('GET', `/pd/api/v1/stores/progress?id=${ids[0]}`)).json).toMatchObject({ ...some, store_id: ids[0] });
    expect((await ask('GET', `/pd/api/v1/stores/progress?id=${ids[1]}`)).status).toBe(404);
    pass(10_000);
    expect((await ask('GET', path)).status).toBe(404);
  });
});

test('compares versions by number and reads the tag of an image with a registry port', () => {
  expect([atLeast('v8.5.10', 'v8.5.9'), atLeast('v8.4.0', 'v8.5.0'), atLeast('nightly', 'v1.0.0')]).toEqual([true, false, false]);
  expect([tagOf('registry:5000/pingcap/pd:v8.5.3'), tagOf('pingcap/pd')]).toEqual(['v8.5.3', 'latest']);
});
