/** What would remain after an exit, in words and numbers for the person who approves it. */
import { specOf } from '../spec.ts';
import type { ClusterView, DatabaseView, Store, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import { memberAddress, storesOf, survivorsOf } from './parts.ts';
import { podOf } from '../names.ts';
import { isForTiflash, labelOf, rulesOf } from './placement.ts';
import { inGibibytes, roomFor } from './space.ts';

export function simulate(view: ClusterView, leaving: TidbClusterView): string[] {
  const after = survivorsOf(view, leaving);
  if (!view.database || !after.database) return [];
  return [
    pdAfter(after.database),
    ...storesAfter(view.database, after.database, leaving),
    ...labelsAfter(after.database),
    ...tiflashAfter(after.database),
    ...serversAfter(after),
  ];
}

/** Even numbers bear no more losses than the odd number below them; one bears none. */
function pdAfter({ members }: DatabaseView): string {
  const healthy = members.filter((member) => member.healthy).length;
  const majority = Math.floor(members.length / 2) + 1;
  const bears = members.length - majority;
  const warning = members.length === 1 ? ' Warning: with one member its loss stops the database.' : members.length % 2 === 0 ? ` Warning: an even number bears no more losses than ${members.length - 1} would.` : '';
  return `PD: ${members.length} members would remain (${members.map((member) => podOf(member.name || memberAddress(member))).join(', ')}), ${healthy} of them healthy; their majority is ${majority}, so the loss of ${bears} is borne.${warning}`;
}

function storesAfter(now: DatabaseView, after: DatabaseView, leaving: TidbClusterView): string[] {
  const of = (stores: Store[], engine: Store['engine']): Store[] => stores.filter((store) => store.engine === engine);
  const [going, staying] = [storesOf(now, leaving, 'tikv'), of(after.stores, 'tikv')];
  const { needed, free } = roomFor(going, staying);
  const regions = going.reduce((sum, { regionCount }) => sum + regionCount, 0);
  return [
    `TiKV: ${going.length} stores leave (${regions} region replicas, ${inGibibytes(needed)}), ${staying.length} remain, ${staying.filter(({ state }) => state === 'Up').length} of them Up; max-replicas is ${now.maxReplicas}. They have room for ${inGibibytes(free)} before PD calls one low on space.`,
  ];
}

/** Stores per value of each location label. */
function labelsAfter({ locationLabels, isolationLevel, stores }: DatabaseView): string[] {
  const tikv = stores.filter(({ engine }) => engine === 'tikv');
  const lines = locationLabels.map((label) => {
    const values = [...Map.groupBy(tikv, (store) => labelOf(store, label) || '(none)')].map(([value, group]) => `${value} ${group.length}`);
    return `${label}: ${values.sort().join(', ')}`;
  });
  return lines.length === 0 ? [] : [`TiKV stores that remain per location label: ${lines.join('; ')}${isolationLevel ? `; replicas are kept apart by ${isolationLevel}` : ''}.`];
}

function tiflashAfter(after: DatabaseView): string[] {
  const most = Math.max(0, ...rulesOf(after).filter(isForTiflash).map(({ count }) => count));
  const stores = after.stores.filter(({ engine }) => engine === 'tiflash').length;
  return most === 0 && stores === 0 ? [] : [`TiFlash: ${stores} stores would remain; the largest number of replicas that a table asks for is ${most}.`];
}

function serversAfter(after: ClusterView): string[] {
  const servers = after.tidbClusters.map((each) => ({ each, count: specOf(each.object.spec, 'tidb')?.replicas ?? 0 }));
  const total = servers.reduce((sum, { count }) => sum + count, 0);
  const where = servers.map(({ each, count }) => `${count} in ${each.key}`).join(', ');
  return [total === 0 ? 'Warning: no TiDB server would remain: nobody could reach the data by SQL.' : `TiDB: ${total} servers would remain (${where}).`];
}

/** What points at the leaving one and moves with nobody (§3.9). */
export function clientsToMove(leaving: TidbClusterView): string {
  const { name, namespace } = leaving.object.metadata;
  return `Before you approve: clients, TidbMonitor scrape lists, TidbDashboard, Backup and BackupSchedule objects, TiCDC changefeeds and TiProxy settings that use the Services ${name}-tidb or ${name}-pd of ${namespace} in ${leaving.kubernetesCluster} must use others (${nameOf(leaving)} serves nobody after the stage TiDB). Run no long DDL meanwhile.`;
}
