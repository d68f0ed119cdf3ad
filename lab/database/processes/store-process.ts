/** A TiKV or TiFlash process: registers with PD, heartbeats, and keeps its store id on its volume. */
import { dispatch, route } from '../http-routes.ts';
import type { Route } from '../http-routes.ts';
import type { Engine, Store } from '../model.ts';
import type { Database } from '../database.ts';
import type { Container, Process, Surroundings } from './process.ts';
import { advertisedHost, awaitDatabase, pause, StagedProcess, StartFailure, versionOf } from './process.ts';

interface Ports {
  service: number;
  status: number[];
}

const ports: Record<Engine, Ports> = {
  tikv: { service: 20160, status: [20180] },
  tiflash: { service: 3930, status: [20292, 20180] },
};

/** Throws StartFailure when its volume holds a store that PD has buried. */
export function startStore(engine: Engine, container: Container, surroundings: Surroundings): Process {
  const volume = surroundings.databases.volumes.get(container.volume ?? '');
  const known = volume && 'storeId' in volume ? volume.database.stores.all.get(volume.storeId) : undefined;
  if (known?.state === 'Tombstone') throw new StartFailure(`store is tombstone, id ${known.id}`);
  const process = new StagedProcess();
  process.attend(bringUp(process, engine, container, surroundings));
  return process;
}

async function bringUp(process: StagedProcess, engine: Engine, container: Container, surroundings: Surroundings): Promise<void> {
  const database = await awaitDatabase(process, container, surroundings);
  await pause(surroundings.speeds.podStart[engine]);
  if (!database || process.stopped) return;
  const id = register(engine, container, surroundings, database);
  process.atStop(() => database.stopStore(id, Date.now()));
  surroundings.log(`store ${id} registered with PD`);
  const store = database.stores.all.get(id);
  if (!store) return;
  for (const port of ports[engine].status) await process.serve(container, { port, open: surroundings.open }, (call) => dispatch(statusRoutes(database, store), call));
  process.serving();
}

function register(engine: Engine, container: Container, { databases }: Surroundings, database: Database): number {
  const volume = databases.volumes.get(container.volume ?? '');
  const known = volume && 'storeId' in volume ? volume.storeId : undefined;
  const host = advertisedHost(container);
  const registration = {
    engine,
    origin: container.origin,
    address: `${host}:${ports[engine].service}`,
    statusAddress: `${host}:${ports[engine].status[0]}`,
    version: versionOf(container).replace(/^v/, ''),
  };
  const id = database.startStore(registration, known, Date.now());
  if (container.volume) databases.volumes.set(container.volume, { database, storeId: id });
  return id;
}

function statusRoutes(database: Database, store: Store): Route[] {
  const hangs = database.disturbances.storeFault(store) !== undefined;
  // A process that hangs accepts the connection and never answers.
  const answer = <Body>(body: Body): Body | Promise<Body> => (hangs ? new Promise<Body>(() => undefined) : body);
  return [
    route('GET', /^\/status$/, () => answer({})),
    route('GET', /^\/metrics$/, () => answer({ text: `tikv_raftstore_region_count{type="leader"} ${database.regions.leadersOn(store.id)}\n` })),
    route('GET', /^\/tiflash\/store-status$/, () => answer({ text: 'Running' })),
  ];
}
