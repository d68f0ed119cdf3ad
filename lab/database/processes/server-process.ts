/** The processes without data: TiDB, TiCDC, Pump, TiProxy and PD's microservices. */
import type { Component } from '../../settings.ts';
import type { Database } from '../database.ts';
import { dispatch, route } from '../http-routes.ts';
import type { Route } from '../http-routes.ts';
import type { Server } from '../model.ts';
import { newId } from '../pd-members.ts';
import type { Container, Process, Surroundings } from './process.ts';
import { advertisedHost, awaitDatabase, pause, StagedProcess, versionOf } from './process.ts';

const gitHash = '0123456789abcdef0123456789abcdef01234567';
const servicePort = 4000;

/** The port on which a component tells about itself. */
const statusPorts: Partial<Record<Component, number>> = { tidb: 10080, pump: 8250, ticdc: 8301, tiproxy: 3080, tso: 2379, scheduling: 2379 };

export function startServer(container: Container, surroundings: Surroundings): Process {
  const process = new StagedProcess();
  process.attend(bringUp(process, container, surroundings));
  return process;
}

async function bringUp(process: StagedProcess, container: Container, surroundings: Surroundings): Promise<void> {
  const { component, origin } = container;
  const database = await awaitDatabase(process, container, surroundings);
  await pause(surroundings.speeds.podStart[component]);
  if (!database || process.stopped) return;
  const server: Server = {
    component, origin, id: newId().toString(16), alive: true, startedAt: Date.now(),
    address: advertisedHost(container),
    version: versionOf(container),
  };
  database.servers.set(`${origin.kubernetesCluster}/${origin.namespace}/${origin.pod}`, server);
  process.atStop(() => (server.alive = false));
  const port = statusPorts[component];
  if (port) await process.serve(container, { port, open: surroundings.open }, (call) => dispatch(routesOf(database, server), call));
  surroundings.log(`${component} ${server.version} is serving at ${server.address}`);
  process.serving();
}

const ownersOf = (database: Database, component: string): Server[] =>
  [...database.servers.values()].filter((server) => server.component === component && server.alive).sort((one, other) => one.startedAt - other.startedAt);

/** The oldest living process of a component owns its duties (DDL owner, TiCDC owner). */
const isOwner = (database: Database, server: Server): boolean => ownersOf(database, server.component)[0] === server;

function routesOf(database: Database, server: Server): Route[] {
  switch (server.component) {
    case 'tidb':
      return tidbRoutes(database, server);
    case 'ticdc':
      return [
        route('GET', /^\/status$/, () => ({ json: { version: server.version, git_hash: gitHash, id: server.id, pid: 1, is_owner: isOwner(database, server), liveness: 0 } })),
        route('GET', /^\/api\/v2\/health$/, () => ({ json: {} })),
        route('GET', /^\/capture\/owner\/resign$/, () => ({ json: {} })),
      ];
    case 'pump':
      return [route('GET', /^\/status$/, () => ({ json: { status: { [server.origin.pod]: { nodeId: server.origin.pod, host: `${server.address}:8250`, state: 'online', isAlive: true } } } }))];
    default:
      return [
        route('GET', /^\/api\/(debug|admin)\/.*$/, () => ({ json: { config_checksum: 1 } })),
        route('GET', /^\/status$/, () => ({ json: { version: server.version } })),
      ];
  }
}

const tidbVersion = (version: string): string => `8.0.11-TiDB-${version}`;

function tidbRoutes(database: Database, server: Server): Route[] {
  const { origin } = server;
  return [
    route('GET', /^\/status$/, () => ({ json: { connections: 0, version: tidbVersion(server.version), git_hash: gitHash, status: { init_stats_percentage: 100 } } })),
    route('GET', /^\/info$/, () => ({
      json: {
        is_owner: isOwner(database, server), max_procs: 4, gogc: 100, version: tidbVersion(server.version), git_hash: gitHash,
        ddl_id: server.id, ip: server.address, listening_port: servicePort, status_port: statusPorts.tidb, lease: '45s', start_timestamp: Math.floor(server.startedAt / 1_000),
      },
    })),
    route('GET', /^\/upgrade\/show$/, () => ({ json: database.ddlPaused ? 'The cluster is in upgrading state' : 'The cluster is in normal state' })),
    route('POST', /^\/upgrade\/start$/, () => ({ json: database.pauseDdl(true, origin) ? 'success!' : duplicated('upgrading') })),
    route('POST', /^\/upgrade\/finish$/, () => ({ json: database.pauseDdl(false, origin) ? 'success!' : duplicated('normal') })),
  ];
}

const duplicated = (state: string): string => `It's a duplicated operation and the cluster is already in ${state} state.`;
