/** PD's store endpoints: list, filter, delete, cancel a deletion, forget tombstones. */
import type { Database } from './database.ts';
import { route } from './http-routes.ts';
import type { Answer, Route } from './http-routes.ts';
import type { Store } from './model.ts';
import { removingBody, storeBody } from './pd-bodies.ts';

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
      if (store.state === 'Tombstone') return removed(store);
      const refusal = database.removeStore(store.id, database.now);
      return refusal ? { status: 400, json: refusal } : { json: 'The store is set as Offline.' };
    })),
    route('POST', /^\/pd\/api\/v1\/store\/(\d+)\/state$/, ({ parts, url }) =>
      withStore(database, parts[0], (store) => setState(database, store, url.searchParams.get('state')))),
  ];
}

function list(database: Database, wanted: (store: Store) => boolean): Answer {
  const stores = [...database.stores.all.values()].filter((store) => wanted(store));
  return { json: { count: stores.length, stores: stores.map((store) => storeBody(database, store)) } };
}

function withStore(database: Database, id: string | undefined, answer: (store: Store) => Answer): Answer {
  const store = database.stores.all.get(Number(id));
  return store ? answer(store) : { status: 404, json: `[PD:core:ErrStoreNotFound]store ${id} not found` };
}

const removed = ({ id }: Store): Answer => ({ status: 410, json: `[PD:core:ErrStoreRemoved]store ${id} has been removed` });

function setState(database: Database, store: Store, state: string | null): Answer {
  const wanted = state?.toLowerCase();
  if (wanted !== 'up' && wanted !== 'offline') return { status: 400, json: `invalid state ${state}` };
  if (store.state === 'Tombstone') return removed(store);
  const refusal = wanted === 'offline' ? database.removeStore(store.id, database.now) : undefined;
  if (wanted === 'up') database.keepStore(store.id);
  return refusal ? { status: 400, json: refusal } : { json: "The store's state is updated." };
}

function removeTombstones(database: Database): Answer {
  for (const store of database.stores.all.values()) if (store.state === 'Tombstone') database.stores.all.delete(store.id);
  return { json: 'Remove tombstone successfully.' };
}

/** By store or by action; `preparing` is not modelled. */
function progress(database: Database, { searchParams }: URL): Answer {
  const [id, action] = [searchParams.get('id'), searchParams.get('action')];
  if (!id && !action) return { status: 400, json: 'need query parameters' };
  const leaving = [...database.stores.all.values()].filter((store) => store.state === 'Offline' && (id ? String(store.id) === id : action === 'removing'));
  const body = removingBody(database, leaving);
  if (!body) return { status: 404, json: `[PD:progress:ErrProgressNotFound]no progress found for ${id ? `the given store ID: ${id}` : `the action: ${action}`}` };
  return { json: id ? { ...body, store_id: leaving[0]?.id } : body };
}
