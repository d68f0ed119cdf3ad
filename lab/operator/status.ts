/** TidbCluster.status as tidb-operator v1.6 writes it (`API/types.go:release-1.6`). */
import type { Condition, StatefulSetStatus } from '../process/kubernetes-objects.ts';
import type { Component } from '../settings.ts';

export type Phase = 'Normal' | 'Upgrade' | 'Scale';

export interface PdMemberStatus {
  name: string;
  /** A decimal string. */
  id: string;
  clientURL: string;
  health: boolean;
  lastTransitionTime: string;
}

export interface StoreStatus {
  id: string;
  podName: string;
  ip: string;
  leaderCount: number;
  state: string;
  lastTransitionTime: string;
  leaderCountBeforeUpgrade?: number;
}

export interface ServerStatus {
  name: string;
  health: boolean;
  lastTransitionTime: string;
  node?: string;
}

export interface CaptureStatus {
  podName: string;
  id: string;
  version: string;
  isOwner: boolean;
  ready: boolean;
}

/** One shape for all components: each uses the fields that it has in the CRD. */
export interface ComponentStatus {
  name?: string;
  synced?: boolean;
  phase?: Phase;
  statefulSet?: StatefulSetStatus;
  image?: string;
  bootStrapped?: boolean;
  leader?: PdMemberStatus;
  members?: Record<string, PdMemberStatus> | Record<string, ServerStatus> | string[] | { nodeId: string; host: string; state: string }[];
  peerMembers?: Record<string, PdMemberStatus>;
  unjoinedMembers?: Record<string, object>;
  stores?: Record<string, StoreStatus>;
  peerStores?: Record<string, StoreStatus>;
  tombstoneStores?: Record<string, StoreStatus>;
  captures?: Record<string, CaptureStatus>;
}

type StatusKey = Exclude<Component, 'tso' | 'scheduling'>;

export interface TidbClusterStatus extends Partial<Record<StatusKey, ComponentStatus>> {
  clusterID?: string;
  pdms?: Record<string, ComponentStatus>;
  conditions?: Condition[];
}

/** The part of the status that belongs to a component; made when it is not there yet. */
export function statusOf(status: TidbClusterStatus, component: Component): ComponentStatus {
  if (component === 'tso' || component === 'scheduling') {
    status.pdms ??= {};
    return (status.pdms[component] ??= { name: component });
  }
  return (status[component] ??= {});
}

export const membersOf = (status: ComponentStatus | undefined): Record<string, PdMemberStatus> => (status?.members ?? {}) as Record<string, PdMemberStatus>;
export const serversOf = (status: ComponentStatus | undefined): Record<string, ServerStatus> => (status?.members ?? {}) as Record<string, ServerStatus>;
