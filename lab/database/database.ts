/** One TiDB cluster: PD members, stores, regions and servers moving together in time. Its diary is `database-diary.ts`. */
import type { Speeds } from '../settings.ts';
import { DatabaseDiary } from './database-diary.ts';
import { Configuration } from './database-settings.ts';
import type { RecordFact } from '../event-log.ts';
import type { Disturbances, MaintenanceTask, Member, Origin, Server, StateName, Store } from './model.ts';
import { newId, PdMembers } from './pd-members.ts';
import { hostOf, poisonOf } from './peer-names.ts';
import { votersWanted } from './placement.ts';
import type { Rule } from './placement.ts';
import type { Joining } from './pd-members.ts';
import { Regions } from './regions.ts';
import type { Ground } from './regions.ts';
import { Stores } from './stores.ts';
import type { Registration } from './stores.ts';

export interface DatabaseSetting {
  name: string;
  speeds: Speeds;
  disturbances: Disturbances;
  record: RecordFact;
  /** Where the membership is kept; without it, here. */
  members?: PdMembers;
}

/** Store ids come from the same counter as region ids; the first is small. */
const firstStoreId = 1;

export class Database {
  readonly name: string;
  readonly clusterId = newId();
  readonly members: PdMembers;
  readonly stores: Stores;
  readonly regions: Regions;
  /** TiDB, TiCDC, Pump and TiProxy processes by Kubernetes cluster, namespace and pod. */
  readonly servers = new Map<string, Server>();
  /** Stores whose leaders are being evicted by request. */
  readonly evicting = new Set<number>();
  /** PD's maintenance lock (≥ 8.5.7): at most one task in the whole database. */
  maintenance: MaintenanceTask | undefined;
  readonly speeds: Speeds;
  readonly disturbances: Disturbances;
  readonly bootstrapped = Date.now();
  readonly configuration = new Configuration();
  ddlPaused = false;
  /** PD's clock in milliseconds: the time of the last `advance`. States are told as of then. */
  now = Date.now();
  readonly #diary: DatabaseDiary;
  #nextStoreId = firstStoreId;

  constructor(setting: DatabaseSetting) {
    this.name = setting.name;
    this.speeds = setting.speeds;
    this.disturbances = setting.disturbances;
    this.members = setting.members ?? new PdMembers(setting.speeds.pdElection);
    this.stores = new Stores(setting.speeds);
    this.regions = new Regions(setting.speeds);
    this.#diary = new DatabaseDiary(setting.name, setting.record);
  }

  get maxReplicas(): number {
    return this.configuration.maxReplicas;
  }
  /** Placement rules in force. */
  get rules(): Rule[] {
    return this.configuration.rules([...this.stores.all.values()].some((store) => store.engine === 'tiflash' && store.state !== 'Tombstone'));
  }
  get votersWanted(): number {
    return votersWanted(this.rules);
  }

  /** Moves the whole database to `now` (milliseconds) and writes down what changed. */
  advance(now: number): void {
    this.now = now;
    const before = this.members.leader;
    this.members.advance(now, this.disturbances);
    this.stores.advance(now, this.members.leader !== undefined, this.disturbances);
    if (this.members.leader && this.members.leader !== before) this.stores.forgetHeartbeats();
    // Without a PD leader nothing is scheduled; only Raft itself goes on, which the next tick makes up for.
    if (this.members.leader) {
      this.regions.advance(this.#grounds(), this.rules, now);
      this.#bury(now);
    }
    this.#diary.compare(this);
  }

  addMember(joining: Joining): Member {
    const member = this.members.add(joining);
    this.#diary.write('member-joined', member.origin, { component: 'pd', member: joining.name, members: this.members.all.length });
    return member;
  }
  startMember(member: Member, joining: Joining): void {
    this.members.start(member, joining);
  }
  stopMember(member: Member): void {
    this.members.stop(member);
  }
  /** Deletes a member from PD, as `DELETE /pd/api/v1/members/name/{name}`. */
  removeMember(member: Member): void {
    this.members.remove(member);
    this.#diary.write('member-left', member.origin, { component: 'pd', member: member.name, members: this.members.all.length });
  }

  /** Writes the peer URLs of a member through etcd's API. Malformed ones, or none, kill all other members. */
  moveMember(member: Member, peerUrls: string[]): void {
    Object.assign(member, { peerUrls, movedUrl: hostOf(peerUrls[0] ?? '') !== member.hosts[0] });
    this.#diary.write('member-moved', member.origin, { component: 'pd', member: member.name, peerUrls: peerUrls.join(',') });
    for (const other of this.members.all) if (poisonOf(other, this.members.all)) this.stopMember(other);
  }

  /** A call to a member that gets no answer. */
  writeHeld(member: Member, call: { moment: string; method: string; path: string; body: string }): void {
    this.#diary.write('call-held', member.origin, { component: 'pd', ...call });
  }

  /** Moves PD's leadership; the new leader has not heard of any store yet. False when `name` cannot lead. */
  transferLeader(name: string): boolean {
    if (!this.members.transfer(name)) return false;
    this.stores.forgetHeartbeats();
    return true;
  }

  /** A store process starts: with its old id when its volume holds one, else with a new one. */
  startStore(registration: Registration, id: number | undefined, now: number): number {
    const own = id ?? this.#newStoreId();
    this.stores.register(own, registration, now);
    if (id !== undefined) this.regions.lagBehind(own, now);
    return own;
  }
  stopStore(id: number, now: number): void {
    this.stores.stop(id, now);
  }

  /** `DELETE /pd/api/v1/store/{id}`; answers PD's refusal, or nothing when the store is Offline now. */
  removeStore(id: number, now: number): string | undefined {
    const store = this.stores.all.get(id);
    if (!store) return `[PD:core:ErrStoreNotFound]store ${id} not found`;
    if (store.state === 'Tombstone') return `[PD:core:ErrStoreRemoved]store ${id} has been removed`;
    if (store.state === 'Offline') return undefined;
    const up = [...this.stores.all.values()].filter((one) => one.state === 'Up').length;
    if (up - 1 < this.maxReplicas) return `[PD:core:ErrStoresNotEnough]can not remove store ${id} since the number of up stores would be ${up - 1} while need ${this.maxReplicas}`;
    Object.assign(store, { state: 'Offline', offlineSince: now, peersAtRemoval: this.regions.peersOn(id) });
    return undefined;
  }

  /** `POST /pd/api/v1/store/{id}/state?state=Up`: an Offline store stays after all; for one that is Up nothing changes. False for a Tombstone. */
  keepStore(id: number): boolean {
    const store = this.stores.all.get(id);
    if (!store || store.state === 'Tombstone') return false;
    Object.assign(store, { state: 'Up', offlineSince: undefined });
    return true;
  }

  evict(id: number): void {
    if (this.evicting.has(id)) return;
    this.evicting.add(id);
    this.#writeEviction('eviction-begin', id);
  }
  endEviction(id: number): void {
    if (this.evicting.delete(id)) this.#writeEviction('eviction-end', id);
  }

  isEvicting(store: Store): boolean {
    return this.evicting.has(store.id) || this.disturbances.foreignEviction(store);
  }

  /** `/upgrade/start` and `/upgrade/finish` of a TiDB server; false when it is so already ("duplicated operation"). */
  pauseDdl(paused: boolean, by: Origin): boolean {
    if (this.ddlPaused === paused) return false;
    this.ddlPaused = paused;
    this.#diary.write(paused ? 'ddl-paused' : 'ddl-resumed', by, { by: by.pod });
    return true;
  }

  stateName(store: Store): StateName {
    return this.stores.stateName(store, this.now, this.disturbances);
  }
  isHealthy(member: Member): boolean {
    return member.alive && !member.cutOff && !this.disturbances.memberUnhealthy(member);
  }
  missing(): number {
    return this.regions.missing(this.votersWanted).length + this.disturbances.extraMissing();
  }
  pending(): number {
    return this.regions.pending().length + this.disturbances.extraPending();
  }

  #newStoreId(): number {
    const id = this.#nextStoreId;
    this.#nextStoreId += id === firstStoreId ? 3 : 1;
    return id;
  }

  #grounds(): Ground[] {
    return [...this.stores.all.values()].map((store) => ({
      id: store.id,
      learner: store.engine === 'tiflash',
      state: this.stateName(store),
      awaySince: store.awaySince,
      evicting: this.isEvicting(store),
      frozen: this.disturbances.leadersFrozen(store),
      clinging: this.disturbances.neverDrains(store),
      labels: this.configuration.labelsOf(store),
    }));
  }

  /** An Offline store without peers becomes a Tombstone. */
  #bury(now: number): void {
    for (const store of this.stores.all.values()) {
      const waited = now - (store.offlineSince ?? now);
      if (store.state !== 'Offline' || waited < this.speeds.storeOffline || this.regions.peersOn(store.id) > 0) continue;
      store.state = 'Tombstone';
      this.endEviction(store.id);
    }
  }

  #writeEviction(kind: string, id: number): void {
    const store = this.stores.all.get(id);
    if (store) this.#diary.write(kind, store.origin, { component: store.engine, store: id, leaders: this.regions.leadersOn(id) });
  }
}
