/** Whose PD is asked: with an exception, only that of the others. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PdAccess } from '../../../src/activities/observing/pd-access.ts';
import { RunbookError } from '../../../src/errors.ts';
import type { InventoryTidbCluster } from '../../../src/inventory.ts';
import type { KubernetesApi } from '../../../src/kubernetes/api.ts';
import { makeView } from '../../tidb/make-view.ts';

/** Nobody answers: the error then names every way that was tried. */
const silent = (cluster: string): KubernetesApi => ({ cluster, openWebSocket: () => Promise.reject(new RunbookError('Unreachable', 'nobody there')), get: () => Promise.reject(new RunbookError('Unreachable', 'nobody there')) }) as unknown as KubernetesApi;

const view = makeView();
const entry = (pd: object): InventoryTidbCluster => ({ name: 'shop', pd }) as unknown as InventoryTidbCluster;

async function tried(pd: object, except?: string): Promise<string> {
  const access = new PdAccess(silent);
  return access
    .of(entry(pd), view.tidbClusters, except)
    .pd.members()
    .then(() => 'it answered', (error: Error) => error.message)
    .finally(() => access.close());
}

test('every pod of PD is a way', async () => {
  const words = await tried({ access: 'port-forward' });
  for (const key of ['west', 'east', 'north']) expect(words).toContain(`shop-${key}-pd-0 in ${key}`);
});

test('the pods of the one that leaves are none', async () => {
  const words = await tried({ access: 'port-forward' }, 'west');
  expect(words).not.toContain('shop-west-pd-0');
  for (const key of ['east', 'north']) expect(words).toContain(`shop-${key}-pd-0 in ${key}`);
});

test('its voice is not heard either', () => {
  const access = new PdAccess(silent);
  const heard = (except?: string): number => access.of(entry({ access: 'port-forward' }), view.tidbClusters, except).voices.length;
  expect([heard(), heard('west')]).toEqual([3, 2]);
  access.close();
});

test.each(['https://shop-west-pd.shop.svc:2379', 'https://shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:2379'])('a URL of the inventory that is served by it (%s) is not asked', async (url) => {
  const other = 'https://shop-east-pd.shop.svc.east.example:2379';
  const words = await tried({ access: 'direct', urls: [url, other] }, 'west');
  expect(words).not.toContain(url);
  expect(words).toContain(other);
});

test('when only it could be asked there is no way, and silence is no proof', async () => {
  expect(await tried({ access: 'direct', urls: ['https://shop-west-pd.shop.svc:2379'] }, 'west')).toMatch(/there is no way to it/);
});

test('a request that breaks takes no other one with it: what is under way is still answered, and the next ones get a new connection', async () => {
  const waiting: ServerResponse[] = [];
  const arrived = Promise.withResolvers<undefined>();
  const server = createServer(({ url, socket }, response) => {
    if (url === '/pd/api/v1/health') socket.destroy();
    else if (waiting.push(response) === 1) arrived.resolve(undefined);
    else response.end('[]');
  }).listen(0, '127.0.0.1');
  server.unref();
  await once(server, 'listening');
  const access = new PdAccess(silent);
  const { pd } = access.of(entry({ access: 'direct', urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] }), view.tidbClusters);
  const slow = pd.schedulers();
  await arrived.promise;
  await expect(pd.health()).rejects.toThrow('other side closed');
  waiting[0]?.end('["evict-leader-scheduler"]');
  expect(await slow).toEqual(['evict-leader-scheduler']);
  expect(await pd.schedulers()).toEqual([]);
  access.close();
  server.close();
});
