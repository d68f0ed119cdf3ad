/** What can be asked of PD (and of the etcd inside it), the same over a port-forward and over a direct connection. */
import type { PdMember, RegionCheck, Store } from '../tidb/view.ts';

export interface PdCallOptions {
  /** The caller's own end. When it fires, the call rejects with its reason. */
  signal?: AbortSignal;
}

export interface PdMembers {
  /** Decimal string: ids exceed 2^53. */
  clusterId: string;
  /** Without health: `health()` has it. */
  members: Omit<PdMember, 'healthy'>[];
  /** Name of the PD leader; undefined while there is none. */
  leader: string | undefined;
}

export interface PdStore extends Store {
  labels: Record<string, string>;
  /** Bytes, with the four digits that PD prints; undefined while the store has not reported. */
  capacity: number | undefined;
  available: number | undefined;
  usedSize: number | undefined;
}

export interface PdRegion {
  /** Decimal string. */
  id: string;
  /** Stores that hold voters of the region, learners not counted. */
  voterStores: string[];
  /** Store of the leader; undefined when PD knows none. */
  leaderStore: string | undefined;
}

export interface Replication {
  maxReplicas: number;
  locationLabels: string[];
  isolationLevel: string;
  placementRulesEnabled: boolean;
}

/** Who holds PD's maintenance lock. */
export interface MaintenanceTask {
  type: string;
  id: string;
  /** Seconds since 1970 by PD's clock. */
  startTimestamp: number;
  description: string;
}

/** `held-by-other` has no holder when the holder left between PD's look and its answer. */
export type MaintenanceTaken = { state: 'taken' } | { state: 'held-by-other'; holder: MaintenanceTask | undefined } | { state: 'not-served' };
export type MaintenanceHeld = { state: 'free' } | { state: 'held'; holder: MaintenanceTask } | { state: 'not-served' };

/** PD's lock of the whole TiDB cluster (PD ≥ 8.5.7, server/apiv2/handlers/maintenance.go): one task at a time, without expiry. */
export interface Maintenance {
  get(options?: PdCallOptions): Promise<MaintenanceHeld>;
  /** Safe to repeat with the same type and id. */
  take(task: { type: string; id: string; description: string }, options?: PdCallOptions): Promise<MaintenanceTaken>;
  /** Afterwards this type and id does not hold the lock, whoever else may; safe to repeat. */
  release(task: { type: string; id: string }, options?: PdCallOptions): Promise<void>;
}

export interface EtcdMember {
  /** Decimal string. */
  id: string;
  /** Empty: added, never started. */
  name: string;
  peerUrls: string[];
  clientUrls: string[];
  learner: boolean;
}

/** All methods throw Unreachable when PD is silent, has no leader or answers something unexpected: unknown, never healthy. */
export interface PdApi {
  members(options?: PdCallOptions): Promise<PdMembers>;
  /** By member name, as the answering member sees it. Takes long while a member is cut off. */
  health(options?: PdCallOptions): Promise<Map<string, boolean>>;
  /** All stores, tombstones included. */
  stores(options?: PdCallOptions): Promise<PdStore[]>;
  regionCount(check: RegionCheck, options?: PdCallOptions): Promise<number>;
  /** The regions themselves, for naming why something stalls: the answer can be large. */
  regions(check: RegionCheck, options?: PdCallOptions): Promise<PdRegion[]>;
  schedulers(options?: PdCallOptions): Promise<string[]>;
  /** Ids of the stores from which leaders are being evicted. */
  evictLeaderStores(options?: PdCallOptions): Promise<string[]>;
  replication(options?: PdCallOptions): Promise<Replication>;
  /** Whether the answering member has loaded its regions and may lead; `not-served` before PD 8.5.2. */
  ready(options?: PdCallOptions): Promise<boolean | 'not-served'>;
  readonly maintenance: Maintenance;
  etcdMembers(options?: PdCallOptions): Promise<EtcdMember[]>;
}
