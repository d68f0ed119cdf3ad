/** The surroundings of activities with an API server of a few objects: one TidbCluster in `east`, and no pods. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PdAccess } from '../../src/activities/observing/pd-access.ts';
import { TidbClusterLists } from '../../src/activities/observing/tidb-cluster-lists.ts';
import { newPaces } from '../../src/activities/paces.ts';
import type { Surroundings } from '../../src/activities/surroundings.ts';
import { RunbookError } from '../../src/errors.ts';
import type { KubernetesApi } from '../../src/kubernetes/api.ts';
import type { KubernetesObject, ResourceRef } from '../../src/kubernetes/resources.ts';
import { makeView, small, tidbCluster } from '../tidb/make-view.ts';

export interface FewObjects {
  /** Called when something begins to be watched. */
  onWatch?: (object: KubernetesObject) => void;
  answersAfterMs?: number;
  /** Absent: PD is silent. */
  pd?: Pick<PdAccess, 'of' | 'last'>;
}

const silentPd: Pick<PdAccess, 'of' | 'last'> = {
  of: () => { throw new RunbookError('Unreachable', 'PD is silent'); },
  last: () => undefined,
};

/** The watches themselves never wake. */
export function surroundings({ onWatch = () => undefined, answersAfterMs = 0, pd = silentPd }: FewObjects = {}): Surroundings {
  const { object } = tidbCluster(makeView({ kubernetesClusters: ['east'], replicas: small }), 'east');
  const stored = structuredClone({ ...object, spec: { ...object.spec, tlsCluster: undefined } }) as unknown as KubernetesObject;
  const list = async ({ plural }: ResourceRef): Promise<unknown> => {
    await delay(answersAfterMs);
    return { items: plural === 'tidbclusters' ? [structuredClone(stored)] : [], resourceVersion: '1' };
  };
  const api = { cluster: 'east', list, get: async () => structuredClone(stored) } as unknown as KubernetesApi;
  const { name, namespace } = stored.metadata;
  const hub = { subscribe: () => (onWatch(stored), () => undefined) };
  const inventory = {
    kubernetesClusters: { east: { kubeconfig: 'none' } },
    tidbClusters: { shop: { name: 'shop', initial: { kubernetesCluster: 'east', namespace, name }, kubernetesClusters: ['east'], pd: { access: 'port-forward' } } },
  };
  return { inventory, kubernetes: () => api, hub, pd, tidbClusters: new TidbClusterLists(), paces: newPaces() } as unknown as Surroundings;
}
