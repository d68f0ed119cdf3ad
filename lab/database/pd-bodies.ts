/** The JSON bodies of PD's HTTP API (shapes: `PD/server/api` and `PD/pkg/response` of v8.5.7). */
import type { Database } from './database.ts';
import type { Member, Region, StateName, Store } from './model.ts';

const nanosecondsPerMillisecond = 1_000_000n;
const millisecondsPerSecond = 1_000;
const gitHash = '0123456789abcdef0123456789abcdef01234567';
/** What a region of a twin pretends to hold. */
const regionMiB = 96;
const bytesPerMebibyte = 1_024 ** 2;
const bytesPerGibibyte = 1_024 ** 3;
/** PD prints sizes with four significant digits. */
const sizeDigits = 4;
const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export const memberBody = (member: Member): object => ({
  name: member.name,
  member_id: member.id,
  peer_urls: member.peerUrls,
  client_urls: member.clientUrls,
});

export const membersBody = (database: Database): object => {
  const { members } = database;
  const leader = members.leader && memberBody(members.leader);
  return {
    header: { cluster_id: database.clusterId },
    members: members.all.map((member) => ({ ...memberBody(member), deploy_path: '/', binary_version: member.version, git_hash: gitHash })),
    ...(leader ? { leader, etcd_leader: leader } : {}),
  };
};

export const healthBody = (database: Database): object[] =>
  database.members.all.map((member) => ({ name: member.name, member_id: member.id, client_urls: member.clientUrls, health: database.isHealthy(member) }));

const stateNumbers: Partial<Record<StateName, number>> = { Offline: 1, Tombstone: 2 };
/** metapb.NodeState: serving, removing, removed. */
const nodeStates: Record<Store['state'], number> = { Up: 1, Offline: 2, Tombstone: 3 };

export function storeBody(database: Database, store: Store): object {
  const stateName = database.stateName(store);
  const state = stateNumbers[stateName];
  return {
    store: {
      id: store.id,
      address: store.address,
      labels: Object.entries(database.configuration.labelsOf(store)).map(([key, value]) => ({ key, value })),
      version: store.version,
      status_address: store.statusAddress,
      git_hash: gitHash,
      start_timestamp: store.startTimestamp,
      deploy_path: '/',
      last_heartbeat: BigInt(store.lastHeartbeat) * nanosecondsPerMillisecond,
      ...(state === undefined ? {} : { state }),
      node_state: nodeStates[store.state],
      state_name: stateName,
    },
    status: statusBody(database, store),
  };
}

function statusBody(database: Database, store: Store): object {
  const [leaders, regions] = [database.regions.leadersOn(store.id), database.regions.peersOn(store.id)];
  const { capacity, used, available } = roomOf(database, store);
  const started = store.startTimestamp * millisecondsPerSecond;
  return {
    capacity: sizeText(capacity), available: sizeText(available), used_size: sizeText(used),
    leader_count: leaders, leader_weight: 1, leader_score: leaders * regionMiB, leader_size: leaders * regionMiB,
    region_count: regions, region_weight: 1, region_score: regions * regionMiB, region_size: regions * regionMiB, slow_score: 1,
    start_ts: new Date(started).toISOString(),
    ...(store.lastHeartbeat ? { last_heartbeat_ts: new Date(store.lastHeartbeat).toISOString() } : {}),
    uptime: `${Math.max(0, Math.floor((database.now - started) / millisecondsPerSecond))}s`,
  };
}

/** Bytes: what the store can hold, what its regions fill, what is left. */
export function roomOf(database: Database, store: Store): { capacity: number; used: number; available: number } {
  const capacity = database.configuration.capacityGiB(store) * bytesPerGibibyte;
  const used = database.regions.peersOn(store.id) * regionMiB * bytesPerMebibyte;
  return { capacity, used, available: Math.max(0, capacity - used) };
}

/** As docker/go-units' BytesSize: `1.819TiB`. */
function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), sizeUnits.length - 1);
  return `${Number((bytes / 1_024 ** power).toPrecision(sizeDigits))}${sizeUnits[power]}`;
}

export function regionsBody(regions: Region[]): object {
  return { count: regions.length, regions: regions.map(regionBody) };
}

const regionBody = (region: Region): object => ({
  id: region.id,
  start_key: region.id.toString(16).toUpperCase(),
  end_key: (region.id + 1).toString(16).toUpperCase(),
  epoch: { conf_ver: 1, version: 1 },
  peers: region.peers.map((peer) => peerBody(region, peer.store, peer.learner)),
  ...(region.leader === undefined ? {} : { leader: peerBody(region, region.leader, false) }),
  approximate_size: regionMiB,
});

/** A peer's id is unique because a region has at most one peer on a store. */
const peerBody = (region: Region, store: number, learner: boolean): object => ({
  id: region.id * millisecondsPerSecond + store,
  store_id: store,
  role_name: learner ? 'Learner' : 'Voter',
});

/** All values are of the kinds that PD writes: some booleans are strings. */
export const replicateBody = (database: Database): object => ({
  'max-replicas': database.maxReplicas,
  'location-labels': database.configuration.locationLabels.join(','),
  'strictly-match-label': 'false',
  'enable-placement-rules': String(database.configuration.rulesEnabled),
  'enable-placement-rules-cache': 'false',
  'isolation-level': database.configuration.isolationLevel,
});

export const rulesBody = (database: Database, group?: string): object[] =>
  database.rules.filter((rule) => group === undefined || rule.group_id === group).map((rule) => ({ ...rule, is_witness: false }));

const mebibytes = (regions: number): number => regions * regionMiB;
const mean = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** The average over stores that are being removed (`RaftCluster.GetProgressByAction`); undefined when there is none. */
export function removingBody(database: Database, stores: Store[]): object | undefined {
  if (stores.length === 0) return undefined;
  const removals = stores.map((store) => removalOf(database, store));
  const left = mean(removals.map(({ leftSeconds }) => leftSeconds));
  return {
    action: 'removing',
    progress: mean(removals.map(({ progress }) => progress)),
    current_speed: mean(removals.map(({ speed }) => speed)),
    left_seconds: Number.isFinite(left) ? left : Number.MAX_VALUE,
  };
}

function removalOf(database: Database, store: Store): { progress: number; speed: number; leftSeconds: number } {
  const left = database.regions.peersOn(store.id);
  const before = Math.max(store.peersAtRemoval, left, 1);
  const seconds = Math.max(1, database.now - (store.offlineSince ?? database.now)) / millisecondsPerSecond;
  const speed = mebibytes(before - left) / seconds;
  return { progress: 1 - left / before, speed, leftSeconds: left === 0 ? 0 : mebibytes(left) / speed };
}

export const evictScheduler = 'evict-leader-scheduler';

export const evictedStores = (database: Database): number[] =>
  [...database.stores.all.values()].filter((store) => database.isEvicting(store)).map((store) => store.id);

export const schedulerNames = (database: Database): string[] => [
  'balance-hot-region-scheduler', 'balance-leader-scheduler', 'balance-region-scheduler',
  ...(evictedStores(database).length > 0 ? [evictScheduler] : []),
];
