/** The JSON bodies of PD's HTTP API (shapes: `PD/server/api` and `PD/pkg/response` of v8.5.7). */
import type { Database } from './database.ts';
import type { Member, Region, StateName, Store } from './model.ts';

const nanosecondsPerMillisecond = 1_000_000n;
const millisecondsPerSecond = 1_000;
const gitHash = '0123456789abcdef0123456789abcdef01234567';
/** What a twin store pretends to hold. */
const capacityGiB = 100;
const regionMiB = 96;
const mebibytesPerGibibyte = 1_024;

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
      labels: store.engine === 'tiflash' ? [{ key: 'engine', value: 'tiflash' }] : [],
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
  const used = (regions * regionMiB) / mebibytesPerGibibyte;
  const started = store.startTimestamp * millisecondsPerSecond;
  return {
    capacity: `${capacityGiB}GiB`, available: `${(capacityGiB - used).toFixed(2)}GiB`, used_size: `${used.toFixed(3)}GiB`,
    leader_count: leaders, leader_weight: 1, leader_score: leaders * regionMiB, leader_size: leaders * regionMiB,
    region_count: regions, region_weight: 1, region_score: regions * regionMiB, region_size: regions * regionMiB, slow_score: 1,
    start_ts: new Date(started).toISOString(),
    ...(store.lastHeartbeat ? { last_heartbeat_ts: new Date(store.lastHeartbeat).toISOString() } : {}),
    uptime: `${Math.max(0, Math.floor((database.now - started) / millisecondsPerSecond))}s`,
  };
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
  'location-labels': '',
  'strictly-match-label': 'false',
  'enable-placement-rules': 'true',
  'enable-placement-rules-cache': 'false',
  'isolation-level': '',
});

const rule = (group: string, id: string, role: string, count: number): object => ({
  group_id: group, id, start_key: '', end_key: '', role, is_witness: false, count,
});

/** The default rule, and one table replica for TiFlash when there is any TiFlash store. */
export function rulesBody(database: Database, group?: string): object[] {
  const hasTiflash = [...database.stores.all.values()].some((store) => store.engine === 'tiflash' && store.state !== 'Tombstone');
  const rules = { pd: [rule('pd', 'default', 'voter', database.maxReplicas)], tiflash: hasTiflash ? [rule('tiflash', 'table-100-r', 'learner', 1)] : [] };
  if (group === undefined) return [...rules.pd, ...rules.tiflash];
  return group === 'pd' || group === 'tiflash' ? rules[group] : [];
}

export const evictScheduler = 'evict-leader-scheduler';

export const evictedStores = (database: Database): number[] =>
  [...database.stores.all.values()].filter((store) => database.isEvicting(store)).map((store) => store.id);

export const schedulerNames = (database: Database): string[] => [
  'balance-hot-region-scheduler', 'balance-leader-scheduler', 'balance-region-scheduler',
  ...(evictedStores(database).length > 0 ? [evictScheduler] : []),
];
