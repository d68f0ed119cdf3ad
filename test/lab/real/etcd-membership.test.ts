/** PD's membership in real etcds: bootstrap, join, what refuses a join, and what the diary of the database says about it. On loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../../../lab/control-plane/child.ts';
import { waitFor } from '../../../lab/control-plane/readiness.ts';
import { Watchdog } from '../../../lab/control-plane/watchdog.ts';
import { undisturbed } from '../../../lab/database/model.ts';
import type { Origin } from '../../../lab/database/model.ts';
import type { Fact } from '../../../lab/event-log.ts';
import { provide } from '../../../lab/provision/ladder.ts';
import { tools } from '../../../lab/provision/tools.ts';
import { addMember, etcdCall, etcdStatus, memberList, moveLeader, removeMember } from '../../../lab/real/pd/etcd-calls.ts';
import { EtcdMembers } from '../../../lab/real/pd/etcd-members.ts';
import type { Seat } from '../../../lab/real/pd/etcd-members.ts';
import { etcdUrl, hasData, startEtcdOf } from '../../../lab/real/pd/etcd-process.ts';
import { prepareJoin, rememberedJoin } from '../../../lab/real/pd/join.ts';

jest.setTimeout(120_000);

/** A block of loopback of its own: the ports are PD's real ones. */
const block = `127.${20 + (process.pid % 200)}.${process.pid % 251}`;
const addressOf = (number: number): string => `${block}.${number + 1}`;
const nameOf = (number: number): string => `pd-${number}`;
const peerUrlOf = (number: number): string => `http://${addressOf(number)}:2380`;

let directory: string;
let binary: string;
let watchdog: Watchdog;
let facts: Fact[];
let members: EtcdMembers;
let cuts: [string, boolean][];
const running: Child[] = [];

const originOf = (number: number): Origin => ({ kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop', pod: nameOf(number) });
const directoryOf = (number: number): string => join(directory, nameOf(number));

beforeAll(async () => {
  binary = await provide(tools.etcdOfPd);
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-etcd-'));
  watchdog = new Watchdog();
  facts = [];
  cuts = [];
  members = new EtcdMembers('shop', (fact) => facts.push(fact));
});
afterEach(async () => {
  members.stopLooking();
  await Promise.all(running.splice(0).map((child) => child.crash()));
  watchdog.dismiss();
  rmSync(directory, { recursive: true, force: true });
});

function startEtcd(number: number, start: { initialCluster: string; state: 'new' | 'existing' } | undefined): Child {
  const child = startEtcdOf({
    binary, isOld: false, entrance: [], title: nameOf(number), address: addressOf(number), directory: directoryOf(number), name: nameOf(number),
    peerUrl: peerUrlOf(number), clientUrl: `http://${addressOf(number)}:2379`, start, tls: undefined, watchdog,
  });
  running.push(child);
  return child;
}

/** Resolves when the etcd knows a leader; the seat is taken among the members. */
async function seated(number: number): Promise<Seat> {
  const url = etcdUrl(addressOf(number));
  let id = '';
  await waitFor(`${nameOf(number)} to know a leader`, async () => {
    const { header, leader } = await etcdStatus(url);
    id = header.member_id;
    return leader !== undefined && leader !== '0';
  });
  const seat: Seat = { origin: originOf(number), version: 'v8.5.3', url, memberId: BigInt(id), leaderId: undefined, cutPeers: (cut) => cuts.push([nameOf(number), cut]) };
  members.attach(seat);
  await members.look();
  members.advance(0, undisturbed);
  return seat;
}

/** On a busy computer a member may not know its leader for a moment. */
const untilLeads = (name: string): Promise<void> =>
  waitFor(`${name} to lead`, async () => {
    await members.look();
    members.advance(0, undisturbed);
    return members.leader?.name === name;
  });

const bootstrap = async (): Promise<Seat> => {
  startEtcd(0, { initialCluster: `${nameOf(0)}=${peerUrlOf(0)}`, state: 'new' });
  return seated(0);
};
const joining = (number: number): Parameters<typeof prepareJoin>[0] => ({
  directory: directoryOf(number), name: nameOf(number), peerUrl: peerUrlOf(number), clientUrl: `http://${addressOf(number)}:2379`, through: [etcdUrl(addressOf(0))], reach: {},
});

test('the first bootstraps, the second joins, and the diary has both, with the leader', async () => {
  await bootstrap();
  members.expect({ origin: originOf(1), name: nameOf(1), peerUrl: peerUrlOf(1), clientUrl: '', version: 'v8.5.3' });
  const initialCluster = await prepareJoin(joining(1));
  expect(initialCluster.split(',').sort()).toEqual([`pd-0=${peerUrlOf(0)}`, `pd-1=${peerUrlOf(1)}`]);
  startEtcd(1, { initialCluster, state: 'existing' });
  const second = await seated(1);
  expect(members.all.map(({ name }) => name).sort()).toEqual(['pd-0', 'pd-1']);
  await untilLeads('pd-0');
  expect(facts.filter(({ kind }) => kind === 'member-joined').map(({ pod, members: count }) => [pod, count])).toEqual([['pd-0', 1], ['pd-1', 2]]);

  await moveLeader(etcdUrl(addressOf(0)), second.memberId);
  await untilLeads('pd-1');
  // A leader of less than five seconds finds its cluster "unhealthy" and removes nobody.
  await waitFor('the removal to be accepted', () => removeMember(second.url, members.named('pd-0')?.id ?? 0n).then(() => true));
  await waitFor('the first to have left', async () => (await members.look(), members.all.length === 1));
  expect(facts.at(-1)).toMatchObject({ kind: 'member-left', member: 'pd-0', members: 1 });
});

test('a peer URL that etcd is given is in the diary, and every look after that is silent', async () => {
  const seat = await bootstrap();
  const moved = 'http://localhost:2380';
  await etcdCall(seat.url, '/v3/cluster/member/update', { ID: String(seat.memberId), peerURLs: [moved] });
  await waitFor('the new URL to be seen', async () => (await members.look(), members.all[0]?.peerUrls[0] === moved));
  await members.look();
  expect(facts.filter(({ kind }) => kind === 'member-moved')).toEqual([{ kind: 'member-moved', database: 'shop', ...originOf(0), component: 'pd', member: 'pd-0', peerUrls: moved }]);
});

test('nobody joins while another member has been added but has not started; it is known by the URL under which it was expected', async () => {
  await bootstrap();
  members.expect({ origin: { kubernetesCluster: 'west', namespace: 'shop', tidbCluster: 'shop', pod: 'pd-1' }, name: 'pd-1', peerUrl: peerUrlOf(1), clientUrl: '', version: 'v8.5.3' });
  await addMember(etcdUrl(addressOf(0)), peerUrlOf(1));
  // Two members, one of them alive: what was a quorum is none any more.
  await expect(prepareJoin(joining(2))).rejects.toThrow('there is a member that has not joined successfully');
  expect(rememberedJoin(directoryOf(2))).toBeUndefined();
  await waitFor('the unstarted member to be seen', async () => (await members.look(), members.all.length === 2));
  expect(facts.at(-1)).toMatchObject({ kind: 'member-joined', kubernetesCluster: 'west', member: 'pd-1' });
  expect(members.all.find(({ name }) => name === '')?.alive).toBe(false);
});

test('a member that lost its data may not join under its old name', async () => {
  await bootstrap();
  await expect(prepareJoin({ ...joining(1), name: nameOf(0) })).rejects.toThrow('missing data or join a duplicated pd');
  expect((await memberList(etcdUrl(addressOf(0)))).members).toHaveLength(1);
});

test('a join that finds nobody says why, one through itself is forbidden, and one that was remembered needs nobody', async () => {
  await expect(prepareJoin(joining(1))).rejects.toThrow(/^join meet error: .*ECONNREFUSED/);
  await expect(prepareJoin({ ...joining(1), through: [`http://${addressOf(1)}:2379`] })).rejects.toThrow('join self is forbidden');
  const again = { ...joining(1), directory };
  writeFileSync(join(directory, 'join'), `pd-0=${peerUrlOf(0)},pd-1=${peerUrlOf(1)}`);
  expect(await prepareJoin(again)).toBe(`pd-0=${peerUrlOf(0)},pd-1=${peerUrlOf(1)}`);
  expect(rememberedJoin(directory)).toEqual([peerUrlOf(0), peerUrlOf(1)]);
});

test('a member comes back on its data, and counts as away meanwhile', async () => {
  const seat = await bootstrap();
  members.detach(seat);
  expect(members.leader).toBeUndefined();
  expect(members.all[0]?.alive).toBe(false);
  await running.splice(0)[0]?.stop();
  expect(hasData(directoryOf(0))).toBe(true);
  startEtcd(0, undefined);
  expect((await seated(0)).memberId).toBe(seat.memberId);
  expect(members.leader?.alive).toBe(true);
  expect(facts.filter(({ kind }) => kind === 'member-joined')).toHaveLength(1);
});

test('a lost leader means that the etcds are kept from each other, once, and that one whose process ends is let go', async () => {
  const seat = await bootstrap();
  const lost = { ...undisturbed, leaderLost: () => true };
  members.advance(0, lost);
  members.advance(0, lost);
  expect(members.leader).toBeUndefined();
  expect(cuts).toEqual([['pd-0', true]]);
  members.advance(0, undisturbed);
  expect(members.leader?.name).toBe('pd-0');
  expect(cuts.splice(0)).toEqual([['pd-0', true], ['pd-0', false]]);
  members.advance(0, lost);
  members.detach(seat);
  members.advance(0, undisturbed);
  expect(cuts).toEqual([['pd-0', true], ['pd-0', false]]);
});
