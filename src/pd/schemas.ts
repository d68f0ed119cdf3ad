/**
 * The shapes of PD's and etcd's answers, as far as they are read; unknown fields pass (PD v8.5 pkg/response, server/api; §5.5, §5.7).
 * They are fed by lossless-json: integers come as bigint.
 */
import { z } from 'zod';
import type { PlacementRule, Store, StoreState } from '../tidb/view.ts';
import type { EtcdMember, MaintenanceTask, PdMembers, PdRegion, RemovingProgress, Replication } from './api.ts';

/** Go marshals an empty slice as `null` in places. */
const listOf = <T extends z.ZodType>(item: T): z.ZodType<z.output<T>[]> => z.array(item).nullish().transform((items) => items ?? []);

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

const id = z.bigint().transform(String);
/** A count or a time in seconds: PD's are far below 2^53. */
const count = z.bigint().transform(Number);
const urls = listOf(z.string());
const plainVersion = z.string().default('').transform((text) => text.replace(/^v/, ''));

const member = z.object({ name: z.string().default(''), member_id: id, peer_urls: urls, client_urls: urls, binary_version: plainVersion });

export const membersSchema = z
  .object({ header: z.object({ cluster_id: id }), members: listOf(member), leader: z.object({ name: z.string().default('') }).nullish() })
  .transform(({ header, members, leader }): PdMembers => ({
    clusterId: header.cluster_id,
    leader: leader?.name || undefined,
    members: members.map((each) => ({ name: each.name, id: each.member_id, peerUrls: each.peer_urls, clientUrls: each.client_urls, version: each.binary_version })),
  }));

export const healthSchema = listOf(z.object({ name: z.string(), health: z.boolean() })).transform((members) => new Map(members.map(({ name, health }) => [name, health])));

const storeStates: readonly string[] = ['Up', 'Disconnected', 'Down', 'Offline', 'Tombstone'] satisfies StoreState[];
const storeState = z.string().default('').transform((name) => (storeStates.includes(name) ? (name as StoreState) : 'Unknown'));

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;
const sizePattern = new RegExp(`^([0-9.]+(?:e[+-]?[0-9]+)?)(${binaryUnits.join('|')})$`);

/** `1.819TiB` → bytes (docker/go-units BytesSize, four significant digits). */
function bytesOf(text: string): number | undefined {
  const match = sizePattern.exec(text);
  if (!match) return undefined;
  const power = binaryUnits.findIndex((unit) => unit === match[2]);
  return Math.round(Number(match[1]) * 1024 ** power);
}
const size = z.string().optional().transform((text) => (text === undefined ? undefined : bytesOf(text)));

const storeMeta = z.object({
  id,
  address: z.string().default(''),
  version: plainVersion,
  labels: listOf(z.object({ key: z.string(), value: z.string() })),
  state_name: storeState,
  start_timestamp: count.default(0),
  last_heartbeat: z.bigint().default(0n),
});
const storeStatus = z.object({ capacity: size, available: size, used_size: size, leader_count: count.default(0), region_count: count.default(0) });

const store = z.object({ store: storeMeta, status: storeStatus }).transform(({ store: meta, status }): Store => {
  const labels = Object.fromEntries(meta.labels.map(({ key, value }) => [key, value]));
  return {
    id: meta.id,
    address: meta.address,
    version: meta.version,
    state: meta.state_name,
    // Also `tiflash_compute`.
    engine: labels['engine']?.startsWith('tiflash') ? 'tiflash' : 'tikv',
    labels,
    startTimestamp: meta.start_timestamp,
    // Nanoseconds since 1970 exceed 2^53, milliseconds do not.
    lastHeartbeatMs: Number(meta.last_heartbeat / NANOSECONDS_PER_MILLISECOND),
    leaderCount: status.leader_count,
    regionCount: status.region_count,
    capacity: status.capacity,
    available: status.available,
    usedSize: status.used_size,
  };
});
export const storesSchema = z.object({ stores: listOf(store) }).transform(({ stores }) => stores);

const peer = z.object({ store_id: id.optional(), role_name: z.string().default('Voter') });
const region = z.object({ id, peers: listOf(peer), leader: peer.nullish() }).transform((each): PdRegion => ({
  id: each.id,
  voterStores: each.peers.filter((one) => one.role_name !== 'Learner').flatMap((one) => one.store_id ?? []),
  leaderStore: each.leader?.store_id,
}));
export const regionsSchema = z.object({ regions: listOf(region) }).transform(({ regions }) => regions);

export const schedulersSchema = listOf(z.string());

export const evictLeaderSchema = z.object({ 'store-id-ranges': z.record(z.string(), z.unknown()).nullish() }).transform((config) => Object.keys(config['store-id-ranges'] ?? {}));

/** PD prints several booleans of this configuration as strings. */
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(false);

export const replicationSchema = z
  .object({ 'max-replicas': count, 'location-labels': z.string().default(''), 'isolation-level': z.string().default(''), 'enable-placement-rules': flag })
  .transform((config): Replication => ({
    maxReplicas: config['max-replicas'],
    locationLabels: config['location-labels'].split(',').filter(Boolean),
    isolationLevel: config['isolation-level'],
    placementRulesEnabled: config['enable-placement-rules'],
  }));

const labelConstraint = z.object({ key: z.string().default(''), op: z.string().default(''), values: listOf(z.string()) });

const rule = z
  .object({
    group_id: z.string(), id: z.string(), index: count.default(0), override: z.boolean().default(false), role: z.string(), count,
    start_key: z.string().default(''), end_key: z.string().default(''),
    location_labels: listOf(z.string()), isolation_level: z.string().default(''), label_constraints: listOf(labelConstraint),
  })
  .transform(({ group_id, start_key, end_key, location_labels, isolation_level, label_constraints, ...each }): PlacementRule => ({
    ...each,
    groupId: group_id, startKey: start_key, endKey: end_key,
    locationLabels: location_labels, isolationLevel: isolation_level, labelConstraints: label_constraints,
  }));
export const placementRulesSchema = listOf(rule);

/** PD prints whole numbers without a point, so that they come as bigint here. */
const decimal = z.union([z.number(), z.bigint().transform(Number)]);

export const removingProgressSchema = z
  .object({ progress: decimal, left_seconds: decimal, current_speed: decimal })
  .transform(({ progress, left_seconds, current_speed }): RemovingProgress => ({
    progress,
    // PD writes the greatest float64 for a time without end.
    leftSeconds: left_seconds >= Number.MAX_VALUE ? undefined : left_seconds,
    currentSpeed: current_speed,
  }));

const task = z
  .object({ type: z.string(), id: z.string(), start_timestamp: count.default(0), description: z.string().default('') })
  .transform((each): MaintenanceTask => ({ type: each.type, id: each.id, startTimestamp: each.start_timestamp, description: each.description }));
export const maintenanceTasksSchema = listOf(task);
export const maintenanceConflictSchema = z.object({ existing_task: task.nullish() }).transform(({ existing_task }) => existing_task ?? undefined);

const etcdMember = z
  .object({ ID: z.string().regex(/^\d+$/), name: z.string().default(''), peerURLs: urls, clientURLs: urls, isLearner: z.boolean().default(false) })
  .transform((each): EtcdMember => ({ id: each.ID, name: each.name, peerUrls: each.peerURLs, clientUrls: each.clientURLs, learner: each.isLearner }));
export const etcdMembersSchema = z.object({ members: listOf(etcdMember) }).transform(({ members }) => members);

/** An error of etcd's v3 gateway; `code` is gRPC's. */
export const gatewayErrorSchema = z.object({ code: count });

const memberV2 = z
  .object({ id: z.string().regex(/^[0-9a-f]+$/), name: z.string().default(''), peerURLs: urls, clientURLs: urls })
  .transform((each): EtcdMember => ({ id: String(BigInt(`0x${each.id}`)), name: each.name, peerUrls: each.peerURLs, clientUrls: each.clientURLs, learner: false }));
export const membersV2Schema = z.object({ members: listOf(memberV2) }).transform(({ members }) => members);
