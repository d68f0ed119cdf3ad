/** The nouns of the database twin: PD members, stores, regions, servers. Plain data, read and changed by the files beside it. */

/** Where a process of the database runs. */
export interface Origin {
  kubernetesCluster: string;
  namespace: string;
  tidbCluster: string;
  pod: string;
}

export interface Member {
  /** etcd's member id, above 2^53. */
  id: bigint;
  origin: Origin;
  /** Empty until the member has started for the first time (added, not joined). */
  name: string;
  peerUrls: string[];
  clientUrls: string[];
  /** With the leading v, as PD prints it. */
  version: string;
  alive: boolean;
  /** Every host by which its start scripts ever called it: the names that DNS knows. */
  hosts: string[];
  /** Its peer URL is another than the one with which it joined. */
  movedUrl: boolean;
  /** Other members cannot resolve its peer URL: to them it is gone. */
  cutOff: boolean;
}

export type Engine = 'tikv' | 'tiflash';

export interface Store {
  id: number;
  engine: Engine;
  origin: Origin;
  address: string;
  statusAddress: string;
  /** Without the leading v, as PD prints it. */
  version: string;
  /** Unix seconds, as the store told PD when it registered. */
  startTimestamp: number;
  /** Milliseconds; 0 when the present PD leader has not heard of it yet. */
  lastHeartbeat: number;
  nextHeartbeat: number;
  /** What an administrator decided; Disconnected and Down are only names that PD derives from silence. */
  state: 'Up' | 'Offline' | 'Tombstone';
  /** The process runs. A store whose process hangs is alive but silent. */
  alive: boolean;
  /** Since when the store answers nobody; undefined while it does. */
  awaySince: number | undefined;
  offlineSince: number | undefined;
  /** Peers that it had when its removal began. */
  peersAtRemoval: number;
}

export type StateName = 'Up' | 'Disconnected' | 'Down' | 'Offline' | 'Tombstone';

export interface Peer {
  store: number;
  learner: boolean;
  /** Until then it is pending. */
  caughtUpAt: number;
}

export interface Region {
  id: number;
  peers: Peer[];
  /** Store id; undefined while the region has no leader. */
  leader: number | undefined;
}

/** A TiDB, TiCDC, Pump or TiProxy process: no data of PD's, only who runs where. */
export interface Server {
  component: string;
  origin: Origin;
  id: string;
  address: string;
  version: string;
  alive: boolean;
  startedAt: number;
}

/** PD's own lock against two maintenance jobs at once (`PD/server/apiv2/handlers/maintenance.go`, ≥ v8.5.7). */
export interface MaintenanceTask {
  type: string;
  id: string;
  start_timestamp: number;
  description: string;
}

/** Faults of a database, asked at every tick. Everything is false or 0 while no fault is on. */
export interface Disturbances {
  leaderLost(): boolean;
  memberUnhealthy(member: Member): boolean;
  /** `silent`: the process hangs. `down`: silent for longer than PD's patience. */
  storeFault(store: Store): 'silent' | 'down' | undefined;
  leadersFrozen(store: Store): boolean;
  /** Peers do not leave the store, also when it is being removed. */
  neverDrains(store: Store): boolean;
  /** A peer URL that was changed through etcd's API cannot be resolved by the other members. */
  movedUrlUnresolvable(member: Member): boolean;
  /** PD's `enable-grpc-gateway` is false: etcd's v3 API is not served over HTTP. */
  gatewayOff(): boolean;
  /** Whether a call to this member (method, path and body) gets no answer: before it is carried out, which it then never is, or after that. */
  callHeld(member: Member, call: string): 'before' | 'after' | undefined;
  /** Regions to report as lacking a peer, or as having a pending one, beyond the real ones. */
  extraMissing(): number;
  extraPending(): number;
  /** Stores whose leaders somebody else evicts. */
  foreignEviction(store: Store): boolean;
}

export const undisturbed: Disturbances = {
  leaderLost: () => false,
  memberUnhealthy: () => false,
  storeFault: () => undefined,
  leadersFrozen: () => false,
  neverDrains: () => false,
  movedUrlUnresolvable: () => false,
  gatewayOff: () => false,
  callHeld: () => undefined,
  extraMissing: () => 0,
  extraPending: () => 0,
  foreignEviction: () => false,
};
