/** A PD process: restarts on its data, joins a database, or bootstraps a new one. */
import type { Database } from '../database.ts';
import type { Databases } from '../databases.ts';
import type { Member } from '../model.ts';
import type { Joining } from '../pd-members.ts';
import { poisonOf, resolvesFrom } from '../peer-names.ts';
import { answerPd } from '../pd-routes.ts';
import type { Container, Process, Surroundings } from './process.ts';
import { flagOf, keyOf, pause, StagedProcess, StartFailure, versionOf } from './process.ts';

const clientPort = 2379;

interface Seat {
  database: Database;
  member: Member;
}

/**
 * Starts a PD; one without data asks discovery first, and hangs in its start script until that answers. Throws StartFailure where the real one dies: a removed member, a join that finds another half-joined
 * member, or members whose names do not resolve from here (`PD/server/join/join.go`).
 */
export function startPd(container: Container, surroundings: Surroundings): Process {
  const process = new StagedProcess();
  const joining = joiningOf(container);
  const seat = seatOnVolume(container, surroundings.databases);
  if (!seat && surroundings.isDiscoveryGone?.()) process.attend(awaitDiscovery(process, container, surroundings));
  else process.attend(bringUp(process, container, surroundings, seat ?? seatElsewhere(container, surroundings, joining) ?? joining));
  return process;
}

/** The start script asks again and again; what it then begins may die as at any other start. */
async function awaitDiscovery(process: StagedProcess, container: Container, surroundings: Surroundings): Promise<void> {
  surroundings.log('waiting for discovery service to return start args ...');
  const answers = await process.until(() => surroundings.isDiscoveryGone?.() !== true || undefined);
  if (!answers) return;
  const joining = joiningOf(container);
  await bringUp(process, container, surroundings, seatElsewhere(container, surroundings, joining) ?? joining);
}

function joiningOf(container: Container): Joining {
  const { script, origin } = container;
  return {
    origin,
    name: flagOf(script, 'name') ?? origin.pod,
    peerUrl: flagOf(script, 'advertise-peer-urls') ?? '',
    clientUrl: flagOf(script, 'advertise-client-urls') ?? '',
    version: versionOf(container),
  };
}

/** The last words of an etcd that meets a peer URL which it cannot parse (etcd 3.5 rafthttp/transport.go). */
function panicOf({ database, member }: Seat): string | undefined {
  const poison = poisonOf(member, database.members.all);
  return poison && `panic: failed NewURLs: remote peer ${poison.id.toString(16)} has the peer URLs [${poison.peerUrls.join(' ')}]`;
}

async function awaitPanic(process: StagedProcess, seat: Seat): Promise<void> {
  const panic = await process.until(() => panicOf(seat));
  if (panic !== undefined) process.die(panic);
}

/** A process with data is the member that it was. */
function seatOnVolume(container: Container, databases: Databases): Seat | undefined {
  const volume = databases.volumes.get(container.volume ?? '');
  if (!volume || !('memberId' in volume)) return undefined;
  const member = volume.database.members.all.find((one) => one.id === volume.memberId);
  if (!member) throw new StartFailure('the member has been permanently removed from the cluster');
  const panic = panicOf({ database: volume.database, member });
  if (panic !== undefined) throw new StartFailure(panic);
  return { database: volume.database, member };
}

/**
 * Without data: the first PD of a TidbCluster joins what `spec.cluster` names, or bootstraps. Nothing is returned for a
 * further PD of a TidbCluster: it waits for its turn (discovery lets them in one by one).
 */
function seatElsewhere(container: Container, { databases }: Surroundings, joining: Joining): Seat | undefined {
  const key = keyOf(container.origin);
  if (databases.of(key)) return undefined;
  const belonging = databases.belonging(key);
  if (!belonging?.reference) return sit(databases.bootstrap(key), joining, container, databases);
  const referenced = databases.referenced(belonging);
  const database = referenced && databases.of(referenced.key);
  if (!database) throw new StartFailure(`join meet error: dial tcp: lookup ${belonging.reference.name}-pd-peer.${belonging.reference.namespace}.svc: no such host`);
  const seat = join(database, joining, container, databases);
  databases.adopt(key, database);
  return seat;
}

function join(database: Database, joining: Joining, container: Container, databases: Databases): Seat {
  if (!database.members.leader) throw new StartFailure('join meet error: etcdserver: request timed out');
  if (database.members.all.some((member) => member.name === '')) throw new StartFailure('there is a member that has not joined successfully');
  const hidden = database.members.all.find((member) => !resolvesFrom(member, container.origin.kubernetesCluster));
  if (hidden) throw new StartFailure(`join meet error: dial tcp: lookup ${hidden.peerUrls[0]}: no such host`);
  return sit(database, joining, container, databases);
}

function sit(database: Database, joining: Joining, container: Container, databases: Databases): Seat {
  const member = database.addMember(joining);
  if (container.volume) databases.volumes.set(container.volume, { database, memberId: member.id });
  return { database, member };
}

async function bringUp(process: StagedProcess, container: Container, surroundings: Surroundings, start: Seat | Joining): Promise<void> {
  const seat = 'member' in start ? start : await process.until(() => nextSeat(container, surroundings.databases, start));
  if (!seat) return;
  await pause(surroundings.speeds.podStart.pd);
  if (process.stopped) return;
  const { database, member } = seat;
  process.atStop(() => database.stopMember(member));
  database.startMember(member, joiningOf(container));
  process.attend(awaitPanic(process, seat));
  surroundings.log(`PD ${member.name} is serving clients at ${member.clientUrls[0]}`);
  await process.serve(container, { port: clientPort, open: surroundings.open }, (call) => answerPd({ ...seat, startedAt: Date.now() }, call));
  process.serving();
}

function nextSeat(container: Container, databases: Databases, joining: Joining): Seat | undefined {
  const database = databases.of(keyOf(container.origin));
  const isFree = database?.members.leader && database.members.all.every((member) => member.name !== '');
  return isFree ? sit(database, joining, container, databases) : undefined;
}
