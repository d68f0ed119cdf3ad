/** PD's membership as the real etcds behind the PD twins have it: who is a member, who leads, who is alive. */
import { DatabaseDiary } from '../../database/database-diary.ts';
import type { Disturbances, Member, Origin } from '../../database/model.ts';
import { PdMembers } from '../../database/pd-members.ts';
import type { Joining } from '../../database/pd-members.ts';
import type { RecordFact } from '../../event-log.ts';
import { etcdStatus, memberList } from './etcd-calls.ts';
import type { EtcdMember, MemberList } from './etcd-calls.ts';

/** Milliseconds between two looks at the etcds. */
const lookEvery = 150;

/** A PD process and the etcd in it. */
export interface Seat {
  origin: Origin;
  version: string;
  /** URL of its etcd. */
  url: string;
  memberId: bigint;
  /** What its etcd said last: the leader's id, if it knows one. */
  leaderId: bigint | undefined;
  /** Keeps its etcd from all peers, or lets it reach them again. */
  cutPeers: (cut: boolean) => void;
}

const nowhere: Origin = { kubernetesCluster: '', namespace: '', tidbCluster: '', pod: '' };

export class EtcdMembers extends PdMembers {
  readonly #diary: DatabaseDiary;
  readonly #seats = new Set<Seat>();
  /** Whose peer URL this is, before its etcd has started for the first time. */
  readonly #joining = new Map<string, Joining>();
  readonly #known = new Map<bigint, Member>();
  /** Those that a fault keeps from each other. */
  readonly #cut = new Set<Seat>();
  readonly #timer: NodeJS.Timeout;
  #leader: Member | undefined;
  #looking: Promise<void> | undefined;
  /** etcd's own id of the cluster, once known. */
  clusterId: string | undefined;

  constructor(database: string, record: RecordFact) {
    super(0);
    this.#diary = new DatabaseDiary(database, record);
    this.#timer = setInterval(() => void this.look(), lookEvery);
    this.#timer.unref();
  }

  /** A PD that is about to be added. */
  expect(joining: Joining): void {
    this.#joining.set(joining.peerUrl, joining);
  }

  /** A PD process serves from now on. */
  attach(seat: Seat): void {
    this.#seats.add(seat);
  }
  /** It does not any more. */
  detach(seat: Seat): void {
    this.#seats.delete(seat);
    this.#setCut(seat, false);
    const member = this.#known.get(seat.memberId);
    if (member) member.alive = false;
    if (this.leader === member) this.leader = undefined;
    if (this.#leader === member) this.#leader = undefined;
  }

  seatOf(member: Member): Seat | undefined {
    return [...this.#seats].find((seat) => seat.memberId === member.id);
  }

  /** Nothing is elected here: the etcds have done it. The fault keeps them from each other: all live, and none can lead. */
  override advance(_now: number, disturbances: Disturbances): void {
    const isLost = disturbances.leaderLost();
    for (const seat of this.#seats) this.#setCut(seat, isLost);
    this.leader = isLost ? undefined : this.#leader;
  }

  /** Reads all etcds once; a look that is under way already serves as well. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  stopLooking(): void {
    clearInterval(this.#timer);
  }

  #setCut(seat: Seat, cut: boolean): void {
    if (this.#cut.has(seat) === cut) return;
    seat.cutPeers(cut);
    if (cut) this.#cut.add(seat);
    else this.#cut.delete(seat);
  }

  async #look(): Promise<void> {
    const seats = [...this.#seats];
    await Promise.all(seats.map((seat) => this.#ask(seat)));
    const knowing = seats.filter((seat) => seat.leaderId !== undefined && this.#seats.has(seat));
    // The leader's own list is the newest.
    const [best] = [...knowing.filter((seat) => seat.leaderId === seat.memberId), ...knowing, ...seats];
    const list = best && (await memberList(best.url).catch(() => undefined));
    if (list) this.#take(list);
    for (const seat of this.#seats) this.#update(seat);
    const leaderId = majorityOf(knowing.map((seat) => seat.leaderId));
    const leader = leaderId === undefined ? undefined : this.#known.get(leaderId);
    this.#leader = leader?.alive ? leader : undefined;
  }

  async #ask(seat: Seat): Promise<void> {
    const status = await etcdStatus(seat.url).catch(() => undefined);
    seat.leaderId = status?.leader && status.leader !== '0' ? BigInt(status.leader) : undefined;
  }

  #update(seat: Seat): void {
    const member = this.#known.get(seat.memberId);
    if (member) Object.assign(member, { origin: seat.origin, version: seat.version, alive: seat.leaderId !== undefined });
  }

  #take({ header, members }: MemberList): void {
    this.clusterId = header.cluster_id;
    const before = [...this.all];
    const urlsBefore = new Map(before.map((member) => [member, String(member.peerUrls)]));
    const now = members.map((member) => this.#memberOf(member));
    this.all.splice(0, this.all.length, ...now);
    // A member that has not started yet bears no name, but whoever starts it knows what it will be.
    const nameOf = ({ name, peerUrls }: Member): string => name || (this.#joining.get(peerUrls[0] ?? '')?.name ?? '');
    const write = (kind: string, member: Member, more: object = { members: now.length }): void =>
      this.#diary.write(kind, member.origin, { component: 'pd', member: nameOf(member), ...more });
    for (const member of now) if (!before.includes(member)) write('member-joined', member);
    for (const member of before) if (!now.includes(member)) write('member-left', member);
    for (const member of before) if (String(member.peerUrls) !== urlsBefore.get(member)) write('member-moved', member, { peerUrls: String(member.peerUrls) });
  }

  #memberOf({ ID, name = '', peerURLs = [], clientURLs = [] }: EtcdMember): Member {
    const id = BigInt(ID);
    const joining = [...this.#seats].find((seat) => seat.memberId === id) ?? peerURLs.map((url) => this.#joining.get(url)).find(Boolean);
    const known: Member = this.#known.get(id) ?? { id, origin: joining?.origin ?? nowhere, name, peerUrls: [], clientUrls: [], version: joining?.version ?? '', alive: false, hosts: [], movedUrl: false, cutOff: false };
    this.#known.set(id, known);
    return Object.assign(known, { name, peerUrls: peerURLs, clientUrls: clientURLs });
  }
}

/** A member that was cut off may go on believing in an old leader: what most of them say counts. */
function majorityOf(ids: (bigint | undefined)[]): bigint | undefined {
  const counts = new Map<bigint | undefined, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}
