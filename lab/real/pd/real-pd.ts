/** A PD twin with a real etcd inside: does what the operator's start script and then PD do, from the cluster's own network. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../../control-plane/child.ts';
import type { Database } from '../../database/database.ts';
import type { Container, Process } from '../../database/processes/process.ts';
import { flagOf, keyOf, StagedProcess, StartFailure, versionOf } from '../../database/processes/process.ts';
import { atLeast } from '../../database/versions.ts';
import type { RealSurroundings } from '../real-surroundings.ts';
import { askDiscovery } from './discovery-calls.ts';
import { etcdStatus, memberList } from './etcd-calls.ts';
import type { MemberList, Reach } from './etcd-calls.ts';
import { EtcdMembers } from './etcd-members.ts';
import type { Seat } from './etcd-members.ts';
import { etcdUrl, hasData, startEtcdOf } from './etcd-process.ts';
import { prepareJoin, rememberedJoin } from './join.ts';
import { answerRealPd } from './pd-answers.ts';
import { servePdPort } from './pd-port.ts';

const clientPort = 2379;
/** PD 8.4 came with etcd 3.5, whose v2 API is off. */
const lastV2 = 'v8.4.0';
/** The start script gives its own name so long to appear in DNS. Milliseconds. */
const namePatience = 30_000;
const lookEvery = 100;
/** Of a dead etcd's obituary so many last characters go into the pod's log. */
const lastWords = 600;
/** etcds that are ending, by data directory: the next one on the same data has to wait. */
const ending = new Map<string, Promise<unknown>>();

/** What the start script says about this PD. */
interface Identity {
  name: string;
  peerUrl: string;
  clientUrl: string;
  directory: string;
}

type Start = { initialCluster: string; state: 'new' | 'existing' } | undefined;

export function startRealPd(container: Container, surroundings: RealSurroundings): Process {
  const process = new StagedProcess();
  process.attend(bringUp(process, container, surroundings));
  return process;
}

function identityOf({ script, origin, volume }: Container, { directory }: RealSurroundings): Identity {
  const name = flagOf(script, 'name') ?? origin.pod;
  return { name, peerUrl: flagOf(script, 'advertise-peer-urls') ?? '', clientUrl: flagOf(script, 'advertise-client-urls') ?? '', directory: join(directory, 'volumes', volume ?? `${origin.pod}-without-volume`) };
}

async function bringUp(process: StagedProcess, container: Container, surroundings: RealSurroundings): Promise<void> {
  const identity = identityOf(container, surroundings);
  await ownName(process, identity, surroundings);
  const start = hasData(identity.directory) ? undefined : await startOf(process, container, surroundings, identity);
  await delay(surroundings.speeds.podStart.pd);
  await ending.get(identity.directory);
  if (process.stopped) return;
  const etcd = startEtcd(container, surroundings, identity, start);
  process.atStop(() => void ending.set(identity.directory, etcd.stop()));
  void etcd.ended.then((words) => process.die(words.slice(-lastWords)));
  const { list, memberId } = await untilServing(process, etcdUrl(container.address));
  if (process.stopped) return;
  await serve(process, container, surroundings, { list, memberId, identity });
}

/** As the script's nslookup: without a name of its own a PD does not start. */
async function ownName(process: StagedProcess, { peerUrl }: Identity, { names }: RealSurroundings): Promise<void> {
  const { hostname } = new URL(peerUrl);
  const end = Date.now() + namePatience;
  while (!process.stopped && names.addresses(hostname) === undefined) {
    if (Date.now() > end) throw new StartFailure('waiting for pd cluster ready timeout');
    await delay(lookEvery);
  }
}

/** A PD without data bootstraps or joins, as discovery tells it. */
async function startOf(process: StagedProcess, container: Container, surroundings: RealSurroundings, identity: Identity): Promise<Start> {
  const { databases, names } = surroundings;
  const { name, peerUrl, clientUrl, directory } = identity;
  const remembered = rememberedJoin(directory);
  const answer = remembered ? `--join=${remembered.join(',')}` : await askDiscovery(process, container, surroundings, `new/${Buffer.from(`${new URL(peerUrl).host}\n`).toString('base64')}`);
  if (answer === undefined) return undefined;
  surroundings.log(`discovery says ${answer}`);
  const initialCluster = flagOf(answer, 'initial-cluster');
  if (initialCluster !== undefined) return { initialCluster, state: 'new' };
  const through = (flagOf(answer, 'join') ?? '').split(',').filter(Boolean);
  const reach: Reach = { lookup: names.lookup, tls: container.tls };
  for (const database of databases.all()) if (database.members instanceof EtcdMembers) database.members.expect({ origin: container.origin, name, peerUrl, clientUrl, version: versionOf(container) });
  return { initialCluster: await prepareJoin({ directory, name, peerUrl, clientUrl, through, reach }), state: 'existing' };
}

function startEtcd({ address, origin, tls, image }: Container, { entrance, etcd, oldEtcd, watchdog }: RealSurroundings, { name, peerUrl, clientUrl, directory }: Identity, start: Start): Child {
  const isOld = !atLeast(image.slice(image.lastIndexOf(':') + 1), lastV2);
  return startEtcdOf({ binary: isOld ? oldEtcd : etcd, isOld, entrance, title: `etcd of ${origin.pod}`, address, directory, name, peerUrl, clientUrl, start, tls, watchdog });
}

/** An etcd serves when it has heard from a majority. */
async function untilServing(process: StagedProcess, url: string): Promise<{ list: MemberList; memberId: bigint }> {
  for (;;) {
    const status = await etcdStatus(url).catch(() => undefined);
    const list = status?.leader && status.leader !== '0' ? await memberList(url).catch(() => undefined) : undefined;
    if (status && list) return { list, memberId: BigInt(status.header.member_id) };
    if (process.stopped) return { list: { header: { cluster_id: '', member_id: '' }, members: [] }, memberId: 0n };
    await delay(lookEvery);
  }
}

interface Serving {
  list: MemberList;
  memberId: bigint;
  identity: Identity;
}

async function serve(process: StagedProcess, container: Container, surroundings: RealSurroundings, { list, memberId, identity }: Serving): Promise<void> {
  const url = etcdUrl(container.address);
  const database = databaseOf(container, surroundings, list.header.cluster_id);
  const members = database.members as EtcdMembers;
  const cutPeers = (cut: boolean): void => surroundings.cutPeers(container.address, cut);
  const seat: Seat = { origin: container.origin, version: versionOf(container), url, memberId, leaderId: undefined, cutPeers };
  members.attach(seat);
  process.atStop(() => members.detach(seat));
  await members.look();
  const startedAt = Date.now();
  const server = await surroundings.sockets.tcp(container.address, clientPort);
  const listener = servePdPort({ server, port: clientPort, tls: container.tls, etcd: url, gatewayOff: () => database.disturbances.gatewayOff(), answer: (call) => answerRealPd({ database, members, seat, startedAt }, call) });
  process.atStop(() => listener.close());
  surroundings.log(`PD ${identity.name} is serving clients at ${identity.clientUrl}`);
  process.serving();
}

/** The database is the one whose etcds have this cluster id; an unknown id is a new TiDB cluster. */
function databaseOf({ origin }: Container, { databases }: RealSurroundings, clusterId: string): Database {
  const key = keyOf(origin);
  const known = databases.all().find(({ members }) => members instanceof EtcdMembers && members.clusterId === clusterId);
  if (!known) {
    const database = databases.bootstrap(key);
    (database.members as EtcdMembers).clusterId = clusterId;
    return database;
  }
  if (databases.of(key) !== known) databases.adopt(key, known);
  return known;
}
