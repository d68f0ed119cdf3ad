/** etcd's member API over v3 and v2: what each answers, and which is used. */
import { MockAgent } from 'undici';
import type { PdApi } from '../../src/pd/api.ts';
import { memberApi } from '../../src/pd/member-api.ts';
import { pdOver } from '../../src/pd/pd-client.ts';
import { transportOver } from '../../src/pd/transport.ts';

const origin = 'http://shop-pd-0:2379';
let agent: MockAgent;
let pd: PdApi;

beforeEach(() => {
  agent = new MockAgent();
  agent.disableNetConnect();
  pd = pdOver(transportOver(agent, origin, 'shop-pd-0 in west'));
});
afterEach(() => agent.close());

const on = (path: string, method: string, body?: string): ReturnType<ReturnType<MockAgent['get']>['intercept']> =>
  agent.get(origin).intercept({ path, method, ...(body === undefined ? {} : { body }) });

const listPath = '/v3/cluster/member/list';
const updatePath = '/v3/cluster/member/update';
/** 2^64 - 1 and an id whose hexadecimal form is 15 digits long. */
const [huge, short] = ['18446744073709551615', '443629905751424238'];
const url = 'http://n3.domain:2380';
const pageNotFound = '404 page not found\n';
const v3List = (peerUrl = 'http://n3:2380'): string =>
  `{"header":{"cluster_id":"1","member_id":"2","raft_term":"2"},"members":[{"ID":"${short}","name":"n3","peerURLs":["${peerUrl}"],"clientURLs":["http://n3:2379"]}]}`;
const v2List = '{"members":[{"id":"628170c800dbcee","name":"n3","peerURLs":["http://n3:2380"],"clientURLs":["http://n3:2379"]},{"id":"ffffffffffffffff","name":"","peerURLs":["http://n4:2380"],"clientURLs":[]}]}';
const n3 = { id: short, name: 'n3', peerUrls: ['http://n3:2380'], clientUrls: ['http://n3:2379'], learner: false };

describe('v3', () => {
  it('gets the id as a text with all digits and answers the new list', async () => {
    on(updatePath, 'POST', `{"ID":"${huge}","peerURLs":["${url}"]}`).reply(200, v3List(url));
    expect(await pd.updateMemberPeerUrls(huge, url)).toEqual([{ ...n3, peerUrls: [url] }]);
  });

  it('never builds its JSON from text', async () => {
    on(updatePath, 'POST', JSON.stringify({ ID: huge, peerURLs: ['"],"x":["'] })).reply(200, v3List());
    await expect(pd.updateMemberPeerUrls(huge, '"],"x":["')).resolves.toHaveLength(1);
  });

  it.each([
    [404, '{"error":"etcdserver: member not found","message":"etcdserver: member not found","code":5}', 'NotFound', `PD (shop-pd-0 in west) has no member ${huge}`],
    [404, pageNotFound, 'Unsupported', 'enable-grpc-gateway'],
    [404, '{"code":12}', 'Unreachable', 'answered 404'],
    [412, '{"error":"etcdserver: Peer URLs already exists","code":9}', 'InvalidInput', `did not give member ${huge} the peer URL ${url}: another member has it`],
    [503, '{"code":14}', 'Unreachable', 'there is no PD leader now'],
    [500, 'x', 'Unreachable', 'answered 500'],
  ])('answers %d %s', async (status, body, type, message) => {
    on(updatePath, 'POST').reply(status, body);
    await expect(pd.updateMemberPeerUrls(huge, url)).rejects.toMatchObject({ type, message: expect.stringContaining(message) });
  });

  it.each(['6ed0312dc663b885', '', '-1', '1.5', '1e3'])('is not asked about "%s", which is no decimal id', async (id) => {
    await expect(pd.updateMemberPeerUrls(id, url)).rejects.toMatchObject({ type: 'InvalidInput' });
    await expect(pd.updateMemberPeerUrlsV2(id, url)).rejects.toMatchObject({ type: 'InvalidInput' });
  });
});

describe('v2', () => {
  it('has hexadecimal ids, which come as decimal ones', async () => {
    on('/v2/members', 'GET').reply(200, v2List);
    expect(await pd.membersV2()).toEqual([n3, { id: huge, name: '', peerUrls: ['http://n4:2380'], clientUrls: [], learner: false }]);
  });

  it('is asked with a hexadecimal id without leading zeros, as JSON', async () => {
    agent.get(origin).intercept({ path: '/v2/members/628170c800dbcee', method: 'PUT', body: `{"peerURLs":["${url}"]}`, headers: { 'content-type': 'application/json' } }).reply(204, '');
    await expect(pd.updateMemberPeerUrlsV2(short, url)).resolves.toBeUndefined();
  });

  it.each([
    [404, '{"message":"No such member: 628170c800dbcee"}', 'NotFound', `has no member ${short}`],
    [404, pageNotFound, 'Unsupported', 'ended with PD 8.4'],
    [409, '{"message":"membership: peerURL exists"}', 'InvalidInput', 'another member has it'],
    [400, '{"message":"URL scheme must be http, https, unix, or unixs: x"}', 'InvalidInput', `does not accept "${url}" as a peer URL`],
    [415, '{"message":"Bad Content-Type"}', 'Unreachable', 'answered 415'],
  ])('answers %d %s', async (status, body, type, message) => {
    on('/v2/members/628170c800dbcee', 'PUT').reply(status, body);
    await expect(pd.updateMemberPeerUrlsV2(short, url)).rejects.toMatchObject({ type, message: expect.stringContaining(message) });
  });

  it('is known not to be served by PD 8.4 and later', async () => {
    on('/v2/members', 'GET').reply(404, pageNotFound);
    await expect(pd.membersV2()).rejects.toMatchObject({ type: 'Unsupported' });
  });
});

describe('the one that is used', () => {
  it('is v3 where it is served, and v2 is not asked', async () => {
    on(listPath, 'POST').reply(200, v3List()).times(2);
    on(updatePath, 'POST').reply(200, v3List(url));
    const api = await memberApi(pd);
    expect(api.served).toBe('v3');
    expect(await api.list()).toEqual([n3]);
    expect(await api.updatePeerUrl(short, url)).toMatchObject([{ peerUrls: [url] }]);
  });

  it('is v2 where v3 is absent, with the list after an update', async () => {
    on(listPath, 'POST').reply(404, pageNotFound);
    on('/v2/members', 'GET').reply(200, v2List).times(2);
    on('/v2/members/628170c800dbcee', 'PUT').reply(204, '');
    const api = await memberApi(pd);
    expect(api.served).toBe('v2');
    expect(await api.updatePeerUrl(short, url)).toHaveLength(2);
  });

  it('is none where neither is served, and that refuses with what to do', async () => {
    on(listPath, 'POST').reply(404, pageNotFound);
    on('/v2/members', 'GET').reply(404, pageNotFound);
    const api = await memberApi(pd);
    expect(api.served).toBe('none');
    await expect(api.list()).rejects.toMatchObject({ type: 'Unsupported', message: expect.stringContaining('enable-grpc-gateway') });
    await expect(api.updatePeerUrl(short, url)).rejects.toMatchObject({ type: 'Unsupported' });
  });

  it('is not known while PD is silent: v2 is never the answer to trouble', async () => {
    on(listPath, 'POST').reply(503, 'no leader');
    await expect(memberApi(pd)).rejects.toMatchObject({ type: 'Unreachable' });
  });
});
