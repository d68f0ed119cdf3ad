/** A PD process: restarts on its data, joins a database, or bootstraps a new one. */
import type { Database } from '../database.ts';
import type { Databases } from '../databases.ts';
import type { Member } from '../model.ts';
import type { Joining } from '../pd-members.ts';
import { answerPd } from '../pd-routes.ts';
import type { Container, Process, Surroundings } from './process.ts';
import { flagOf, keyOf, pause, StagedProcess, StartFailure, versionOf } from './process.ts';

const clientPort = 2379;

interface Seat {
  database: Database;
  member: Member;
}

/**
 * Starts a PD. Throws StartFailure where the real one dies: a removed member, a join that finds another half-joined
 * member, or members whose names do not resolve from here (`PD/server/join/join.go`).
 */
export function startPd(container: Container, surroundings: Surroundings): Process {
  const process = new StagedProcess();
  const joining = joiningOf(container);
  const seat = seatOnVolume(container, surroundings.databases) ?? seatElsewhere(container, surroundings, joining);
  process.attend(bringUp(process, container, surroundings, seat ?? joining), surroundings.log);
  return process;
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

/** A process with data is the member that it was. */
function seatOnVolume(container: Container, databases: Databases): Seat | undefined {
  const volume = databases.volumes.get(container.volume ?? '');
  if (!volume || !('memberId' in volume)) return undefined;
  const member = volume.database.members.all.find((one) => one.id === volume.memberId);
  if (!member) throw new StartFailure('the member has been permanently removed from the cluster');
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
  const hidden = database.members.all.find((member) => !resolves(member, container.origin.kubernetesCluster));
  if (hidden) throw new StartFailure(`join meet error: dial tcp: lookup ${hidden.peerUrls[0]}: no such host`);
  return sit(database, joining, container, databases);
}

/** A name that ends in `.svc` is known only in its own Kubernetes cluster. The join asks each member's first peer URL. */
function resolves(member: Member, from: string): boolean {
  return member.origin.kubernetesCluster === from || !/\.svc:\d+$/.test(member.peerUrls[0] ?? '');
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
  surroundings.log(`PD ${member.name} is serving clients at ${member.clientUrls[0]}`);
  await process.serve(container, { port: clientPort, open: surroundings.open }, (call) => answerPd({ ...seat, startedAt: Date.now() }, call));
  process.serving();
}

function nextSeat(container: Container, databases: Databases, joining: Joining): Seat | undefined {
  const database = databases.of(keyOf(container.origin));
  const isFree = database?.members.leader && database.members.all.every((member) => member.name !== '');
  return isFree ? sit(database, joining, container, databases) : undefined;
}
