import type { ServerResponse } from 'node:http';
import { openKubernetes } from '../../src/kubernetes/connection.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { WatchHub } from '../../src/kubernetes/watch-hub.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import { FakeApiServer, json, refuse } from './fake-api-server.ts';
import { TEST_LIMIT_MS, until } from './until.ts';

jest.setTimeout(TEST_LIMIT_MS);

const pods = { ...resources.pod, namespace: 'shop' };

let fake: FakeApiServer;
let api: KubernetesApi;
let hub: WatchHub;
/** Watches that are open now, newest last. */
let watches: ServerResponse[];
let version: number;
let wakes: (string | undefined)[];
const onWake = (name: string | undefined): void => void wakes.push(name);

const send = (response: ServerResponse | undefined, type: string, object: object): boolean | undefined => response?.write(`${JSON.stringify({ type, object })}\n`);
const change = (name: string): boolean | undefined => send(watches.at(-1), 'MODIFIED', { metadata: { name, resourceVersion: String(++version) } });
const lists = (): number => fake.received.filter((each) => !each.query.has('watch')).length;
const watchRequests = (): URLSearchParams[] => fake.received.filter((each) => each.query.has('watch')).map((each) => each.query);

beforeEach(async () => {
  fake = await FakeApiServer.start();
  api = openKubernetes('west', { kubeconfig: await fake.kubeconfig() });
  hub = new WatchHub({ firstRetryMs: 1, slowestRetryMs: 4, lingerMs: 0 });
  watches = [];
  wakes = [];
  version = 100;
  fake.handler = (request, response) => {
    if (!request.query.has('watch')) return json(response, { metadata: { resourceVersion: String(version) }, items: [] });
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    watches.push(response);
    response.on('close', () => watches.splice(watches.indexOf(response), 1));
  };
});
afterEach(async () => {
  hub.close();
  await api.close();
  await fake.stop();
});

describe('one watch is shared', () => {
  it('by 100 subscribers, all of which are woken', async () => {
    const woken = new Set<number>();
    const leave = Array.from({ length: 100 }, (_, index) => hub.subscribe(api, pods, (name) => name === 'a' && woken.add(index)));
    await until(() => watches.length === 1);
    change('a');
    await until(() => woken.size === 100);
    expect(hub.counters).toMatchObject({ watches: 1, subscribers: 100, reconnects: 0 });
    expect(watchRequests()).toHaveLength(1);
    for (const each of leave) each();
    await until(() => watches.length === 0 && hub.counters.watches === 0);
  });

  it('per kind and namespace', async () => {
    hub.subscribe(api, pods, onWake);
    hub.subscribe(api, { ...pods, name: 'a' }, onWake);
    hub.subscribe(api, { ...pods, namespace: 'other' }, onWake);
    hub.subscribe(api, { ...resources.statefulSet, namespace: 'shop' }, onWake);
    await until(() => watches.length === 3);
    expect(hub.counters).toMatchObject({ watches: 3, subscribers: 4 });
  });

  it('and stays for a while after its last subscriber left', async () => {
    const patient = new WatchHub({ lingerMs: 60_000 });
    patient.subscribe(api, pods, onWake)();
    patient.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    expect(watchRequests()).toHaveLength(1);
    patient.close();
  });

  it('and stays for one who comes before its end', async () => {
    hub.subscribe(api, pods, onWake)();
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    change('a');
    await until(() => wakes.includes('a'));
  });

  it('and begins anew for a subscriber who comes after its end', async () => {
    hub.subscribe(api, pods, onWake)();
    await until(() => hub.counters.watches === 0);
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    change('a');
    await until(() => wakes.includes('a'));
  });
});

describe('who is woken', () => {
  it('everybody once the watch is there, without a name', async () => {
    hub.subscribe(api, { ...pods, name: 'a' }, onWake);
    await until(() => wakes.length === 1);
    expect(wakes).toEqual([undefined]);
  });

  it('whoever waits for that object, or for any', async () => {
    const any: unknown[] = [];
    hub.subscribe(api, { ...pods, name: 'b' }, onWake);
    hub.subscribe(api, pods, (name) => any.push(name));
    await until(() => watches.length === 1);
    change('a');
    change('b');
    await until(() => any.length === 3);
    expect(wakes).toEqual([undefined, 'b']);
  });

  it('nobody by a bookmark, from which the next watch goes on', async () => {
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    send(watches[0], 'BOOKMARK', { metadata: { resourceVersion: '555' } });
    watches[0]?.end();
    await until(() => watchRequests().length === 2);
    expect(watchRequests()[1]?.get('resourceVersion')).toBe('555');
    expect(wakes).toEqual([undefined]);
  });

  it('the others, though one throws', async () => {
    hub.subscribe(api, pods, () => {
      throw new Error('mistake');
    });
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    change('a');
    await until(() => wakes.includes('a'));
  });

  it('nobody who has left', async () => {
    const leave = hub.subscribe(api, pods, onWake);
    const any: unknown[] = [];
    hub.subscribe(api, pods, (name) => any.push(name));
    await until(() => watches.length === 1);
    leave();
    change('a');
    await until(() => any.includes('a'));
    expect(wakes).not.toContain('a');
  });
});

describe('asks for little', () => {
  it('lists from memory, watches from that version, and takes metadata only', async () => {
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    const [list, watch] = fake.received;
    expect(list?.query.get('resourceVersion')).toBe('0');
    expect(list?.headers.accept).toContain('PartialObjectMetadataList');
    expect(Object.fromEntries(watch?.query ?? [])).toMatchObject({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '100' });
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
    expect(watch?.headers.accept).toContain('as=PartialObjectMetadata;');
  });
});

describe('goes on after every fault, and wakes everybody because something may have been missed', () => {
  const breakOff = async (fault: () => void): Promise<void> => {
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    fault();
    await until(() => wakes.length === 2 && watches.length === 1);
    expect(wakes).toEqual([undefined, undefined]);
    change('a');
    await until(() => wakes.includes('a'));
    expect(hub.counters.reconnects).toBeGreaterThanOrEqual(1);
  };

  it('an ERROR event 410', () => breakOff(() => send(watches[0], 'ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 994 (1003)' })));
  it('a reset connection', () => breakOff(() => watches[0]?.destroy()));
  it('a line that is not JSON', () => breakOff(() => watches[0]?.write('nonsense\n')));

  it.each([
    ['a list with 500', false, 500],
    ['a list with 429', false, 429],
    ['a list with 403', false, 403],
    ['a watch with 500', true, 500],
    ['a watch with 429', true, 429],
    ['a watch with 410', true, 410],
    ['a watch with 401', true, 401],
  ])('%s, several times', async (_name, ofWatch, code) => {
    const good = fake.handler;
    let left = 3;
    fake.handler = (request, response) => (request.query.has('watch') === ofWatch && left-- > 0 ? refuse(response, code, 'not now') : good(request, response));
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    change('a');
    await until(() => wakes.includes('a'));
    expect(hub.counters.reconnects).toBe(3);
  });

  it('an orderly end, without a new list and without waking anybody', async () => {
    hub.subscribe(api, pods, onWake);
    await until(() => watches.length === 1);
    change('a');
    await until(() => wakes.length === 2);
    watches[0]?.end();
    await until(() => watchRequests().length === 2);
    expect(watchRequests()[1]?.get('resourceVersion')).toBe('101');
    expect(lists()).toBe(1);
    expect(hub.counters.reconnects).toBe(0);
  });

  it('a server that is away', async () => {
    const away = openKubernetes('away', { kubeconfig: '/nowhere/kubeconfig' });
    hub.subscribe(away, pods, onWake);
    await until(() => hub.counters.reconnects >= 2);
    expect(wakes).toEqual([]);
  });

  it('and waits as long as the server asks', async () => {
    const good = fake.handler;
    let refusals = 0;
    fake.handler = (request, response) => (refusals++ === 0 ? refuse(response, 429, 'not now', { 'retry-after': '1' }) : good(request, response));
    const began = performance.now();
    hub.subscribe(api, pods, onWake);
    await until(() => wakes.length === 1);
    expect(performance.now() - began).toBeGreaterThan(900);
  });
});
