/** Whose PD is asked: with an exception, only that of the others. */
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
