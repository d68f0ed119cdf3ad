/** PD's checks of regions. */
import type { Database } from './database.ts';
import { route } from './http-routes.ts';
import type { Answer, Route } from './http-routes.ts';
import type { Region } from './model.ts';
import { regionsBody } from './pd-bodies.ts';

const checks: Record<string, (database: Database) => Region[]> = {
  'miss-peer': (database) => padded(database, database.regions.missing(database.votersWanted), database.missing()),
  'pending-peer': (database) => padded(database, database.regions.pending(), database.pending()),
  'down-peer': (database) => database.regions.down(),
  'offline-peer': (database) => database.regions.offline(),
  'learner-peer': (database) => database.regions.learners(),
  'extra-peer': (database) => database.regions.extra(database.votersWanted),
  'empty-region': () => [],
};

/** Real findings, filled up to the number that a fault asks for. */
function padded(database: Database, found: Region[], count: number): Region[] {
  return [...found, ...database.regions.all.filter((region) => !found.includes(region))].slice(0, Math.max(found.length, count));
}

export function regionRoutes(database: Database): Route[] {
  return [
    route('GET', /^\/pd\/api\/v1\/regions\/check\/([a-z-]+)$/, ({ parts }) => check(database, parts[0] ?? '')),
    route('GET', /^\/pd\/api\/v1\/regions\/replicated$/, () => ({ json: replication(database) })),
    route('GET', /^\/pd\/api\/v1\/stats\/region$/, () => ({ json: statistics(database) })),
  ];
}

function check(database: Database, name: string): Answer {
  const find = checks[name];
  return find ? { json: regionsBody(find(database)) } : { status: 404, text: '404 page not found\n' };
}

function replication(database: Database): string {
  if (database.pending() > 0) return 'PENDING';
  return database.missing() > 0 ? 'INPROGRESS' : 'REPLICATED';
}

function statistics(database: Database): object {
  const perStore = (count: (store: number) => number): Record<string, number> =>
    Object.fromEntries([...database.stores.all.keys()].map((id) => [id, count(id)]));
  return {
    count: database.regions.all.length,
    empty_count: 0,
    storage_size: database.regions.all.length,
    store_leader_count: perStore((id) => database.regions.leadersOn(id)),
    store_peer_count: perStore((id) => database.regions.peersOn(id)),
  };
}
