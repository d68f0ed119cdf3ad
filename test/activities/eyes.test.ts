/** What a wait sees between its first look and its watches, over an API server of a few objects. */
import { TidbClusterLists } from '../../src/activities/observing/tidb-cluster-lists.ts';
import { newPaces } from '../../src/activities/paces.ts';
import type { Surroundings } from '../../src/activities/surroundings.ts';
import { Eyes } from '../../src/activities/waiting/eyes.ts';
import { RunbookError } from '../../src/errors.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import type { KubernetesObject, ResourceRef } from '../../src/kubernetes/resources.ts';
import { makeView, small, tidbCluster } from '../tidb/make-view.ts';

const LONG_MS = 60_000;

/** One TidbCluster in `east`; PD is silent. `onWatch` is called when something begins to be watched; the watches themselves never wake. */
function surroundings(onWatch: (object: KubernetesObject) => void): Surroundings {
  const { object } = tidbCluster(makeView({ kubernetesClusters: ['east'], replicas: small }), 'east');
  const stored = structuredClone({ ...object, spec: { ...object.spec, tlsCluster: undefined } }) as unknown as KubernetesObject;
  const list = async ({ plural }: ResourceRef): Promise<unknown> => ({ items: plural === 'tidbclusters' ? [structuredClone(stored)] : [], resourceVersion: '1' });
  const api = { cluster: 'east', list, get: async () => structuredClone(stored) } as unknown as KubernetesApi;
  const { name, namespace } = stored.metadata;
  const silent = { of: () => { throw new RunbookError('Unreachable', 'PD is silent'); } };
  const hub = { subscribe: () => (onWatch(stored), () => undefined) };
  const inventory = {
    kubernetesClusters: { east: { kubeconfig: 'none' } },
    tidbClusters: { shop: { name: 'shop', initial: { kubernetesCluster: 'east', namespace, name }, kubernetesClusters: ['east'], pd: { access: 'port-forward' } } },
  };
  return { inventory, kubernetes: () => api, hub, pd: silent, tidbClusters: new TidbClusterLists(), paces: newPaces() } as unknown as Surroundings;
}

test('what changes after the first look and before the watch is seen at once, not after the next whole look', async () => {
  const at = surroundings((object) => (object['spec'] = { ...(object['spec'] as object), version: 'v8.5.4' }));
  const eyes = new Eyes(at, { target: { cluster: 'shop' }, key: 'east', signal: new AbortController().signal });
  const versions: unknown[] = [];
  for (let looks = 0; looks < 2; looks++) {
    const { view } = await eyes.look();
    versions.push(view?.tidbClusters[0]?.object.spec.version);
    await eyes.rest(looks === 0 ? LONG_MS : 0);
  }
  eyes.close();
  expect(versions).toEqual(['v8.5.3', 'v8.5.4']);
});
