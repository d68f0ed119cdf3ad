/**
 * Regions over stores: their peers, their leaders, and what moves them: evict-leader schedulers, elections, replica
 * repair, the draining of an Offline store, balance of leaders.
 */
import type { Peer, Region, StateName } from './model.ts';
import { fitsOf, gradeOf, isLearner, mayJoin, remoteness } from './placement.ts';
import type { Fit, Grade, Labels, Rule } from './placement.ts';

/** A store as the schedulers see it. */
export interface Ground {
  id: number;
  learner: boolean;
  state: StateName;
  awaySince: number | undefined;
  evicting: boolean;
  /** A fault: leaders stay where they are. */
  frozen: boolean;
  /** A fault: peers stay where they are, also when the store is being removed. */
  clinging: boolean;
  labels: Labels;
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
  #rules: readonly Rule[] = [];

  constructor(speeds: RegionSpeeds) {
    this.#speeds = speeds;
    this.all = Array.from({ length: speeds.regions }, (_, index) => ({ id: 1_000 + index, peers: [], leader: undefined }));
  }

  advance(grounds: Ground[], rules: readonly Rule[], now: number): void {
    const elapsed = this.#last === 0 ? 0 : (now - this.#last) / millisecondsPerSecond;
    this.#ground = new Map(grounds.map((ground) => [ground.id, ground]));
    this.#now = now;
    this.#rules = rules;
    const moves = Math.ceil(elapsed * this.#speeds.peerMoves);
    this.#last = now;
    this.#elect();
    this.#repair(moves);
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

  missing(wanted: number): Region[] {
    return this.all.filter((region) => voters(region).length < wanted);
  }
  extra(wanted: number): Region[] {
    return this.all.filter((region) => voters(region).length > wanted);
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

  /** Adds peers where a rule lacks one, then takes off those that no rule needs any more, within `moves`. */
  #repair(moves: number): void {
    let left = moves;
    for (const region of this.all) {
      // An empty database places its first peers at once.
      if (left <= 0 && region.peers.length > 0) continue;
      left -= this.#complete(region) + this.#release(region);
    }
  }

  /** One peer for each rule that lacks one among those that stay. */
  #complete(region: Region): number {
    let added = 0;
    for (const { rule, peers, lacking } of this.#fits(region, (peer) => !this.#leaving(peer.store))) {
      const target = lacking > 0 ? this.#place(region, rule, peers) : undefined;
      if (!target) continue;
      const first = region.peers.length === 0;
      region.peers.push({ store: target.id, learner: isLearner(rule), caughtUpAt: first ? this.#now : this.#now + this.#speeds.peerCatchUp });
      added += 1;
    }
    return added;
  }

  /** The best store for a new peer of a rule: far from the others, then empty. */
  #place(region: Region, rule: Rule, peers: Peer[]): Ground | undefined {
    const others = peers.flatMap(({ store }) => this.#ground.get(store) ?? []);
    return [...this.#ground.values()]
      .filter((ground) => ground.state === 'Up' && !isOn(region, ground.id) && mayJoin(rule, ground, others))
      .sort((one, other) => remoteness(rule, other, others) - remoteness(rule, one, others) || this.peersOn(one.id) - this.peersOn(other.id))[0];
  }

  /** A peer goes when the rules are served without it: first those on stores that leave, then those that are too many. */
  #release(region: Region): number {
    const leaving = region.peers.find((peer) => this.#leaving(peer.store) && !this.#clings(peer.store));
    const fits = this.#fits(region, (peer) => !this.#leaving(peer.store) && peer.caughtUpAt <= this.#now);
    const needed = new Set(fits.flatMap(({ peers }) => peers));
    const spare = region.peers.find((peer) => !needed.has(peer) && !this.#leaving(peer.store) && peer.caughtUpAt <= this.#now && !this.#clings(peer.store));
    const goer = leaving ?? spare;
    if (!goer || fits.some(({ rule, lacking }) => lacking > 0 && isLearner(rule) === goer.learner)) return 0;
    region.peers.splice(region.peers.indexOf(goer), 1);
    if (region.leader === goer.store) region.leader = this.#emptiest(voters(region));
    return 1;
  }

  #clings(store: number): boolean {
    return this.#ground.get(store)?.clinging === true;
  }

  /** How the rules fit those peers of a region that `counts` lets count. */
  #fits(region: Region, counts: (peer: Peer) => boolean): Fit[] {
    const leaderFirst = [...region.peers].sort((one, other) => Number(other.store === region.leader) - Number(one.store === region.leader));
    return fitsOf({ ...region, peers: leaderFirst.filter(counts) }, this.#rules, (store) => this.#ground.get(store));
  }

  /** The balance-region scheduler: a peer from a full store to an emptier one, where the rules let it, so that new stores fill up. */
  #spread(moves: number): void {
    for (let move = 0; move < moves; move += 1) if (!this.#spreadOne()) return;
  }

  #spreadOne(): boolean {
    const able = [...this.#ground.values()].filter((ground) => !ground.learner && ground.state === 'Up' && ground.awaySince === undefined && !ground.evicting);
    const counted = able.map(({ id }) => ({ id, peers: this.peersOn(id) })).sort((one, other) => one.peers - other.peers);
    for (const full of counted.toReversed()) {
      for (const empty of counted) {
        if (full.peers - empty.peers <= balanceTolerance) break;
        const region = this.all.find((one) => one.leader !== full.id && isOn(one, full.id) && !isOn(one, empty.id) && this.#mayMove(one, full.id, empty.id));
        const peer = region?.peers.find((one) => one.store === full.id);
        if (!peer) continue;
        peer.store = empty.id;
        return true;
      }
    }
    return false;
  }

  /** True when the rules are served no worse afterwards than before. */
  #mayMove(region: Region, from: number, to: number): boolean {
    const grade = (peers: Peer[]): Grade => gradeOf({ ...region, peers }, this.#rules, (store) => this.#ground.get(store));
    const staying = region.peers.filter((peer) => !this.#leaving(peer.store));
    const [before, after] = [grade(staying), grade(staying.map((peer) => (peer.store === from ? { ...peer, store: to } : peer)))];
    return after.lacking <= before.lacking && after.apart >= before.apart;
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

const isOn = (region: Region, store: number): boolean => region.peers.some((peer) => peer.store === store);
const voters = (region: Region): Peer[] => region.peers.filter((peer) => !peer.learner);
