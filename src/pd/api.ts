/** What can be asked of PD (and of the etcd inside it), the same over a port-forward and over a direct connection. */
import type { PdMember, PlacementRule, RegionCheck, Store } from '../tidb/view.ts';

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

/** How far PD is with moving all regions off the stores that are being removed: the average over these stores. */
export interface RemovingProgress {
  /** 0 to 1. */
  progress: number;
  /** Undefined while PD cannot tell, as when nothing moves. */
  leftSeconds: number | undefined;
  /** MiB per second. */
  currentSpeed: number;
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
  /** Decimal string, also where the API prints hexadecimal. */
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
  stores(options?: PdCallOptions): Promise<Store[]>;
  regionCount(check: RegionCheck, options?: PdCallOptions): Promise<number>;
  /** The regions themselves, for naming why something stalls: the answer can be large. */
  regions(check: RegionCheck, options?: PdCallOptions): Promise<PdRegion[]>;
  schedulers(options?: PdCallOptions): Promise<string[]>;
  /** Ids of the stores from which leaders are being evicted. */
  evictLeaderStores(options?: PdCallOptions): Promise<string[]>;
  replication(options?: PdCallOptions): Promise<Replication>;
  /** Placement rules of all groups; `disabled` when PD places by `replication` alone. */
  placementRules(options?: PdCallOptions): Promise<PlacementRule[] | 'disabled'>;
  /** Takes a removal back: an Offline store is Up again. Safe to repeat. Throws NotFound when PD does not know the store, or buried it already. */
  storeState(id: string, state: 'Up', options?: PdCallOptions): Promise<void>;
  /** Removes the evict-leader-scheduler of a store, whoever set it. Safe to repeat. */
  endEviction(id: string, options?: PdCallOptions): Promise<void>;
  /** `none`: no store is being removed, or PD (before 6.1) does not tell. */
  removingProgress(options?: PdCallOptions): Promise<RemovingProgress | 'none'>;
  /** Whether the answering member has loaded its regions and may lead; `not-served` before PD 8.5.2. */
  ready(options?: PdCallOptions): Promise<boolean | 'not-served'>;
  readonly maintenance: Maintenance;
  /** etcd's v3 member list. Throws Unsupported when the gateway is off. */
  etcdMembers(options?: PdCallOptions): Promise<EtcdMember[]>;
  /**
   * Gives a member one peer URL, over etcd's v3 gateway; answers the list afterwards. Safe to repeat. etcd takes ANY text here, and a wrong one
   * kills the other members for ever (§5.4): call it only with what `peerUrlProblems` has nothing against.
   * Throws Unsupported when the gateway is off, NotFound for an unknown member, InvalidInput when another member has this URL.
   */
  updateMemberPeerUrls(id: string, peerUrl: string, options?: PdCallOptions): Promise<EtcdMember[]>;
  /** The v2 member list. Throws Unsupported where it is not served (PD ≥ 8.4). */
  membersV2(options?: PdCallOptions): Promise<EtcdMember[]>;
  /** As `updateMemberPeerUrls`, over v2; a malformed URL is refused here. Use it only where v3 is not served: see `memberApi`. */
  updateMemberPeerUrlsV2(id: string, peerUrl: string, options?: PdCallOptions): Promise<void>;
}
