import { MockAgent } from 'undici';
import { pdOver } from '../../src/pd/pd-client.ts';
import { transportOver } from '../../src/pd/transport.ts';
import type { PdApi } from '../../src/pd/api.ts';

const origin = 'http://shop-pd-0:2379';
let agent: MockAgent;
let pd: PdApi;

beforeEach(() => {
  agent = new MockAgent();
  agent.disableNetConnect();
  pd = pdOver(transportOver(agent, origin, 'shop-pd-0 in west'));
});
afterEach(() => agent.close());

const on = (path: string, method = 'GET'): ReturnType<ReturnType<MockAgent['get']>['intercept']> => agent.get(origin).intercept({ path, method });
const answer = (path: string, body: string, status = 200): void => void on(path).reply(status, body);

const membersBody = `{"header":{"cluster_id":7264954738145913996},
 "members":[{"name":"c1-pd-0.c1-pd-peer.ns1.svc.k1.local","member_id":15985099378392235387,"peer_urls":["http://c1-pd-0:2380"],"client_urls":["http://c1-pd-0:2379"],
   "deploy_path":"/","binary_version":"v7.5.7","git_hash":"48eca84b","leader_priority":100}, {"name":"","member_id":1,"peer_urls":["http://new:2380"],"client_urls":null}],
 "leader":{"name":"c1-pd-0.c1-pd-peer.ns1.svc.k1.local","member_id":15985099378392235387},
 "etcd_leader":{"name":"x","member_id":15985099378392235387}}`;

describe('members', () => {
  it('keep every digit of their ids', async () => {
    answer('/pd/api/v1/members', membersBody);
    expect(await pd.members()).toEqual({
      clusterId: '7264954738145913996',
      leader: 'c1-pd-0.c1-pd-peer.ns1.svc.k1.local',
      members: [
        { name: 'c1-pd-0.c1-pd-peer.ns1.svc.k1.local', id: '15985099378392235387', version: '7.5.7', peerUrls: ['http://c1-pd-0:2380'], clientUrls: ['http://c1-pd-0:2379'] },
        { name: '', id: '1', version: '', peerUrls: ['http://new:2380'], clientUrls: [] },
      ],
    });
  });

  it.each(['null', '{}', '{"name":""}'])('have no leader when PD says %s', async (leader) => {
    answer('/pd/api/v1/members', `{"header":{"cluster_id":1},"members":[],"leader":${leader}}`);
    expect((await pd.members()).leader).toBeUndefined();
  });

  it('are healthy or not by name', async () => {
    answer('/pd/api/v1/health', '[{"name":"a","member_id":15985099378392235387,"client_urls":["http://a:2379"],"health":true},{"name":"b","member_id":2,"health":false}]');
    expect(await pd.health()).toEqual(new Map([['a', true], ['b', false]]));
  });

  it('of etcd have string ids, and no name before they started', async () => {
    on('/v3/cluster/member/list', 'POST').reply(200, `{"header":{"cluster_id":"8323808018354915591","member_id":"15985099378392235387","raft_term":"2"},
      "members":[{"ID":"443629905751424238","name":"n3","peerURLs":["http://127.0.0.1:32380"],"clientURLs":["http://127.0.0.1:32379"]},
                 {"ID":"15985099378392235387","peerURLs":["http://127.0.0.1:42380"],"isLearner":true}]}`);
    expect(await pd.etcdMembers()).toEqual([
      { id: '443629905751424238', name: 'n3', peerUrls: ['http://127.0.0.1:32380'], clientUrls: ['http://127.0.0.1:32379'], learner: false },
      { id: '15985099378392235387', name: '', peerUrls: ['http://127.0.0.1:42380'], clientUrls: [], learner: true },
    ]);
  });

  it('of etcd cannot be listed when the gateway is off', async () => {
    on('/v3/cluster/member/list', 'POST').reply(404, '404 page not found\n');
    await expect(pd.etcdMembers()).rejects.toMatchObject({ type: 'Unsupported', message: expect.stringContaining('enable-grpc-gateway') });
  });
});

describe('stores', () => {
  const path = '/pd/api/v1/stores?state=0&state=1&state=2';
  it('are read with their heartbeats and sizes', async () => {
    answer(path, `{"count":2,"stores":[
     {"store":{"id":1,"address":"c1-tikv-0:20160","labels":[{"key":"zone","value":"z1"}],"version":"7.5.7","status_address":"x","start_timestamp":1786060498,
       "last_heartbeat":1786060598123456789,"node_state":1,"state_name":"Up"},
      "status":{"capacity":"100GiB","available":"1.819TiB","used_size":"512B","leader_count":10,"leader_weight":1.5,"leader_score":10,"region_count":30,"slow_score":1,"uptime":"1m40s"}},
     {"store":{"id":4,"address":"c2-tiflash-0:3930","state":1,"version":"v7.5.7","labels":[{"key":"engine","value":"tiflash"}],"node_state":2,"state_name":"Offline"},"status":{}}]}`);
    expect(await pd.stores()).toEqual([
      { id: '1', address: 'c1-tikv-0:20160', version: '7.5.7', state: 'Up', engine: 'tikv', labels: { zone: 'z1' }, startTimestamp: 1786060498, lastHeartbeatMs: 1786060598123,
        leaderCount: 10, regionCount: 30, capacity: 100 * 1024 ** 3, available: Math.round(1.819 * 1024 ** 4), usedSize: 512 },
      { id: '4', address: 'c2-tiflash-0:3930', version: '7.5.7', state: 'Offline', engine: 'tiflash', labels: { engine: 'tiflash' }, startTimestamp: 0, lastHeartbeatMs: 0,
        leaderCount: 0, regionCount: 0, capacity: undefined, available: undefined, usedSize: undefined },
    ]);
  });

  it.each([['Tombstone', 'Tombstone'], ['Disconnected', 'Disconnected'], ['Down', 'Down'], ['Serving', 'Unknown']])('in state %s are %s', async (name, state) => {
    answer(path, `{"count":1,"stores":[{"store":{"id":9007199254740993,"state_name":"${name}"},"status":{}}]}`);
    expect(await pd.stores()).toMatchObject([{ id: '9007199254740993', state }]);
  });

  it('may be none', async () => {
    answer(path, '{"count":0,"stores":null}');
    expect(await pd.stores()).toEqual([]);
  });

  it('from which leaders are being evicted are named', async () => {
    answer('/pd/api/v1/scheduler-config/evict-leader-scheduler/list', '{"store-id-ranges":{"1":[{"start-key":"","end-key":""}],"9007199254740993":[]},"batch":3}');
    expect(await pd.evictLeaderStores()).toEqual(['1', '9007199254740993']);
  });

  it('are not evicted from when there is no such scheduler', async () => {
    answer('/pd/api/v1/scheduler-config/evict-leader-scheduler/list', '"scheduler not found"', 404);
    expect(await pd.evictLeaderStores()).toEqual([]);
  });
});

describe('regions', () => {
  const path = '/pd/api/v1/regions/check/miss-peer';
  it.each([['{"count":0,"regions":[]}', 0], ['{\n  "count": 12345,\n  "regions": [ {"id": 1', 12345]])('are counted by the head of the answer: %s', async (body, count) => {
    answer(path, body);
    expect(await pd.regionCount('miss-peer')).toBe(count);
  });

  it('are not counted when the answer begins otherwise', async () => {
    answer(path, '{"regions":[],"count":0}');
    await expect(pd.regionCount('miss-peer')).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('does not begin with a count') });
  });

  it('name their voters and leader', async () => {
    answer(path, `{"count":2,"regions":[
      {"id":18446744073709551615,"start_key":"74","peers":[{"id":2,"store_id":1,"role_name":"Voter"},{"id":3,"store_id":9007199254740993,"role_name":"Voter"},
        {"id":4,"store_id":7,"role":1,"role_name":"Learner","is_learner":true}],"leader":{"id":2,"store_id":1,"role_name":"Voter"},"cpu_usage":0},
      {"id":2,"leader":{"role_name":"Voter"}}]}`);
    expect(await pd.regions('miss-peer')).toEqual([
      { id: '18446744073709551615', voterStores: ['1', '9007199254740993'], leaderStore: '1' },
      { id: '2', voterStores: [], leaderStore: undefined },
    ]);
  });
});

describe('configuration', () => {
  it('of replication has strings where one expects lists and booleans', async () => {
    answer('/pd/api/v1/config/replicate', '{"max-replicas":3,"location-labels":"zone,host","strictly-match-label":"false","enable-placement-rules":"true","isolation-level":""}');
    expect(await pd.replication()).toEqual({ maxReplicas: 3, locationLabels: ['zone', 'host'], isolationLevel: '', placementRulesEnabled: true });
  });

  it('of an old PD has fewer keys', async () => {
    answer('/pd/api/v1/config/replicate', '{"max-replicas":5}');
    expect(await pd.replication()).toEqual({ maxReplicas: 5, locationLabels: [], isolationLevel: '', placementRulesEnabled: false });
  });

  it('names the schedulers', async () => {
    answer('/pd/api/v1/schedulers', '["balance-leader-scheduler","evict-leader-scheduler"]');
    expect(await pd.schedulers()).toEqual(['balance-leader-scheduler', 'evict-leader-scheduler']);
  });
});

describe('placement rules', () => {
  const path = '/pd/api/v1/config/rules';
  it('are read with constraints and location labels', async () => {
    answer(path, `[{"group_id":"pd","id":"default","start_key":"","end_key":"","role":"voter","is_witness":false,"count":3,"location_labels":["zone","host"],"isolation_level":"zone"},
      {"group_id":"tiflash","id":"table-100-r","index":120,"override":true,"start_key":"7480","end_key":"7481","role":"learner","is_witness":false,"count":2,
       "label_constraints":[{"key":"engine","op":"in","values":["tiflash"]},{"key":"old","op":"notExists"}],"version":1,"create_timestamp":1786060498}]`);
    expect(await pd.placementRules()).toEqual([
      { groupId: 'pd', id: 'default', index: 0, override: false, role: 'voter', count: 3, startKey: '', endKey: '', locationLabels: ['zone', 'host'], isolationLevel: 'zone', labelConstraints: [] },
      { groupId: 'tiflash', id: 'table-100-r', index: 120, override: true, role: 'learner', count: 2, startKey: '7480', endKey: '7481', locationLabels: [], isolationLevel: '',
        labelConstraints: [{ key: 'engine', op: 'in', values: ['tiflash'] }, { key: 'old', op: 'notExists', values: [] }] },
    ]);
  });

  it('that are disabled are a state of their own', async () => {
    answer(path, '"placement rules feature is disabled"', 412);
    expect(await pd.placementRules()).toBe('disabled');
  });

  it('are not known when PD fails', async () => {
    answer(path, '"etcd timed out"', 500);
    await expect(pd.placementRules()).rejects.toMatchObject({ type: 'Unreachable' });
  });
});

describe('a removal of stores', () => {
  const progress = '/pd/api/v1/stores/progress?action=removing';
  it.each([
    ['{"action":"removing","progress":0.25,"current_speed":12.5,"left_seconds":90}', { progress: 0.25, currentSpeed: 12.5, leftSeconds: 90 }],
    ['{"action":"removing","progress":0,"current_speed":0,"left_seconds":1.7976931348623157e+308}', { progress: 0, currentSpeed: 0, leftSeconds: undefined }],
  ])('has a progress: %s', async (body, expected) => {
    answer(progress, body);
    expect(await pd.removingProgress()).toEqual(expected);
  });

  it('has none when nothing is being removed', async () => {
    answer(progress, '"[PD:progress:ErrProgressNotFound]no progress found for the action: removing"', 404);
    expect(await pd.removingProgress()).toBe('none');
  });

  it('is not known to be none when PD fails', async () => {
    answer(progress, '"need query parameters"', 400);
    await expect(pd.removingProgress()).rejects.toMatchObject({ type: 'Unreachable' });
  });

  const state = '/pd/api/v1/store/9007199254740993/state?state=Up';
  it('is taken back', async () => {
    on(state, 'POST').reply(200, `"The store's state is updated."`);
    await expect(pd.storeState('9007199254740993', 'Up')).resolves.toBeUndefined();
  });

  it.each([
    [404, 'NotFound', 'PD (shop-pd-0 in west) knows no store 9007199254740993'],
    [410, 'NotFound', 'Store 9007199254740993 is a Tombstone in PD (shop-pd-0 in west): its removal cannot be taken back'],
    [400, 'Unreachable', 'PD (shop-pd-0 in west) answered 400'],
  ])('is not taken back when PD answers %d', async (status, type, message) => {
    on(state, 'POST').reply(status, '"[PD:core:ErrStore]store"');
    await expect(pd.storeState('9007199254740993', 'Up')).rejects.toMatchObject({ type, message: expect.stringContaining(message) });
  });
});

describe('an eviction', () => {
  const path = '/pd/api/v1/schedulers/evict-leader-scheduler-9007199254740993';
  it.each([[200, '"The scheduler is removed."'], [404, '"scheduler not found"']])('is ended, or was ended before (%d)', async (status, body) => {
    on(path, 'DELETE').reply(status, body);
    await expect(pd.endEviction('9007199254740993')).resolves.toBeUndefined();
  });

  it('is not ended when PD refuses', async () => {
    on(path, 'DELETE').reply(500, '"no leader"');
    await expect(pd.endEviction('9007199254740993')).rejects.toMatchObject({ type: 'Unreachable' });
  });
});

describe('readiness', () => {
  it.each([[200, '', true], [500, '', false], [404, '404 page not found', 'not-served']])('%d means %3$s', async (status, body, expected) => {
    answer('/pd/api/v2/ready', body, status);
    expect(await pd.ready()).toBe(expected);
  });
});

describe('the maintenance lock', () => {
  const task = { type: 'tidb-runbooks', id: 'run/1', description: 'upgrade of shop' };
  const path = '/pd/api/v2/maintenance/tidb-runbooks/run%2F1';
  const conflict = (id: string): string => `{"error":"Another maintenance task is already running","existing_task":{"type":"tidb-runbooks","id":"${id}","start_timestamp":1786060498,"description":"d"}}`;

  it('is taken', async () => {
    agent.get(origin).intercept({ path, method: 'PUT', body: 'upgrade of shop' }).reply(200, '"Maintenance task started successfully."');
    expect(await pd.maintenance.take(task)).toEqual({ state: 'taken' });
  });

  it('is still ours when PD refuses our own repetition', async () => {
    on(path, 'PUT').reply(409, conflict('run/1'));
    expect(await pd.maintenance.take(task)).toEqual({ state: 'taken' });
  });

  it('names the other who holds it', async () => {
    on(path, 'PUT').reply(409, conflict('run/2'));
    expect(await pd.maintenance.take(task)).toEqual({ state: 'held-by-other', holder: { type: 'tidb-runbooks', id: 'run/2', startTimestamp: 1786060498, description: 'd' } });
  });

  it('may have lost its holder meanwhile', async () => {
    on(path, 'PUT').reply(409, '{"error":"Another maintenance task is already running","existing_task":null}');
    expect(await pd.maintenance.take(task)).toEqual({ state: 'held-by-other', holder: undefined });
  });

  it('is not served by an older PD', async () => {
    on(path, 'PUT').reply(404, '404 page not found');
    answer('/pd/api/v2/maintenance', '404 page not found', 404);
    expect(await pd.maintenance.take(task)).toEqual({ state: 'not-served' });
    expect(await pd.maintenance.get()).toEqual({ state: 'not-served' });
  });

  it('is free or held', async () => {
    answer('/pd/api/v2/maintenance', '"No maintenance task is running"', 404);
    expect(await pd.maintenance.get()).toEqual({ state: 'free' });
    answer('/pd/api/v2/maintenance', '[{"type":"t","id":"i","start_timestamp":1,"description":""}]');
    expect(await pd.maintenance.get()).toEqual({ state: 'held', holder: { type: 't', id: 'i', startTimestamp: 1, description: '' } });
  });

  it.each([[200, '"deleted"'], [404, '"No maintenance task is running for this type"'], [409, conflict('run/2')]])('is released, whether or not we held it (%d)', async (status, body) => {
    on(path, 'DELETE').reply(status, body);
    await expect(pd.maintenance.release(task)).resolves.toBeUndefined();
  });

  it('is not known to be released when PD fails', async () => {
    on(path, 'DELETE').reply(500, '"etcd timed out"');
    await expect(pd.maintenance.release(task)).rejects.toMatchObject({ type: 'Unreachable' });
  });
});

describe('silence and nonsense are Unreachable, never healthy', () => {
  const path = '/pd/api/v1/health';
  it.each([
    ['HTML', '<html>login</html>', 'not JSON, but <html>login</html>'],
    ['a cut-off body', '[{"name":"a","hea', 'not JSON'],
    ['an empty body', '', 'not JSON'],
    ['another shape', '{"health":true}', 'the whole answer: Invalid input: expected array'],
    ['a missing field', '[{"name":"a"}]', '0.health: Invalid input: expected boolean'],
  ])('%s', async (_name, body, problem) => {
    answer(path, body);
    const error = await pd.health().catch((each: unknown) => each);
    expect(error).toMatchObject({ type: 'Unreachable' });
    expect(String(error)).toContain(`PD (shop-pd-0 in west) answered something unexpected to GET ${path}: ${problem}`);
  });

  it('an id that came as a string', async () => {
    answer('/pd/api/v1/members', '{"header":{"cluster_id":"7"},"members":[]}');
    await expect(pd.members()).rejects.toMatchObject({ message: expect.stringContaining('header.cluster_id') });
  });

  it('no leader', async () => {
    answer(path, '"no leader"', 503);
    await expect(pd.health()).rejects.toMatchObject({ type: 'Unreachable', message: 'PD (shop-pd-0 in west) answered 503 to GET /pd/api/v1/health: there is no PD leader now ("no leader")' });
  });

  it('an error of the server', async () => {
    answer(path, 'x'.repeat(5000), 500);
    await expect(pd.health()).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringMatching(/^.{1,300}$/) });
  });

  it('too many requests are Throttled', async () => {
    answer(path, 'too many requests', 429);
    await expect(pd.health()).rejects.toMatchObject({ type: 'Throttled' });
  });

  it('a connection that breaks', async () => {
    on(path).replyWithError(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:2379'), { code: 'ECONNREFUSED' }));
    await expect(pd.health()).rejects.toMatchObject({ type: 'Unreachable', message: 'PD (shop-pd-0 in west) gave no answer to GET /pd/api/v1/health: connect ECONNREFUSED 10.0.0.1:2379' });
  });

  it('no answer in time; health may take longer than the others', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort(new DOMException('late', 'TimeoutError')));
    answer(path, '[]');
    answer('/pd/api/v1/members', '{}');
    await expect(pd.health()).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('within 20 s') });
    await expect(pd.members()).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('within 10 s') });
    timeout.mockRestore();
  });

  it('but the caller\'s own end is the caller\'s', async () => {
    on(path).reply(200, '[]').delay(60_000);
    const reason = new Error('cancelled');
    await expect(pd.health({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
