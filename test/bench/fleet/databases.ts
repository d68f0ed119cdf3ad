/** The databases of the fleet: the lab's model of each, and one HTTP server that answers as its PD. Which one is meant, the loopback address tells. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { freePort } from '../../../lab/control-plane/ports.ts';
import { Database } from '../../../lab/database/database.ts';
import { respond } from '../../../lab/database/http-routes.ts';
import { undisturbed } from '../../../lab/database/model.ts';
import type { Origin } from '../../../lab/database/model.ts';
import type { Joining } from '../../../lab/database/pd-members.ts';
import { answerPd } from '../../../lab/database/pd-routes.ts';
import type { PdSeat } from '../../../lab/database/pd-routes.ts';
import { hostOf } from '../../../lab/operator/naming.ts';
import { presets } from '../../../lab/settings.ts';
import { from, podsOf, tidbClusterOf, to } from './tidb-cluster.ts';
import type { Site } from './tidb-cluster.ts';

/** Thousands in one process: few regions, and times as in reality. Milliseconds. */
const speeds = { ...presets.fast, regions: 3, pdElection: 0, storeHeartbeat: 10_000, storeDisconnected: 20_000, storeDown: 1_800_000 };
/** How long a new database has lived when it is shown: its regions are placed and have caught up. Milliseconds. */
const youth = 20_000;
const youthStep = 1_000;
/** A database moves on when it is asked, at most this often. Milliseconds. */
const tick = 1_000;

export class FleetDatabases {
  readonly port: number;
  /** Requests so far. */
  asked = 0;
  readonly #seats = new Map<string, PdSeat>();
  readonly #server: Server;

  private constructor(port: number) {
    this.port = port;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async serve(): Promise<FleetDatabases> {
    const databases = new FleetDatabases(await freePort());
    // A listener on every address: those of 127.0.0.0/8 need no configuration, and others are turned away.
    await new Promise<void>((resolve, reject) => databases.#server.once('error', reject).listen(databases.port, '0.0.0.0', resolve));
    return databases;
  }

  add(site: Site): void {
    const database = new Database({ name: site.name, speeds, disturbances: undisturbed, record: () => undefined });
    for (const joining of joiningsOf(site, from)) database.startMember(database.addMember(joining), joining);
    const began = Date.now() - youth;
    const cluster = tidbClusterOf(site);
    for (const pod of podsOf(cluster, 'tikv')) {
      const host = hostOf(cluster, 'tikv', pod);
      database.startStore({ engine: 'tikv', origin: originOf(site, pod), address: `${host}:20160`, statusAddress: `${host}:20180`, version: from.slice(1) }, undefined, began);
    }
    for (let now = began; now <= began + youth; now += youthStep) database.advance(now);
    const [member] = database.members.all;
    if (!member) throw new Error('A database has a PD member.');
    this.#seats.set(site.address, { database, member, startedAt: began });
  }

  of({ address, name }: Site): Database {
    const seat = this.#seats.get(address);
    if (!seat) throw new Error(`There is no database ${name}.`);
    return seat.database;
  }

  /** The first `count` members of the roll run the new version. */
  roll(site: Site, count: number): void {
    const database = this.of(site);
    for (const joining of joiningsOf(site, to).slice(0, count)) {
      const member = database.members.named(joining.name);
      if (member) database.startMember(member, joining);
    }
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seat = this.#seats.get(request.socket.localAddress ?? '');
    if (!seat) return void response.destroy();
    this.asked += 1;
    const now = Date.now();
    if (now - seat.database.now >= tick) seat.database.advance(now);
    await respond(request, response, (call) => answerPd(seat, call));
  }
}

const originOf = ({ kubernetesCluster, namespace, name }: Site, pod: string): Origin => ({ kubernetesCluster, namespace, tidbCluster: name, pod });

function joiningsOf(site: Site, version: string): Joining[] {
  const cluster = tidbClusterOf(site);
  return podsOf(cluster, 'pd').map((pod) => {
    const host = hostOf(cluster, 'pd', pod);
    return { origin: originOf(site, pod), name: pod, peerUrl: `http://${host}:2380`, clientUrl: `http://${host}:2379`, version };
  });
}
