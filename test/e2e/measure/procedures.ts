/**
 * How people upgrade a TiDB cluster over several Kubernetes clusters without a runbook: the documented procedure by hand, and everything
 * at once. What the documents say, not what they mean: the wait of the first ends before the database is whole.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesApi, KubernetesObject } from '../../../lab/kubernetes-api.ts';
import { measured } from './sample.ts';
import type { MeasuredComponent } from './sample.ts';

/** One TidbCluster and the API server that has it. */
export interface Seat {
  api: KubernetesApi;
  namespace: string;
  tidbCluster: string;
}

/** `kubectl get pods --watch` shows a change at once. Milliseconds. */
const lookEvery = 200;
const patience = 600_000;

const patchOf = ({ api, namespace, tidbCluster }: Seat, spec: object): Promise<KubernetesObject> =>
  api.patch(`/apis/pingcap.com/v1alpha1/namespaces/${namespace}/tidbclusters/${tidbCluster}`, { spec });

/** Component by component, TidbCluster by TidbCluster: change the version, wait until all pods are rebuilt and Running, go on. */
export async function upgradeByHand(seats: readonly Seat[], version: string): Promise<void> {
  for (const component of measured) {
    for (const seat of seats) {
      await patchOf(seat, { [component]: { version } });
      await rebuiltAndRunning(seat, component, version);
    }
  }
}

async function rebuiltAndRunning({ api, namespace, tidbCluster }: Seat, component: MeasuredComponent, version: string): Promise<void> {
  const { spec } = await api.get(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${tidbCluster}-${component}`);
  const selector = encodeURIComponent(`app.kubernetes.io/instance=${tidbCluster},app.kubernetes.io/component=${component}`);
  const end = performance.now() + patience;
  for (;;) {
    const { items } = await api.list(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`);
    if (items.filter((pod) => isNewAndRunning(pod, component, version)).length === spec.replicas) return;
    if (performance.now() > end) throw new Error(`The pods of ${tidbCluster}-${component} were not rebuilt and Running within ${patience / 1_000} s`);
    await delay(lookEvery);
  }
}

function isNewAndRunning({ spec, status }: KubernetesObject, component: MeasuredComponent, version: string): boolean {
  const container = (spec.containers as { name: string; image: string }[]).find(({ name }) => name === component);
  return status?.phase === 'Running' && (container?.image.endsWith(`:${version}`) ?? false);
}

/**
 * The version of all TidbClusters in the same moment. When all stores are told to give their leaders away at once, none has anyone to give them to, and
 * the operators would wait for 25 hours (seen): here they give up sooner.
 */
export async function upgradeAllAtOnce(seats: readonly Seat[], version: string): Promise<void> {
  const inherited = { ...Object.fromEntries(measured.map((component) => [component, { version: null }])), tikv: { version: null, evictLeaderTimeout: '30s' } };
  await Promise.all(seats.map((seat) => patchOf(seat, { version, ...inherited })));
}
