/** Guards on the database itself, in PD's own view: not pods, not Ready (Ⓞ2, Ⓞ3, Ⓞ9). */
import { passing, standing } from './guard.ts';
import type { Guard } from './guard.ts';
import { ownsAddress, podOf } from '../names.ts';
import type { DatabaseView, RegionCheck, Store } from '../view.ts';
import { regionChecks } from '../view.ts';

/** Nothing is changed while PD does not answer. */
export const databaseAnswers: Guard = (view) =>
  view.database ? [] : [passing('pd-unknown', `PD of ${view.name} does not answer, so the state of the database is unknown: ${view.databaseProblem ?? 'no reason given'}`)];

/** As many members as each TidbCluster asks for (a stranger does not make up for one that is lost), each healthy in PD's own view and with its regions loaded. */
export const membersHealthy: Guard = ({ database, tidbClusters }) => {
  if (!database) return [];
  const bad = database.members.filter((member) => member.healthy !== true);
  const reasons = bad.map((member) =>
    passing(`pd-member/${podOf(member.name || (member.peerUrls[0] ?? ''))}`, `PD member ${member.name || member.peerUrls.join(',')} is ${member.healthy === undefined ? 'not reported by PD (unknown)' : 'not healthy'} in PD's own view`),
  );
  for (const each of tidbClusters) {
    const asked = each.object.spec.pd?.replicas ?? 0;
    const there = database.members.filter((member) => ownsAddress(each, 'pd', member.clientUrls[0] ?? member.peerUrls[0] ?? '')).length;
    if (there !== asked) reasons.push(passing(`pd-member-count/${each.key}`, `PD has ${there} members of TidbCluster ${each.object.metadata.name} in ${each.kubernetesCluster}, ${asked} are asked for`));
  }
  const loading = database.notReady.map((name) => passing(`pd-loading/${podOf(name)}`, `PD member ${name} has not loaded its regions yet`));
  return [...reasons, ...loading];
};

export const leaderExists: Guard = ({ database }) => (database && !database.leader ? [passing('pd-no-leader', 'PD has no leader')] : []);

/**
 * No store is Disconnected, Down or Offline, and every TidbCluster has as many stores as it asks for.
 * Right after a change of PD's leader all stores look Disconnected until their next heartbeat (Ⓞ6): this clears by itself.
 */
export const storesUp: Guard = ({ database, tidbClusters }) => {
  if (!database) return [];
  const bad = database.stores.filter((store) => store.state !== 'Up' && store.state !== 'Tombstone');
  const reasons = bad.map((store) => passing(`store/${store.id}/${store.state}`, `store ${store.id} (${podOf(store.address)}, ${store.engine}) is ${store.state}`));
  for (const each of tidbClusters) {
    for (const engine of ['tikv', 'tiflash'] as const) {
      const asked = each.object.spec[engine]?.replicas ?? 0;
      const there = database.stores.filter((store) => store.engine === engine && store.state !== 'Tombstone' && ownsAddress(each, engine, store.address)).length;
      if (there < asked) reasons.push(passing(`store-count/${each.key}/${engine}`, `PD knows ${there} ${engine} stores of TidbCluster ${each.object.metadata.name} in ${each.kubernetesCluster}, ${asked} are asked for`));
    }
  }
  return reasons;
};

/**
 * With fewer TiKV stores than `max-replicas` regions can never be complete: a state of its own (§8), said in the plan. A store that
 * is down counts as there: it is to come back, and until then it explains nothing.
 */
export function tooFewStores(database: DatabaseView): boolean {
  return tikvStores(database).length < database.maxReplicas;
}

export function tikvStores(database: DatabaseView): Store[] {
  return database.stores.filter((store) => store.engine === 'tikv' && store.state !== 'Tombstone');
}

/** No region misses a replica, or has one that is down, pending or on an offline store. */
export const regionsWhole: Guard = ({ database }) => {
  if (!database) return [];
  const explained = (check: RegionCheck): boolean => check === 'miss-peer' && tooFewStores(database);
  return regionChecks
    .filter((check) => database.regions[check] > 0 && !explained(check))
    .map((check) => passing(`regions/${check}`, `${database.regions[check]} regions have a ${check.replace('-', ' ')} in PD's view`));
};

/** Nobody is evicting leaders: not another tool, and no scheduler was left behind by an interrupted upgrade (#4483). A Tombstone has none to give. */
export const nobodyEvicts: Guard = ({ database }) =>
  (database?.evictingStores ?? []).filter((id) => database?.stores.find((store) => store.id === id)?.state !== 'Tombstone').map((id) => {
    const store = database?.stores.find((each) => each.id === id);
    const where = store ? ` (${podOf(store.address)})` : '';
    return passing(`evicting/${id}`, `an evict-leader-scheduler stands in PD for store ${id}${where} although nothing is being rolled; remove it when nobody needs it`);
  });

/** With fewer than three members a restart of one takes PD's majority away: the database stops until it is back. */
export const majorityStays: Guard = ({ database }, { member, component }) => {
  if (component !== 'pd' || !database || database.members.length >= 3) return [];
  return [standing(`pd-majority/${member.key}`, `PD has ${database.members.length} member${database.members.length === 1 ? '' : 's'}: while one restarts there is no majority and the database stops; retry accepts that`)];
};
