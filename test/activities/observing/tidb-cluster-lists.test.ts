/** Lists of TidbClusters that are shared, over an API server that counts. */
import { TidbClusterLists } from '../../../src/activities/observing/tidb-cluster-lists.ts';
import type { KubernetesApi } from '../../../src/kubernetes/api.ts';
import type { KubernetesObject } from '../../../src/kubernetes/resources.ts';

const tidbCluster = (name: string, resourceVersion: string, version: string): KubernetesObject => ({ metadata: { name, namespace: 'shop', uid: `uid-of-${name}`, resourceVersion }, spec: { version } });

function serverOf(first: KubernetesObject[]): { api: KubernetesApi; lists: number; items: KubernetesObject[] } {
  const server = { api: {} as KubernetesApi, lists: 0, items: first };
  const list = async (): Promise<unknown> => {
    server.lists += 1;
    // As from a wire: new objects each time.
    return { items: structuredClone(server.items), resourceVersion: '1' };
  };
  server.api = { cluster: 'east', list } as unknown as KubernetesApi;
  return server;
}

describe('lists of TidbClusters', () => {
  it('are two for a hundred looks of one moment', async () => {
    const server = serverOf([tidbCluster('shop-east', '7', 'v8.5.3')]);
    const lists = new TidbClusterLists();
    const seen = await Promise.all(Array.from({ length: 100 }, () => lists.of(server.api)));
    expect(server.lists).toBe(2);
    expect(seen.map(([located]) => located?.object.metadata.name)).toEqual(seen.map(() => 'shop-east'));
  });

  it('show what has changed, what is new and what is gone', async () => {
    const server = serverOf([tidbCluster('a', '1', 'v8.5.3'), tidbCluster('b', '2', 'v8.5.3')]);
    const lists = new TidbClusterLists();
    await lists.of(server.api);
    server.items = [tidbCluster('c', '3', 'v8.5.3'), tidbCluster('a', '4', 'v8.5.4')];
    const seen = await lists.of(server.api);
    expect(seen.map(({ object }) => [object.metadata.name, object.spec.version])).toEqual([['c', 'v8.5.3'], ['a', 'v8.5.4']]);
  });

  it('parse again only what has another version', async () => {
    const server = serverOf([tidbCluster('a', '1', 'v8.5.3'), tidbCluster('b', '2', 'v8.5.3')]);
    const lists = new TidbClusterLists();
    const before = await lists.of(server.api);
    server.items = [tidbCluster('a', '1', 'v8.5.3'), tidbCluster('b', '3', 'v8.5.3')];
    const after = await lists.of(server.api);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
  });

  it('cannot be changed by one look under the eyes of another', async () => {
    const [located] = await new TidbClusterLists().of(serverOf([tidbCluster('a', '1', 'v8.5.3')]).api);
    expect(() => Object.assign(located?.object.spec ?? {}, { version: 'v9.0.0' })).toThrow(TypeError);
  });

  it('keep apart what is of different Kubernetes clusters', async () => {
    const [east, west] = [serverOf([tidbCluster('a', '1', 'v8.5.3')]), serverOf([tidbCluster('b', '1', 'v8.5.3')])];
    const lists = new TidbClusterLists();
    const names = await Promise.all([east, west].map(async ({ api }) => (await lists.of(api)).map(({ object }) => object.metadata.name)));
    expect(names).toEqual([['a'], ['b']]);
  });

  it('are not waited for by a look that is cancelled', async () => {
    const silent = { cluster: 'east', list: () => new Promise(() => undefined) } as unknown as KubernetesApi;
    const cancelled = new AbortController();
    const asked = new TidbClusterLists().of(silent, cancelled.signal);
    cancelled.abort(new Error('the run is over'));
    await expect(asked).rejects.toThrow('the run is over');
  });
});
