/** Names that the operator derives from a TidbCluster: StatefulSets, services, hosts, PD members (`M/utils.go:release-1.6`). */
import type { Component } from '../settings.ts';
import { isTls } from './tidb-cluster.ts';
import type { TidbCluster } from './tidb-cluster.ts';

/** As events name a TidbCluster. */
export const fullName = ({ metadata: { namespace, name } }: TidbCluster): string => `${namespace}/${name}`;
export const setName = (cluster: TidbCluster, component: Component): string => `${cluster.metadata.name}-${component}`;
export const podName = (cluster: TidbCluster, component: Component, ordinal: number): string => `${setName(cluster, component)}-${ordinal}`;
/** Pump's headless service has no `-peer`. */
export const peerService = (cluster: TidbCluster, component: Component): string =>
  component === 'pump' ? setName(cluster, component) : `${setName(cluster, component)}-peer`;

const domainSuffix = (cluster: TidbCluster): string => (cluster.spec.clusterDomain ? `.${cluster.spec.clusterDomain}` : '');

/** The host under which the pod advertises itself; `pod` may be a shell variable. */
export const hostOf = (cluster: TidbCluster, component: Component, pod: string): string =>
  `${pod}.${peerService(cluster, component)}.${cluster.metadata.namespace}.svc${domainSuffix(cluster)}`;

export const scheme = (cluster: TidbCluster): string => (isTls(cluster) ? 'https' : 'http');

/** A PD member bears its host's name as soon as one of the two fields is set, else its pod's. */
export const pdMemberName = (cluster: TidbCluster, pod: string): string =>
  cluster.spec.acrossK8s || cluster.spec.clusterDomain ? hostOf(cluster, 'pd', pod) : pod;

const escaped = (text: string): string => text.replace(/[.\\^$*+?()[\]{}|-]/g, '\\$&');

/** The pod of this TidbCluster that a host or URL names, if any; the domain is optional. */
export function localPod(cluster: TidbCluster, component: Component, address: string): string | undefined {
  const pattern = `^(?:https?://)?(${escaped(setName(cluster, component))}-\\d+)\\.${escaped(peerService(cluster, component))}\\.${escaped(cluster.metadata.namespace)}\\.svc(?:${escaped(domainSuffix(cluster))})?(?::\\d+)?$`;
  return new RegExp(pattern).exec(address)?.[1];
}

export const ordinalOf = (pod: string): number => Number(pod.slice(pod.lastIndexOf('-') + 1));

export const instanceLabels = (cluster: TidbCluster, component: string): Record<string, string> => ({
  'app.kubernetes.io/name': 'tidb-cluster',
  'app.kubernetes.io/managed-by': 'tidb-operator',
  'app.kubernetes.io/instance': cluster.metadata.name,
  'app.kubernetes.io/component': component,
});

export const ownerReference = (cluster: TidbCluster): object => ({
  apiVersion: 'pingcap.com/v1alpha1', kind: 'TidbCluster', name: cluster.metadata.name, uid: cluster.metadata.uid, controller: true, blockOwnerDeletion: true,
});

export const annotations = {
  ownerGeneration: 'tidb.pingcap.com/owner-generation',
  lastApplied: 'pingcap.com/last-applied-configuration',
  evictLeaderBegin: 'tidb.pingcap.com/evictLeaderBeginTime',
  evictLeaderEnd: 'tidb.pingcap.com/tikv-evict-leader-end-at',
  pvcDeferDeleting: 'tidb.pingcap.com/pvc-defer-deleting',
  scaleInTime: 'tidb.pingcap.com/scale-in-time',
  checkQuorum: 'tidb.pingcap.com/pd-check-quorum-before-upgrade',
  checkStoresUp: 'tidb.pingcap.com/tikv-check-all-stores-up-before-upgrade',
  ddlPaused: 'tidb.pingcap.com/smooth-upgrade-ddl-paused',
  ddlSource: 'tidb.pingcap.com/smooth-upgrade-source-version',
  ddlTarget: 'tidb.pingcap.com/smooth-upgrade-target-version',
  ddlStarted: 'tidb.pingcap.com/smooth-upgrade-started-at',
} as const;

export const podLabels = { clusterId: 'tidb.pingcap.com/cluster-id', storeId: 'tidb.pingcap.com/store-id', memberId: 'tidb.pingcap.com/member-id', revision: 'controller-revision-hash' } as const;
