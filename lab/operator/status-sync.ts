/** How the operator fills the status of each component at the beginning of its turn in a pass. */
import type { StatefulSet } from '../process/kubernetes-objects.ts';
import type { Component } from '../settings.ts';
import type { DatabaseView, ServerView, StoreView } from './database-view.ts';
import { localPod, ordinalOf, pdMemberName } from './naming.ts';
import { membersOf } from './status.ts';
import type { CaptureStatus, ComponentStatus, PdMemberStatus, ServerStatus, StoreStatus } from './status.ts';
import { phaseOf } from './upgrading.ts';
import { componentStatus, EndOfPass, isoTime } from './view.ts';
import type { PassView } from './view.ts';

/** The status of no other component has a field for it (CRD of v1.6.6): the API server would drop it. */
const withImage: readonly Component[] = ['pd', 'tiflash', 'tikv', 'tidb'];

/** The image of the StatefulSet's template: what is desired, not what runs. */
const imageIn = (set: StatefulSet, component: Component): string | undefined =>
  set.spec.template.spec.containers.find((container) => container.name === component)?.image;

function syncSet(view: PassView, component: Component, set: StatefulSet, mayUpgrade = true): ComponentStatus {
  const status = componentStatus(view, component);
  status.statefulSet = set.status;
  status.phase = phaseOf(view, component, set, mayUpgrade);
  const image = imageIn(set, component);
  if (image !== undefined && withImage.includes(component)) status.image = image;
  return status;
}

/** Keeps the time of the last transition while `isSame` says that nothing turned. */
const since = <Item extends { lastTransitionTime: string }>(known: Item | undefined, isSame: (item: Item) => boolean, view: PassView): string =>
  known && isSame(known) ? known.lastTransitionTime : isoTime(view);

/** A PD that does not answer leaves `synced: false` and the old members as they were; the pass goes on. */
export function syncPd(view: PassView, set: StatefulSet): void {
  const status = syncSet(view, 'pd', set);
  const { database } = view;
  status.synced = database?.leader !== undefined;
  if (!database?.leader) return;
  const known = { ...membersOf(status), ...status.peerMembers };
  const all = database.members.map((member): PdMemberStatus => ({
    name: member.name, id: member.id, clientURL: member.clientUrl, health: member.health,
    lastTransitionTime: since(known[member.name], (one) => one.health === member.health, view),
  }));
  const isLocal = (member: PdMemberStatus): boolean => localPod(view.cluster, 'pd', member.clientURL) !== undefined;
  status.members = byName(all.filter(isLocal));
  status.peerMembers = byName(all.filter((member) => !isLocal(member)));
  const leader = all.find((member) => member.name === database.leader);
  if (leader) status.leader = leader;
  status.unjoinedMembers = unjoined(view);
  view.status.clusterID = database.clusterId;
}

const byName = (members: PdMemberStatus[]): Record<string, PdMemberStatus> => Object.fromEntries(members.map((member) => [member.name, member]));

/** Local pods whose expected member name PD does not know; after a change of names that is all of them (observed). */
function unjoined(view: PassView): Record<string, object> {
  const members = membersOf(view.status.pd);
  const missing = view.pods('pd').map((pod) => pod.metadata.name).filter((pod) => members[pdMemberName(view.cluster, pod)] === undefined);
  return Object.fromEntries(missing.map((pod) => [pod, { podName: pod, createdAt: isoTime(view) }]));
}

function requireLeader(view: PassView, component: Component): DatabaseView {
  if (view.database?.leader) return view.database;
  componentStatus(view, component).synced = false;
  throw new EndOfPass(`${component}: PD does not answer for its stores`);
}

export function syncStores(view: PassView, engine: 'tikv' | 'tiflash', set: StatefulSet): void {
  // TiKV's phase becomes Upgrade only while PD's is not (`M/tikv_member_manager.go:release-1.6`).
  const status = syncSet(view, engine, set, view.status.pd?.phase !== 'Upgrade');
  const database = requireLeader(view, engine);
  const stores = database.stores.filter((store) => store.engine === engine);
  const own = stores.filter((store) => localPod(view.cluster, engine, store.host) !== undefined);
  const alive = (store: StoreView): boolean => store.state !== 'Tombstone';
  const known = { ...status.stores, ...status.peerStores };
  const pack = (some: StoreView[]): Record<string, StoreStatus> =>
    Object.fromEntries(some.map((store) => [String(store.id), storeStatus(view, store, known[String(store.id)])]));
  status.stores = pack(own.filter(alive));
  status.tombstoneStores = pack(own.filter((store) => !alive(store)));
  status.peerStores = pack(stores.filter((store) => alive(store) && !own.includes(store)));
  status.synced = true;
  if (engine === 'tikv' && stores.length > 0) status.bootStrapped = true;
}

function storeStatus(view: PassView, store: StoreView, known: StoreStatus | undefined): StoreStatus {
  return {
    id: String(store.id),
    podName: store.host.split('.')[0] ?? '',
    ip: store.host,
    leaderCount: store.leaders,
    state: store.state,
    lastTransitionTime: since(known, (one) => one.state === store.state, view),
    ...(known?.leaderCountBeforeUpgrade === undefined ? {} : { leaderCountBeforeUpgrade: known.leaderCountBeforeUpgrade }),
  };
}

/** The process of a pod of this TidbCluster, if it serves. */
export function serverOf(view: PassView, component: Component, pod: string): ServerView | undefined {
  return view.database?.servers.find((server) => server.component === component && server.pod === pod && server.alive && localPod(view.cluster, component, server.host) !== undefined);
}

/** Members by ordinal up to the StatefulSet's replicas: a pod that does not answer is listed as unhealthy. */
export function syncServers(view: PassView, component: 'tidb' | 'tiproxy', set: StatefulSet): void {
  const busyBefore = component === 'tidb' && (['tikv', 'pd', 'pump'] as const).some((other) => view.status[other]?.phase === 'Upgrade');
  const status = syncSet(view, component, set, !busyBefore);
  const known = status.members as Record<string, ServerStatus> | undefined;
  const pods = view.pods(component).filter((pod) => ordinalOf(pod.metadata.name) < set.spec.replicas);
  status.members = Object.fromEntries(pods.map(({ metadata: { name }, spec }) => {
    const health = serverOf(view, component, name) !== undefined;
    return [name, { name, health, lastTransitionTime: since(known?.[name], (one) => one.health === health, view), ...(spec.nodeName && component === 'tidb' ? { node: spec.nodeName } : {}) }];
  }));
  if (component === 'tiproxy') status.synced = true;
}

export function syncCaptures(view: PassView, set: StatefulSet): void {
  const status = syncSet(view, 'ticdc', set);
  // TiCDC never has phase Scale (§1.4).
  if (status.phase === 'Scale') status.phase = 'Normal';
  const servers = view.pods('ticdc').map((pod) => ({ pod: pod.metadata.name, server: serverOf(view, 'ticdc', pod.metadata.name) }));
  const alive = view.database?.servers.filter((server) => server.component === 'ticdc' && server.alive) ?? [];
  const owner = [...alive].sort((one, other) => one.startedAt - other.startedAt)[0];
  status.captures = Object.fromEntries(servers.map(({ pod, server }): [string, CaptureStatus] => [
    pod, { podName: pod, id: server?.id ?? '', version: server?.version ?? '', isOwner: server !== undefined && server === owner, ready: server !== undefined },
  ]));
  status.synced = servers.every(({ server }) => server !== undefined);
}

export function syncPump(view: PassView, set: StatefulSet): void {
  const status = syncSet(view, 'pump', set);
  if (status.phase === 'Scale') status.phase = 'Normal';
  status.members = view.pods('pump')
    .map((pod) => pod.metadata.name)
    .filter((pod) => serverOf(view, 'pump', pod) !== undefined)
    .map((pod) => ({ nodeId: pod, host: `${serverOf(view, 'pump', pod)?.host}:8250`, state: 'online' }));
}

export function syncMicroservice(view: PassView, component: 'tso' | 'scheduling', set: StatefulSet): void {
  const status = syncSet(view, component, set);
  status.synced = true;
  status.members = view.pods(component).map((pod) => pod.metadata.name).filter((pod) => serverOf(view, component, pod) !== undefined);
}
