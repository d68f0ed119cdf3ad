/** PD's membership and leader: who is a member, who is alive, who leads, and the gap without a leader between two. */
import { randomBytes } from 'node:crypto';
import type { Disturbances, Member, Origin } from './model.ts';
import { hostOf, resolvesFrom } from './peer-names.ts';

const topBit = 1n << 63n;
const safeNumbers = 1n << 53n;

/** A random id that no JavaScript number can hold exactly, as PD's and etcd's are. */
export const newId = (): bigint => (randomBytes(8).readBigUInt64BE() & (topBit - 1n)) | safeNumbers;

export interface Joining {
  origin: Origin;
  name: string;
  peerUrl: string;
  clientUrl: string;
  version: string;
}

/**
 * Invariant: there is a leader only while more than half of all members are alive and reachable for the others; a member that was added but
 * has not started yet counts as one that is not.
 */
export class PdMembers {
  readonly all: Member[] = [];
  leader: Member | undefined;
  readonly #electionGap: number;
  #electionAt: number | undefined;

  constructor(electionGap: number) {
    this.#electionGap = electionGap;
  }

  /** Adds a member that has not started: from now on it counts in the quorum. */
  add(joining: Joining): Member {
    const member: Member = {
      id: newId(), origin: joining.origin, name: '', peerUrls: [joining.peerUrl], clientUrls: [], version: joining.version, alive: false,
      hosts: hostsIn(joining), movedUrl: false, cutOff: false,
    };
    this.all.push(member);
    return member;
  }

  /** The member's process serves. Name and client URLs are those of its start script; peer URLs stay as they are. */
  start(member: Member, joining: Joining): void {
    Object.assign(member, { name: joining.name, clientUrls: [joining.clientUrl], version: joining.version, alive: true, hosts: [...new Set([...member.hosts, ...hostsIn(joining)])] });
  }

  /** The member's process is gone; with it goes its leadership, and everybody's when no majority is left. */
  stop(member: Member): void {
    member.alive = false;
    if (this.leader === member || !this.hasQuorum()) this.leader = undefined;
  }

  remove(member: Member): void {
    this.all.splice(this.all.indexOf(member), 1);
    if (this.leader === member) this.leader = undefined;
  }

  named(name: string): Member | undefined {
    return this.all.find((member) => member.name === name);
  }

  alive(): Member[] {
    return this.all.filter((member) => member.alive);
  }

  #reachable(): Member[] {
    return this.all.filter((member) => member.alive && !member.cutOff);
  }

  hasQuorum(): boolean {
    return this.#reachable().length * 2 > this.all.length;
  }

  /** Moves leadership at once; false when the target is not alive or not a member. */
  transfer(name: string): boolean {
    const target = this.named(name);
    if (!target?.alive || target.cutOff || !this.leader) return false;
    this.leader = target;
    return true;
  }

  /** Takes the leader away when it died or the quorum did, and elects one when the gap is over. */
  advance(now: number, disturbances: Disturbances): void {
    for (const member of this.all) member.cutOff = this.#isCutOff(member, disturbances);
    const possible = this.hasQuorum() && !disturbances.leaderLost();
    if (this.leader?.alive && !this.leader.cutOff && possible) return;
    this.leader = undefined;
    if (!possible) this.#electionAt = undefined;
    else this.#elect(now);
  }

  /** A member whose peer URL one of the others cannot resolve. */
  #isCutOff(member: Member, disturbances: Disturbances): boolean {
    const others = this.all.filter((other) => other !== member);
    if (others.length > 0 && member.movedUrl && disturbances.movedUrlUnresolvable(member)) return true;
    return member.movedUrl && others.some((other) => !resolvesFrom(member, other.origin.kubernetesCluster));
  }

  #elect(now: number): void {
    // A lone first member need not wait for anybody.
    this.#electionAt ??= this.all.length === 1 ? now : now + this.#electionGap;
    if (now < this.#electionAt) return;
    this.#electionAt = undefined;
    this.leader = this.#reachable()[0];
  }
}

const hostsIn = ({ peerUrl, clientUrl }: Joining): string[] => [hostOf(peerUrl), hostOf(clientUrl)];
