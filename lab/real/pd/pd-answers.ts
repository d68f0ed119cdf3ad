/** What a PD with a real etcd answers itself: membership and leadership change in the etcd; everything else is the twin's. */
import { dispatch, route } from '../../database/http-routes.ts';
import type { Answer, Call, Route } from '../../database/http-routes.ts';
import type { Database } from '../../database/database.ts';
import type { Member } from '../../database/model.ts';
import { answerPd } from '../../database/pd-routes.ts';
import { moveLeader, removeMember } from './etcd-calls.ts';
import type { EtcdMembers, Seat } from './etcd-members.ts';

export interface RealSeat {
  database: Database;
  members: EtcdMembers;
  seat: Seat;
  startedAt: number;
}

/** Answered by the member itself, also by one that knows no leader. */
const localPaths = /^\/pd\/api\/(v1\/(status|ping|version)|v2\/ready)$/;
/** A removal is told to others when this member's own view has it. Milliseconds. */
const viewPatience = 2_000;
const viewEvery = 20;

export async function answerRealPd(real: RealSeat, call: Omit<Call, 'parts'>): Promise<Answer> {
  const { members, seat, database, startedAt } = real;
  const member = members.all.find(({ id }) => id === seat.memberId);
  if (!member || (seat.leaderId === undefined && !localPaths.test(call.url.pathname))) return { status: 503, text: 'no leader\n' };
  const own = ownRoutes(real, member);
  const isOwn = own.some(({ method, pattern }) => method === call.method && pattern.test(call.url.pathname));
  return isOwn ? dispatch(own, call) : answerPd({ database, member, startedAt }, call);
}

function ownRoutes({ members }: RealSeat, asked: Member): Route[] {
  const byName = (name = ''): Member | undefined => members.named(name);
  const byId = (id = ''): Member | undefined => members.all.find((member) => String(member.id) === id);
  return [
    route('DELETE', /^\/pd\/api\/v1\/members\/name\/([^/]+)$/, ({ parts }) => remove(members, byName(parts[0]), parts[0])),
    route('DELETE', /^\/pd\/api\/v1\/members\/id\/([^/]+)$/, ({ parts }) => remove(members, byId(parts[0]), parts[0])),
    route('POST', /^\/pd\/api\/v1\/leader\/transfer\/([^/]+)$/, ({ parts }) => transfer(members, byName(parts[0]), parts[0])),
    route('POST', /^\/pd\/api\/v1\/leader\/resign$/, () => transfer(members, members.alive().find((one) => one !== (members.leader ?? asked)), 'another member')),
  ];
}

async function remove(members: EtcdMembers, member: Member | undefined, asked = ''): Promise<Answer> {
  if (!member) return { status: 404, json: `not found, pd: ${asked}` };
  return withLeader(members, async (url) => {
    await removeMember(url, member.id);
    await seen(members, () => !members.all.includes(member));
    return { json: `removed, pd: ${asked}` };
  });
}

async function transfer(members: EtcdMembers, member: Member | undefined, asked = ''): Promise<Answer> {
  if (!member) return { status: 500, json: `[PD:member:ErrEtcdLeaderNotFound]failed to transfer leader to ${asked}` };
  return withLeader(members, async (url) => {
    await moveLeader(url, member.id);
    await members.look();
    return { json: 'The transfer command is submitted.' };
  });
}

/** Does it at the leader's etcd; its refusal is the answer. */
async function withLeader(members: EtcdMembers, work: (url: string) => Promise<Answer>): Promise<Answer> {
  const seat = members.leader && members.seatOf(members.leader);
  if (!seat) return { status: 503, text: 'no leader\n' };
  return work(seat.url).catch((error: unknown) => ({ status: 500, json: error instanceof Error ? error.message : String(error) }));
}

async function seen(members: EtcdMembers, isSo: () => boolean): Promise<void> {
  const end = Date.now() + viewPatience;
  do {
    await members.look();
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, viewEvery));
  } while (Date.now() < end);
}
