/** What the operator learns by asking PD and the other processes, taken at one moment as plain data. */
import type { Database } from '../database/database.ts';
import type { Engine, StateName } from '../database/model.ts';

export interface MemberView {
  name: string;
  id: string;
  clientUrl: string;
  health: boolean;
}

export interface StoreView {
  id: number;
  engine: Engine;
  host: string;
  state: StateName;
  leaders: number;
}

export interface ServerView {
  component: string;
  kubernetesCluster: string;
  namespace: string;
  pod: string;
  id: string;
  version: string;
  host: string;
  alive: boolean;
  startedAt: number;
}

export interface DatabaseView {
  clusterId: string;
  members: MemberView[];
  /** Name; without it PD answers neither for its leader nor for its stores. */
  leader: string | undefined;
  stores: StoreView[];
  evicting: number[];
  maxReplicas: number;
  servers: ServerView[];
  ddlPaused: boolean;
}

/** Undefined when not one PD member answers. */
export function observeDatabase(database: Database | undefined): DatabaseView | undefined {
  if (!database || database.members.alive().length === 0) return undefined;
  return {
    clusterId: String(database.clusterId),
    members: database.members.all
      .filter((member) => member.name !== '')
      .map((member) => ({ name: member.name, id: String(member.id), clientUrl: member.clientUrls[0] ?? '', health: database.isHealthy(member) })),
    leader: database.members.leader?.name,
    stores: [...database.stores.all.values()].map((store) => ({
      id: store.id, engine: store.engine, host: store.address.replace(/:\d+$/, ''), state: database.stateName(store), leaders: database.regions.leadersOn(store.id),
    })),
    evicting: [...database.evicting],
    maxReplicas: database.maxReplicas,
    servers: [...database.servers.values()].map(({ origin, component, id, version, address, alive, startedAt }) => ({
      component, kubernetesCluster: origin.kubernetesCluster, namespace: origin.namespace, pod: origin.pod, id, version, host: address, alive, startedAt,
    })),
    ddlPaused: database.ddlPaused,
  };
}
