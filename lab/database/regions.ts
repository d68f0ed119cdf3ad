/**
 * Regions over stores: their peers, their leaders, and what moves them: evict-leader schedulers, elections, replica
 * repair, the draining of an Offline store, balance of leaders.
 */
import type { Peer, Region, StateName } from './model.ts';

/** A store as the schedulers see it. */
export interface Ground {
  id: number;
  learner: boolean;
  state: StateName;
  awaySince: number | undefined;
  evicting: boolean;
  /** A fault: leaders stay where they are. */
  frozen: boolean;
}

export interface RegionSpeeds {
  regions: number;
  regionElection: number;
  leaderMoves: number;
  peerMoves: number;
  peerPending: number;
  peerDown: number;
  peerCatchUp: number;
}

const millisecondsPerSecond = 1_000;
/** Leaders are balanced only when two stores differ by more than this, or they would move for ever. */
const balanceTolerance = 2;

export class Regions {
  readonly all: Region[];
  readonly #speeds: RegionSpeeds;
  #ground = new Map<number, Ground>();
  #last = 0;
  #now = 0;

  constructor(speeds: RegionSpeeds) {
    this.#speeds = speeds;
    this.all = Array.from({ length: speeds.regions }, (_, index) => ({ id: 1_000 + index, peers: [], leader: undefined }));
  }

  advance(grounds: Ground[], maxReplicas: number, now: number): void {
    const elapsed = this.#last === 0 ? 0 : (now - this.#last) / millisecondsPerSecond;
    this.#ground = new Map(grounds.map((ground) => [ground.id, ground]));
    this.#now = now;
    const moves = Math.ceil(elapsed * this.#speeds.peerMoves);
    this.#last = now;
    this.#elect();
    this.#repair(maxReplicas, moves);
    this.#spread(moves);
    this.#evict(Math.ceil(elapsed * this.#speeds.leaderMoves));
    this.#balance(Math.ceil(elapsed * this.#speeds.leaderMoves));
  }

  leadersOn(store: number): number {
    return this.all.filter((region) => region.leader === store).length;
  }
  peersOn(store: number): number {
    return this.all.filter((region) => region.peers.some((peer) => peer.store === store)).length;
  }

  missing(maxReplicas: number): Region[] {
    return this.all.filter((region) => voters(region).length < maxReplicas);
  }
  extra(maxReplicas: number): Region[] {
    return this.all.filter((region) => voters(region).length > maxReplicas);
  }
  learners(): Region[] {
    return this.all.filter((region) => region.peers.some((peer) => peer.learner));
  }
  pending(): Region[] {
    return this.all.filter((region) => region.peers.some((peer) => peer.caughtUpAt > this.#now || this.#awayFor(peer.store) > this.#speeds.peerPending));
  }
  down(): Region[] {
    return this.all.filter((region) => region.peers.some((peer) => this.#awayFor(peer.store) > this.#speeds.peerDown));
  }
  offline(): Region[] {
    return this.all.filter((region) => region.peers.some((peer) => this.#ground.get(peer.store)?.state === 'Offline'));
  }

  /** Peers of a store that was away lag behind for a while. */
  lagBehind(store: number, now: number): void {
    for (const region of this.all) {
      for (const peer of region.peers) if (peer.store === store) peer.caughtUpAt = now + this.#speeds.peerCatchUp;
    }
  }

  #awayFor(store: number): number {
    const since = this.#ground.get(store)?.awaySince;
    return since === undefined ? 0 : this.#now - since;
  }

  /** A region whose leader's store is away gets another leader when a majority of its voters serves. */
  #elect(): void {
    for (const region of this.all) {
      const leads = region.leader === undefined ? Infinity : this.#awayFor(region.leader);
      if (leads < this.#speeds.regionElection || (leads === 0 && region.leader !== undefined)) continue;
      const serving = voters(region).filter((peer) => this.#awayFor(peer.store) === 0 && this.#ground.has(peer.store));
      region.leader = serving.length * 2 > voters(region).length ? this.#emptiest(serving) : undefined;
    }
  }

  /** Adds peers where one is missing, then takes peers off stores that are leaving, within `moves`. */
  #repair(maxReplicas: number, moves: number): void {
    let left = moves;
    for (const region of this.all) {
      // An empty database places its first peers at once.
      if (left <= 0 && region.peers.length > 0) continue;
      left -= this.#complete(region, maxReplicas, false) + this.#complete(region, 1, true) + this.#release(region, maxReplicas);
    }
  }

  #complete(region: Region, wanted: number, learner: boolean): number {
    const staying = region.peers.filter((peer) => peer.learner === learner && !this.#leaving(peer.store));
    if (staying.length >= wanted) return 0;
    const target = [...this.#ground.values()]
      .filter((ground) => ground.learner === learner && ground.state === 'Up' && !region.peers.some((peer) => peer.store === ground.id))
      .sort((one, other) => this.peersOn(one.id) - this.peersOn(other.id))[0];
    if (!target) return 0;
    const first = region.peers.length === 0;
    region.peers.push({ store: target.id, learner, caughtUpAt: first ? this.#now : this.#now + this.#speeds.peerCatchUp });
    return 1;
  }

  #release(region: Region, maxReplicas: number): number {
    const leaving = region.peers.find((peer) => this.#leaving(peer.store));
    if (!leaving) return 0;
    const stayers = region.peers.filter((peer) => peer.learner === leaving.learner && peer !== leaving && peer.caughtUpAt <= this.#now);
    if (stayers.length < (leaving.learner ? 1 : maxReplicas)) return 0;
    region.peers.splice(region.peers.indexOf(leaving), 1);
    if (region.leader === leaving.store) region.leader = this.#emptiest(voters(region));
    return 1;
  }

  /** The balance-region scheduler: a peer from the fullest store to the emptiest, so that new stores fill up. */
  #spread(moves: number): void {
    for (let move = 0; move < moves; move += 1) {
      const able = [...this.#ground.values()].filter((ground) => !ground.learner && ground.state === 'Up' && ground.awaySince === undefined && !ground.evicting);
      const ranked = able.sort((one, other) => this.peersOn(one.id) - this.peersOn(other.id));
      const [emptiest, fullest] = [ranked[0]?.id, ranked.at(-1)?.id];
      if (emptiest === undefined || fullest === undefined || this.peersOn(fullest) - this.peersOn(emptiest) <= balanceTolerance) return;
      const isOn = (region: Region, store: number): boolean => region.peers.some((peer) => peer.store === store);
      const region = this.all.find((one) => one.leader !== fullest && isOn(one, fullest) && !isOn(one, emptiest));
      const peer = region?.peers.find((one) => one.store === fullest);
      if (!peer) return;
      peer.store = emptiest;
    }
  }

  #leaving(store: number): boolean {
    const state = this.#ground.get(store)?.state;
    return state === 'Offline' || state === 'Down' || state === 'Tombstone';
  }

  #evict(moves: number): void {
    for (const ground of this.#ground.values()) {
      if (!ground.evicting || ground.frozen) continue;
      const leading = this.all.filter((region) => region.leader === ground.id).slice(0, moves);
      for (const region of leading) region.leader = this.#emptiest(this.#successors(region)) ?? region.leader;
    }
  }

  /** The balance-leader scheduler: from the store with most leaders to the one with fewest. */
  #balance(moves: number): void {
    for (let move = 0; move < moves; move += 1) {
      const able = [...this.#ground.values()].filter((ground) => !ground.learner && !ground.evicting && ground.state === 'Up' && ground.awaySince === undefined);
      const ranked = able.sort((one, other) => this.leadersOn(one.id) - this.leadersOn(other.id));
      const [poorest, richest] = [ranked[0], ranked.at(-1)];
      if (!poorest || !richest || this.leadersOn(richest.id) - this.leadersOn(poorest.id) <= balanceTolerance || richest.frozen) return;
      const region = this.all.find((one) => one.leader === richest.id && this.#successors(one).some((peer) => peer.store === poorest.id));
      if (!region) return;
      region.leader = poorest.id;
    }
  }

  #successors(region: Region): Peer[] {
    return voters(region).filter((peer) => {
      const ground = this.#ground.get(peer.store);
      return peer.store !== region.leader && ground !== undefined && !ground.evicting && ground.awaySince === undefined && peer.caughtUpAt <= this.#now;
    });
  }

  #emptiest(peers: Peer[]): number | undefined {
    return [...peers].sort((one, other) => this.leadersOn(one.store) - this.leadersOn(other.store))[0]?.store;
  }
}

const voters = (region: Region): Peer[] => region.peers.filter((peer) => !peer.learner);
