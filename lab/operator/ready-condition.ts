/** Condition Ready of a TidbCluster, with the reasons in the order in which tidb-operator looks (`tidb_cluster_condition_updater.go:release-1.6`). */
import type { Condition, StatefulSetStatus } from '../process/kubernetes-objects.ts';
import { membersOf, serversOf } from './status.ts';
import type { StoreStatus, TidbClusterStatus } from './status.ts';
import { desiredReplicas } from './tidb-cluster.ts';
import type { TidbCluster } from './tidb-cluster.ts';

interface Finding {
  reason: string;
  message: string;
  /** True when this keeps the TidbCluster from being Ready. */
  holds: (cluster: TidbCluster, status: TidbClusterStatus) => boolean;
}

const differs = (set: StatefulSetStatus | undefined): boolean => set !== undefined && set.currentRevision !== set.updateRevision;

const notAll = <Item>(wanted: number, items: Record<string, Item> | undefined, isGood: (item: Item) => boolean): boolean => {
  const values = Object.values(items ?? {});
  return values.length !== wanted || !values.every(isGood);
};
const isUp = (store: StoreStatus): boolean => store.state === 'Up';

const findings: Finding[] = [
  {
    reason: 'StatefulSetNotUpToDate', message: 'Statefulset(s) are in progress',
    holds: (_, status) => [status.pd, status.tikv, status.tidb, status.tiflash].some((part) => differs(part?.statefulSet)),
  },
  {
    reason: 'PDUnhealthy', message: 'PD(s) are not healthy',
    holds: (cluster, { pd }) => cluster.spec.pd !== undefined && notAll(desiredReplicas(cluster, 'pd'), membersOf(pd), (member) => member.health),
  },
  {
    reason: 'TiKVStoreNotUp', message: 'TiKV store(s) are not up',
    holds: (cluster, { tikv }) => cluster.spec.tikv !== undefined && notAll(desiredReplicas(cluster, 'tikv'), tikv?.stores, isUp),
  },
  {
    reason: 'TiDBUnhealthy', message: 'TiDB(s) are not healthy',
    holds: (cluster, { tidb }) => cluster.spec.tidb !== undefined && notAll(desiredReplicas(cluster, 'tidb'), serversOf(tidb), (member) => member.health),
  },
  {
    reason: 'TiFlashStoreNotUp', message: 'TiFlash store(s) are not up',
    holds: (cluster, { tiflash }) => cluster.spec.tiflash !== undefined && notAll(desiredReplicas(cluster, 'tiflash'), tiflash?.stores, isUp),
  },
  {
    reason: 'TiCDCCaptureNotReady', message: 'TiCDC capture(s) are not ready',
    holds: (cluster, { ticdc }) => cluster.spec.ticdc !== undefined && notAll(desiredReplicas(cluster, 'ticdc'), ticdc?.captures, (capture) => capture.ready),
  },
  {
    reason: 'TiProxyUnhealthy', message: 'TiProxy(s) are not healthy',
    holds: (cluster, { tiproxy }) => cluster.spec.tiproxy !== undefined && notAll(desiredReplicas(cluster, 'tiproxy'), serversOf(tiproxy), (member) => member.health),
  },
];

/** The condition after a pass. Nothing changes, not even its time, while status and reason stay the same. */
export function readyCondition(cluster: TidbCluster, status: TidbClusterStatus, now: string): Condition {
  const found = findings.find((finding) => finding.holds(cluster, status));
  const known = status.conditions?.find((condition) => condition.type === 'Ready');
  const truth = found ? 'False' : 'True';
  const reason = found?.reason ?? 'Ready';
  if (known?.status === truth && known.reason === reason) return known;
  return {
    type: 'Ready', status: truth, reason, message: found?.message ?? 'TiDB cluster is fully up and running',
    lastUpdateTime: now,
    lastTransitionTime: known?.status === truth ? (known.lastTransitionTime ?? now) : now,
  };
}
