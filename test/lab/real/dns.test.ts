/** The DNS of a simulated Kubernetes cluster: which names exist where, and the real resolver of Node as a client of the server. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { serveDns } from '../../../lab/real/dns/dns-server.ts';
import { addressesOf, answer, candidates, searchList } from '../../../lab/real/dns/names.ts';
import type { ClusterNames, PodRecord, ServiceRecord } from '../../../lab/real/dns/names.ts';
import { answerMessage, parseQuery, types } from '../../../lab/real/dns/wire.ts';

const pd = { 'app.kubernetes.io/component': 'pd' };
const tidb = { 'app.kubernetes.io/component': 'tidb' };
const service = (name: string, more: Partial<ServiceRecord>): ServiceRecord => ({ namespace: 'shop', name, selector: pd, headless: false, publishNotReady: false, ...more });
const pod = (hostname: string, subdomain: string, address: string, more: Partial<PodRecord> = {}): PodRecord => ({
  namespace: 'shop', hostname, subdomain, address, labels: pd, ready: true, ending: false, ...more,
});

const east: ClusterNames = {
  domain: 'east.local',
  services: () => [
    service('pd', {}), service('pd-peer', { headless: true, publishNotReady: true }), service('tidb-peer', { headless: true, selector: tidb }),
    service('empty', { selector: { nobody: 'yes' } }), service('without-selector', { selector: undefined }),
  ],
  pods: () => [
    pod('pd-0', 'pd-peer', '10.1.1.0'), pod('pd-1', 'pd-peer', '10.1.1.1', { ready: false }), pod('pd-2', 'pd-peer', '10.1.1.2', { ending: true }),
    pod('tidb-0', 'tidb-peer', '10.1.1.3', { labels: tidb, ready: false }),
    pod('pd-9', 'pd-peer', '10.1.1.9', { namespace: 'other' }),
  ],
};
const west: ClusterNames = { domain: 'west.local', services: () => [service('pd-peer', { headless: true })], pods: () => [pod('pd-0', 'pd-peer', '10.2.1.0')] };
const all = [east, west];

test.each([
  ['a service has its ready pods', 'pd.shop.svc.east.local', east, ['10.1.1.0']],
  ['a headless service that publishes what is not ready has all its pods', 'pd-peer.shop.svc.east.local', east, ['10.1.1.0', '10.1.1.1', '10.1.1.2']],
  ['a headless service without addresses does not exist', 'tidb-peer.shop.svc.east.local', east, undefined],
  ['a service with an address of its own exists without pods', 'empty.shop.svc.east.local', east, []],
  ['a service without selector has no pods', 'without-selector.shop.svc.east.local', east, []],
  ['a pod has a name under its headless service', 'pd-1.pd-peer.shop.svc.east.local', east, ['10.1.1.1']],
  ['a pod that is not ready has none where only ready ones are published', 'tidb-0.tidb-peer.shop.svc.east.local', east, undefined],
  ['a pod has no name under another service', 'pd-0.pd.shop.svc.east.local', east, undefined],
  ['the domain of another cluster is answered everywhere', 'pd-0.pd-peer.shop.svc.west.local', east, ['10.2.1.0']],
  ['cluster.local is the own cluster in one', 'pd-0.pd-peer.shop.svc.cluster.local', east, ['10.1.1.0']],
  ['cluster.local is the own cluster in the other', 'pd-0.pd-peer.shop.svc.cluster.local', west, ['10.2.1.0']],
  ['an unknown domain does not exist', 'pd-0.pd-peer.shop.svc.north.local', east, undefined],
  ['an unknown namespace does not exist', 'pd.nowhere.svc.east.local', east, undefined],
  ['too many labels do not exist', 'x.pd-0.pd-peer.shop.svc.east.local', east, undefined],
  ['a name without domain does not exist as it is', 'pd-0.pd-peer.shop.svc', east, undefined],
])('%s: %s', (_, name, own, expected) => {
  expect(addressesOf(name, own, all)).toEqual(expected);
});

test('an IPv6 question for an existing name has no records, for another one there is no such name', () => {
  expect(answer('pd.shop.svc.east.local', types.aaaa, east, all)).toEqual([]);
  expect(answer('pd.shop.svc.north.local', types.aaaa, east, all)).toBeUndefined();
});

test('an address leads back to the name of its pod, in whichever cluster', () => {
  expect(answer('0.1.2.10.in-addr.arpa', types.ptr, east, all)).toEqual(['pd-0.pd-peer.shop.svc.west.local']);
  expect(answer('9.9.9.10.in-addr.arpa', types.ptr, east, all)).toBeUndefined();
});

test('a name of few dots is completed by the search list first, so it stays local; a final dot forbids that', () => {
  const search = searchList('shop');
  expect(candidates('pd-peer', search)).toEqual(['pd-peer.shop.svc.cluster.local', 'pd-peer.svc.cluster.local', 'pd-peer.cluster.local', 'pd-peer']);
  expect(candidates('pd-0.pd-peer.shop.svc.west.local', search)[0]).toBe('pd-0.pd-peer.shop.svc.west.local');
  expect(candidates('pd-peer.', search)).toEqual(['pd-peer']);
});

describe('on the wire', () => {
  let socket: Socket;
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  beforeAll(async () => {
    socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    serveDns(socket, (name, type) => answer(name, type, east, all));
    resolver.setServers([`127.0.0.1:${(socket.address()).port}`]);
  });
  afterAll(() => socket.close());

  test('a resolver reads several addresses', async () => {
    expect(await resolver.resolve4('PD-peer.shop.svc.east.local')).toEqual(['10.1.1.0', '10.1.1.1', '10.1.1.2']);
  });

  test('a resolver reads a name for an address', async () => {
    expect(await resolver.reverse('10.2.1.0')).toEqual(['pd-0.pd-peer.shop.svc.west.local']);
  });

  test('a resolver is told that there is no such name, and that a name has no records', async () => {
    await expect(resolver.resolve4('pd.shop.svc.north.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve6('pd.shop.svc.east.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  test.each([
    ['an answer instead of a question', answerMessage({ id: 7, name: 'a.b', type: types.a, recursion: true }, ['10.0.0.1'])],
    ['nothing', Buffer.alloc(0)],
    ['a header without its question', Buffer.from('00070100000100000000000005', 'hex')],
    ['a name that points somewhere', Buffer.from('000701000001000000000000c00c00010001', 'hex')],
  ])('%s is not a query', (_, message) => {
    expect(parseQuery(message)).toBeUndefined();
  });
});
