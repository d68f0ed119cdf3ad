/** Has one component of the leaving TidbCluster left? Said by Kubernetes and by a surviving PD, never by Ready (Ⓞ16). */
import { components } from '../components.ts';
import type { Component } from '../components.ts';
import { podOf } from '../names.ts';
import { podsOf } from '../rolling.ts';
import { specOf } from '../spec.ts';
import type { ClusterView, Store, TidbClusterView } from '../view.ts';
import { ownsMember, storesOf } from './parts.ts';

/** Everything that is still missing, in words; empty: nothing of it is left. */
export function stillThere(view: ClusterView, member: TidbClusterView, component: Component): string[] {
  return [...stillAsked(member, component), ...stillInDatabase(view, member, component), ...stillRuns(member, component)];
}

function stillAsked(member: TidbClusterView, component: Component): string[] {
  const { replicas = 0 } = specOf(member.object.spec, component) ?? {};
  return replicas === 0 ? [] : [`spec asks for ${replicas} pods`];
}

/** True when only a surviving PD's word is missing, or nothing. */
export function podsAreGone(member: TidbClusterView, component: Component): boolean {
  return stillRuns(member, component).length === 0;
}

function stillRuns(member: TidbClusterView, component: Component): string[] {
  const set = member.statefulSets[component];
  const pods = podsOf(member, component).map(({ metadata }) => metadata.name);
  return [
    ...(set && set.spec.replicas > 0 ? [`the operator keeps ${set.spec.replicas} pods in the StatefulSet of ${components[component].title}`] : []),
    ...(pods.length > 0 ? [`${pods.length} pods are there: ${pods.join(', ')}`] : []),
    ...(set && pods.length === 0 && set.status.replicas > 0 ? ['the StatefulSet controller still counts pods'] : []),
  ];
}

function stillInDatabase(view: ClusterView, member: TidbClusterView, component: Component): string[] {
  const { database } = view;
  if (!database) return [`no PD of the others answers: ${view.databaseProblem ?? ''}`];
  if (component === 'pd') return database.members.filter((each) => ownsMember(member, each)).map(({ name, id }) => `PD still lists member ${podOf(name || id)}`);
  if (component !== 'tikv' && component !== 'tiflash') return [];
  const stores = storesOf(database, member, component);
  return stores.length === 0 ? [] : [...stores.map(leavingStore), ...estimate(view)];
}

function leavingStore({ id, address, state, regionCount, leaderCount }: Store): string {
  const leaders = state === 'Up' && leaderCount > 0 ? `, ${leaderCount} of them leaders` : '';
  return `store ${id} (${podOf(address)}) is ${state}, ${regionCount} regions left${leaders}`;
}

/** PD's own word about the stores that are being removed. */
function estimate({ database }: ClusterView): string[] {
  const removing = database?.removing;
  if (!removing || removing === 'none') return [];
  const left = removing.leftSeconds === undefined ? '' : `, about ${Math.ceil(removing.leftSeconds / 60)} min left`;
  return [`PD has moved ${Math.round(removing.progress * 100)} %${left}`];
}

/** What the database said when it was over, for the report. */
export function whatLeft(view: ClusterView, member: TidbClusterView, component: Component): { buried: string[]; membersLeft: string[] } {
  const buried = (view.database?.stores ?? []).filter((store) => store.state === 'Tombstone' && store.engine === component && podOf(store.address).startsWith(`${member.object.metadata.name}-`));
  return {
    buried: buried.map(({ id, address }) => `store ${id} (${podOf(address)}) is a Tombstone`),
    membersLeft: component === 'pd' ? (view.database?.members ?? []).map(({ name, healthy }) => `${name} ${healthy ? 'healthy' : 'not healthy'}`) : [],
  };
}
