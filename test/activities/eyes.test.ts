/** How a wait looks and rests, over an API server of a few objects. */
import { setTimeout as delay } from 'node:timers/promises';
import { TidbClusterLists } from '../../src/activities/observing/tidb-cluster-lists.ts';
import { newPaces } from '../../src/activities/paces.ts';
import type { Surroundings } from '../../src/activities/surroundings.ts';
import { Eyes } from '../../src/activities/waiting/eyes.ts';
import { RunbookError } from '../../src/errors.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import type { KubernetesObject, ResourceRef } from '../../src/kubernetes/resources.ts';
import { makeView, small, tidbCluster } from '../tidb/make-view.ts';

const LONG_MS = 60_000;
const LOOK_MS = 60;
const SOON_MS = 10;

interface ApiServer {
  /** Called when something begins to be watched. */
  onWatch?: (object: KubernetesObject) => void;
  answersAfterMs?: number;
}

/** One TidbCluster in `east`; PD is silent. The watches themselves never wake. */
function surroundings({ onWatch = () => undefined, answersAfterMs = 0 }: ApiServer): Surroundings {
  const { object } = tidbCluster(makeView({ kubernetesClusters: ['east'], replicas: small }), 'east');
  const stored = structuredClone({ ...object, spec: { ...object.spec, tlsCluster: undefined } }) as unknown as KubernetesObject;
  const list = async ({ plural }: ResourceRef): Promise<unknown> => {
    await delay(answersAfterMs);
    return { items: plural === 'tidbclusters' ? [structuredClone(stored)] : [], resourceVersion: '1' };
  };
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
  const at = surroundings({ onWatch: (object) => (object['spec'] = { ...(object['spec'] as object), version: 'v8.5.4' }) });
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

test('what wakes us waits until the servers have had their rest, but never for longer than we meant to rest', async () => {
  const eyes = new Eyes(surroundings({ answersAfterMs: LOOK_MS }), { target: { cluster: 'shop' }, key: 'east', signal: new AbortController().signal });
  const isOverWithin = async (ms: number, rest: Promise<void>): Promise<boolean> => Promise.race([rest.then(() => true), delay(ms, false)]);
  // It is woken when it begins to watch.
  await eyes.look();
  expect(await isOverWithin(SOON_MS, eyes.rest(0))).toBe(true);
  const rested = eyes.rest(LONG_MS);
  expect(await isOverWithin(SOON_MS, rested)).toBe(false);
  await rested;
  eyes.close();
});
