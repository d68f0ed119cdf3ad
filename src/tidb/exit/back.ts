/** The way back of an exit that was stopped, and until when there is one. */
import { components } from '../components.ts';
import type { Component } from '../components.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import { ownsMember, storesOf } from './parts.ts';
import { recordedReplicas, replicasToRestore } from './record.ts';

/** In words why there is no way back by this runbook; empty: there is one. */
export function whyNoWayBack(view: ClusterView, leaving: TidbClusterView): string[] {
  const name = `TidbCluster ${nameOf(leaving)} in ${leaving.kubernetesCluster}`;
  const recorded = recordedReplicas(leaving.object);
  if (leaving.object.metadata.deletionTimestamp) return [`${name} is being deleted`];
  if (!recorded) return [`${name} has no record of an exit: nothing is to be taken back`];
  const pdLeft = (recorded.pd ?? 0) > 0 && !view.database?.members.some((member) => ownsMember(leaving, member));
  return pdLeft ? [`the PD members of ${name} have left the TiDB cluster: scale it out or join it anew instead`] : [];
}

/** The command line that takes an exit back. */
export function wayBackCommand(cluster: string, leaving: string): string {
  return `tidb-runbook start exit ${cluster} --leaving ${leaving} --way back`;
}

/** The same without our command line. */
export function wayBackInput(cluster: string, leaving: string): string {
  return `exitCluster with {"cluster":${JSON.stringify(cluster)},"leaving":${JSON.stringify(leaving)},"way":"back"}`;
}

/** Of a TidbCluster whose exit was begun: how far it is gone, and the way back while there is one. */
export function exitStateOf(view: ClusterView, member: TidbClusterView): string[] {
  if (!recordedReplicas(member.object)) return [];
  const name = `TidbCluster ${nameOf(member)} in ${member.kubernetesCluster}`;
  const missing = Object.entries(replicasToRestore(member.object)).map(([component, replicas]) => `${components[component as Component].title} (had ${replicas})`);
  const leaving = (view.database ? storesOf(view.database, member) : []).filter(({ state }) => state === 'Offline').map(({ id, regionCount }) => `${id} (${regionCount} regions left)`);
  const state = [
    ...(missing.length > 0 ? [`${name} was scaled in by an exit: ${missing.join(', ')}`] : []),
    ...(leaving.length > 0 ? [`PD is emptying the stores ${leaving.join(', ')} of ${name} and goes on with it by itself`] : []),
  ];
  const noWay = whyNoWayBack(view, member);
  const back = noWay.length > 0 ? `there is no way back by this runbook: ${noWay.join('; ')}` : `the way back, until its PD has left: ${wayBackCommand(view.name, member.key)} (or start ${wayBackInput(view.name, member.key)})`;
  return state.length > 0 ? [...state, back] : [];
}
