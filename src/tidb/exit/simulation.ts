/**
 * What would remain after an exit, for the person who approves it: the consequences, which are the same as long as the plan is, and the figures of the
 * moment.
 */
import { specOf } from '../spec.ts';
import type { ClusterView, DatabaseView, Store, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import { memberAddress, storesOf, survivorsOf } from './parts.ts';
import { podOf } from '../names.ts';
import { isForTiflash, labelOf, rulesOf } from './placement.ts';
import { inGibibytes, roomFor } from './space.ts';

export function simulate(view: ClusterView, leaving: TidbClusterView): { consequences: string[]; figures: string[] } {
  const after = survivorsOf(view, leaving);
  if (!view.database || !after.database) return { consequences: [], figures: [] };
  return {
    consequences: [pdAfter(after.database), storesAfter(view.database, after.database, leaving), ...labelsAfter(after.database), ...tiflashAfter(after.database), ...serversAfter(after)],
    figures: [healthNow(after.database), roomNow(view.database, after.database, leaving)],
  };
}

/** Even numbers bear no more losses than the odd number below them; one bears none. */
function pdAfter({ members }: DatabaseView): string {
  const names = members.map((member) => podOf(member.name || memberAddress(member))).toSorted();
  const majority = Math.floor(members.length / 2) + 1;
  const bears = members.length - majority;
  const warning = members.length === 1 ? ' Warning: with one member its loss stops the database.' : members.length % 2 === 0 ? ` Warning: an even number bears no more losses than ${members.length - 1} would.` : '';
  return `PD: ${members.length} members would remain (${names.join(', ')}); their majority is ${majority}, so the loss of ${bears} is borne.${warning}`;
}

const ofTikv = ({ stores }: DatabaseView): Store[] => stores.filter(({ engine }) => engine === 'tikv');

function storesAfter(now: DatabaseView, after: DatabaseView, leaving: TidbClusterView): string {
  return `TiKV: ${storesOf(now, leaving, 'tikv').length} stores leave, ${ofTikv(after).length} remain; max-replicas is ${now.maxReplicas}.`;
}

function healthNow(after: DatabaseView): string {
  const staying = ofTikv(after);
  return `Of what remains ${after.members.filter((member) => member.healthy).length} of ${after.members.length} PD members are healthy and ${staying.filter(({ state }) => state === 'Up').length} of ${staying.length} TiKV stores are Up.`;
}

function roomNow(now: DatabaseView, after: DatabaseView, leaving: TidbClusterView): string {
  const going = storesOf(now, leaving, 'tikv');
  const { needed, free } = roomFor(going, ofTikv(after));
  const regions = going.reduce((sum, { regionCount }) => sum + regionCount, 0);
  return `TiKV: ${regions} region replicas (${inGibibytes(needed)}) are on the stores that leave; those that remain have room for ${inGibibytes(free)} before PD calls one low on space.`;
}

/** Stores per value of each location label. */
function labelsAfter(after: DatabaseView): string[] {
  const { locationLabels, isolationLevel } = after;
  const tikv = ofTikv(after);
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
