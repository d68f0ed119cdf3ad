/** The state of a database for tests and the demo: plain JSON, ids as texts. */
import type { Database } from '../database/database.ts';
import { roomOf } from '../database/pd-bodies.ts';
import type { Origin, StateName } from '../database/model.ts';

export interface MemberReport {
  id: string;
  name: string;
  origin: Origin;
  version: string;
  alive: boolean;
  healthy: boolean;
  isLeader: boolean;
  peerUrls: string[];
  clientUrls: string[];
}

export interface StoreReport {
  id: number;
  engine: string;
  origin: Origin;
  address: string;
  version: string;
  state: StateName;
  leaders: number;
  regions: number;
  isEvicting: boolean;
  labels: Record<string, string>;
  /** Bytes. */
  capacity: number;
  available: number;
}

export interface ServerReport {
  component: string;
  origin: Origin;
  version: string;
  alive: boolean;
}

export interface DatabaseReport {
  name: string;
  clusterId: string;
  maxReplicas: number;
  leader: string | null;
  members: MemberReport[];
  stores: StoreReport[];
  servers: ServerReport[];
  regions: { all: number; missing: number; pending: number; down: number };
  ddlPaused: boolean;
  /** Id of the task that holds PD's maintenance lock. */
  maintenance: string | null;
}

export function reportOf(database: Database): DatabaseReport {
  const { members, stores, regions, servers } = database;
  return {
    name: database.name,
    clusterId: String(database.clusterId),
    maxReplicas: database.maxReplicas,
    leader: members.leader?.name ?? null,
    members: members.all.map((member) => ({ ...member, id: String(member.id), healthy: database.isHealthy(member), isLeader: member === members.leader })),
    stores: [...stores.all.values()].map((store) => ({
      id: store.id, engine: store.engine, origin: store.origin, address: store.address, version: store.version, state: database.stateName(store),
      leaders: regions.leadersOn(store.id), regions: regions.peersOn(store.id), isEvicting: database.isEvicting(store),
      labels: database.configuration.labelsOf(store), capacity: roomOf(database, store).capacity, available: roomOf(database, store).available,
    })),
    servers: [...servers.values()].map(({ component, origin, version, alive }) => ({ component, origin, version, alive })),
    regions: { all: regions.all.length, missing: database.missing(), pending: database.pending(), down: regions.down().length },
    ddlPaused: database.ddlPaused,
    maintenance: database.maintenance?.id ?? null,
  };
}
