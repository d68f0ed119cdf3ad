/** What was observed of one TiDB cluster, from all Kubernetes clusters and from PD. Guards, proofs and planners take it and return data. */
import type { LastingPlace, Place } from '../protocol/place.ts';
import { labels } from './components.ts';
import type { Component } from './components.ts';
import type { KubernetesEvent, Pod, StatefulSet, TidbCluster } from './objects.ts';

export interface PdMember {
  name: string;
  /** Decimal string: ids exceed 2^53. */
  id: string;
  peerUrls: string[];
  clientUrls: string[];
  /** `8.5.4`; empty while the member has not reported. */
  version: string;
  /** In PD's own view; undefined when PD said nothing about it. */
  healthy: boolean | undefined;
}

export type StoreState = 'Up' | 'Disconnected' | 'Down' | 'Offline' | 'Tombstone' | 'Unknown';

export interface Store {
  id: string;
  /** `<host>:<port>` as advertised. */
  address: string;
  version: string;
  state: StoreState;
  engine: 'tikv' | 'tiflash';
  /** Seconds since 1970 by the store's clock. */
  startTimestamp: number;
  /** Milliseconds since 1970 by PD's clock. */
  lastHeartbeatMs: number;
  leaderCount: number;
  regionCount: number;
  /** Where it stands (`zone: east`), as placement looks at it; `engine: tiflash` marks TiFlash. */
  labels: Record<string, string>;
  /** Bytes, with the four digits that PD prints; undefined while the store has not reported. */
  capacity: number | undefined;
  available: number | undefined;
  usedSize: number | undefined;
}

/** What the value of a store's label must be; `op` is `in`, `notIn`, `exists`, `notExists`, or what a later PD brings. */
export interface LabelConstraint {
  key: string;
  op: string;
  values: string[];
}

/** How many peers of which role the regions of a key range have, and on which stores (PD pkg/schedule/placement/rule.go). */
export interface PlacementRule {
  groupId: string;
  id: string;
  /** Rules of a group apply in this order. */
  index: number;
  /** It replaces the rules of its group that come before it. */
  override: boolean;
  /** `voter`, `leader`, `follower`, `learner`. */
  role: string;
  count: number;
  /** Hexadecimal; both empty: all keys. */
  startKey: string;
  endKey: string;
  locationLabels: string[];
  isolationLevel: string;
  /** A store must meet all of them. */
  labelConstraints: LabelConstraint[];
}

export const regionChecks = ['miss-peer', 'down-peer', 'pending-peer', 'offline-peer'] as const;
export type RegionCheck = (typeof regionChecks)[number];

/** PD's own view: what decides whether the database is whole. */
export interface DatabaseView {
  clusterId: string;
  members: PdMember[];
  /** Name of the PD leader. */
  leader: string | undefined;
  stores: Store[];
  regions: Record<RegionCheck, number>;
  /** Ids of the stores from which leaders are being evicted. */
  evictingStores: string[];
  maxReplicas: number;
  /** Of PD's configuration, the widest first; rules may have their own. */
  locationLabels: string[];
  /** One of the location labels, or empty. */
  isolationLevel: string;
  /** `disabled`: only `maxReplicas` and the location labels decide. */
  placementRules: PlacementRule[] | 'disabled';
  /** Members that say their regions are not loaded yet (PD ≥ 8.5.2). */
  notReady: string[];
  /** How far PD is with emptying the stores that are being removed. Only where a step asks for it (`More`). */
  removing?: { progress: number; leftSeconds: number | undefined } | 'none';
}

export interface OperatorView {
  /** Undefined: it could not be found out, which never counts as alive. */
  alive: boolean | undefined;
  version: string | undefined;
  /** In words, for the reason. */
  detail: string;
}

export interface CertificateView {
  secret: string;
  /** Milliseconds since 1970. */
  notAfterMs: number;
  /** The DNS names among its subjectAltNames. */
  dnsNames: string[];
}

/** One member in etcd's own member list. */
export interface EtcdMemberView {
  /** Decimal string: ids exceed 2^53. */
  id: string;
  /** Empty: added, never started. */
  name: string;
  peerUrls: string[];
  clientUrls: string[];
  learner: boolean;
}

/** What one PD member says for itself of etcd's membership and of everybody's health. */
export interface MemberApiVoice {
  /** `shop-west-pd-0 in west`. */
  by: string;
  members: EtcdMemberView[];
  /** Names of the members that do not answer it under their client URLs. */
  unhealthy: string[];
}

/** etcd's membership, each member asked for itself. */
export interface MemberApiView {
  /** v2 only where v3 is absent; `none`: neither is served. */
  served: 'v3' | 'v2' | 'none';
  voices: MemberApiVoice[];
  /** Members that did not answer, in sentences. */
  silent: string[];
}

/** A full backup as TiDB Operator keeps it. */
export interface BackupView {
  name: string;
  namespace: string;
  /** The TidbCluster that it is of: `<namespace>/<name>`. */
  of: string;
  /** Milliseconds since 1970; undefined while it is not complete. */
  completedAtMs: number | undefined;
  commitTs: string;
}

/** A pod of ours that looks up names and ends. */
export interface ProbeView {
  name: string;
  uid: string;
  /** What it was asked for: a digest. */
  of: string;
  phase: string;
  /** Undefined until it has ended. */
  exitCode: number | undefined;
  /** The end of its log, once it has ended. */
  lines: string[];
  /** Why its container does not start, if so. */
  waiting: string;
}

/** One TidbCluster of the TiDB cluster. */
export interface TidbClusterView {
  /** Names it in steps and gates: the Kubernetes cluster, or `<kubernetes cluster>.<name>` where one holds several. */
  key: string;
  kubernetesCluster: string;
  /** The one without `spec.cluster`, where the upgrade of each component begins. */
  initial: boolean;
  object: TidbCluster;
  statefulSets: Partial<Record<Component, StatefulSet>>;
  pods: Pod[];
  /** Warning events of the TidbCluster, its StatefulSets and pods. */
  events: KubernetesEvent[];
  operator: OperatorView;
  certificates: CertificateView[];
}

/** What stands in Kubernetes for one TidbCluster, read by its place: also when its object is gone. Names and sizes only, never a content. */
export interface Remains {
  place: Place;
  /** Undefined when the object is gone. */
  object: TidbCluster | undefined;
  statefulSets: Leftover[];
  /** Discovery included: it is of the same instance (§3.9). */
  pods: Leftover[];
  claims: ClaimLeftover[];
  volumes: VolumeLeftover[];
  /** Those whose names say that they are of this TidbCluster (§6.1). */
  secrets: Leftover[];
  /** TidbMonitors that watch this TidbCluster and no other. */
  monitors: Leftover[];
  /** Kinds, in the plural, that the worker may not read: their lists above are empty for that reason. */
  unread: string[];
}

export interface Leftover {
  name: string;
  uid: string;
}

export interface ClaimLeftover extends Leftover {
  /** Empty while it is not bound. */
  volume: string;
}

export interface VolumeLeftover extends Leftover {
  /** `Retain` or `Delete`: what happens to it when its claim goes. */
  reclaimPolicy: string;
  phase: string;
}

/** The TidbClusters stand in the order of procedures: the initial one first, then as in the inventory. */
export interface ClusterView {
  name: string;
  tidbClusters: TidbClusterView[];
  /** Undefined when PD did not answer; `databaseProblem` says why. Unknown never counts as healthy. */
  database: DatabaseView | undefined;
  databaseProblem: string | undefined;
  /** Only where a step or planner asks for it (`More`). */
  remains?: Remains | undefined;
  /** Only where a step or planner asks for it (`More`). */
  memberApi?: MemberApiView | undefined;
  /** Only where a planner asks for it (`More`); a text: why they cannot be read. */
  backups?: BackupView[] | string | undefined;
  /** Only where a step asks for it (`More`); the newest last. */
  probes?: ProbeView[] | undefined;
  /** By the worker's clock; used only for things that tolerate skew of minutes. */
  nowMs: number;
}

export function placeOf({ kubernetesCluster, object: { metadata } }: Pick<TidbClusterView, 'kubernetesCluster' | 'object'>): Place {
  return { kubernetesCluster, namespace: metadata.namespace, name: metadata.name };
}

/** For what is looked at after its object is gone (tidb-operator v1.6 apis/pingcap/v1alpha1/tidbcluster.go, GetInstanceName). */
export function lastingPlaceOf(each: TidbClusterView): LastingPlace {
  const place = placeOf(each);
  const instance = each.object.metadata.labels[labels.instance];
  return instance === undefined || instance === place.name ? place : { ...place, instance };
}

export function nameOf(view: TidbClusterView): string {
  return `${view.object.metadata.namespace}/${view.object.metadata.name}`;
}

/** Where two share a Kubernetes cluster their keys name both; when one of them goes, the other is still found by the key that it had. */
export function hasKey({ key: own, kubernetesCluster, object }: TidbClusterView, key: string): boolean {
  return own === key || longKey(kubernetesCluster, object.metadata.name) === key;
}

/** The key of a TidbCluster that shares its Kubernetes cluster with another one of the same TiDB cluster. */
export const longKey = (kubernetesCluster: string, name: string): string => `${kubernetesCluster}.${name}`;

export function findByKey({ tidbClusters }: Pick<ClusterView, 'tidbClusters'>, key: string): TidbClusterView | undefined {
  return tidbClusters.find((each) => hasKey(each, key));
}

/** The initial one first, the others as they stand. */
export function inOrder(view: ClusterView): ClusterView {
  return { ...view, tidbClusters: [...view.tidbClusters].sort((a, b) => Number(b.initial) - Number(a.initial)) };
}
