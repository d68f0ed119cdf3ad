/** PD's store endpoints: list, filter, delete, cancel a deletion, forget tombstones. */
import type { Database } from './database.ts';
import { route } from './http-routes.ts';
import type { Answer, Route } from './http-routes.ts';
import type { Store } from './model.ts';
import { storeBody } from './pd-bodies.ts';

const stateNumber: Record<Store['state'], string> = { Up: '0', Offline: '1', Tombstone: '2' };

export function storeRoutes(database: Database): Route[] {
  return [
    route('GET', /^\/pd\/api\/v1\/stores$/, ({ url }) => {
      const asked = url.searchParams.getAll('state');
      const states = asked.length > 0 ? asked : [stateNumber.Up, stateNumber.Offline];
      return list(database, (store) => states.includes(stateNumber[store.state]));
    }),
    route('GET', /^\/pd\/api\/v1\/stores\/check$/, ({ url }) => {
      const asked = url.searchParams.getAll('state').map((name) => name.toLowerCase());
      return list(database, (store) => asked.includes(database.stateName(store).toLowerCase()));
    }),
    route('DELETE', /^\/pd\/api\/v1\/stores\/remove-tombstone$/, () => removeTombstones(database)),
    route('GET', /^\/pd\/api\/v1\/stores\/progress$/, ({ url }) => progress(database, url)),
    route('GET', /^\/pd\/api\/v1\/store\/(\d+)$/, ({ parts }) =>
      withStore(database, parts[0], (store) => ({ json: storeBody(database, store) }))),
    route('DELETE', /^\/pd\/api\/v1\/store\/(\d+)$/, ({ parts }) => withStore(database, parts[0], (store) => {
      const refusal = database.removeStore(store.id, Date.now());
      return refusal ? { status: 400, json: refusal } : { json: 'The store is set as Offline.' };
    })),
    route('POST', /^\/pd\/api\/v1\/store\/(\d+)\/state$/, ({ parts, url }) =>
      withStore(database, parts[0], (store) => setState(store, url.searchParams.get('state')))),
  ];
}

function list(database: Database, wanted: (store: Store) => boolean): Answer {
  const stores = [...database.stores.all.values()].filter((store) => wanted(store));
  return { json: { count: stores.length, stores: stores.map((store) => storeBody(database, store)) } };
}

function withStore(database: Database, id: string | undefined, answer: (store: Store) => Answer): Answer {
  const store = database.stores.all.get(Number(id));
  return store ? answer(store) : { status: 404, json: `store ${id} not found` };
}

function setState(store: Store, state: string | null): Answer {
  if (state !== 'Up' || store.state !== 'Offline') return { status: 400, json: `invalid state ${state}` };
  Object.assign(store, { state: 'Up', offlineSince: undefined });
  return { json: "The store's state is updated." };
}

function removeTombstones(database: Database): Answer {
  for (const store of database.stores.all.values()) if (store.state === 'Tombstone') database.stores.all.delete(store.id);
  return { json: 'Remove tombstone successfully.' };
}

function progress(database: Database, url: URL): Answer {
  const leaving = [...database.stores.all.values()].find((store) => store.state === 'Offline' && (!url.searchParams.has('id') || url.searchParams.get('id') === String(store.id)));
  if (!leaving) return { status: 404, json: 'no progress found' };
  const share = database.regions.all.length === 0 ? 1 : 1 - database.regions.peersOn(leaving.id) / database.regions.all.length;
  return { json: { action: 'removing', store_id: leaving.id, progress: share, current_speed: 0, left_seconds: 0 } };
}
