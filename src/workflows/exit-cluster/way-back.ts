/** The plan of the way back: the pods return as they were recorded, stores that PD is emptying stay, and the record goes. Pure. */
import type { JsonObject } from '../../protocol/json.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { digestsOf } from '../../tidb/drift.ts';
import { whyNoWayBack } from '../../tidb/exit/back.ts';
import { storesOf } from '../../tidb/exit/parts.ts';
import { recordedReplicas, replicasToRestore } from '../../tidb/exit/record.ts';
import { askAll } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { noUnknownParts, notPaused, notSuspended, oneDatabase, passesValidation } from '../../tidb/guards/tidb-clusters.ts';
import { nameOf, placeOf } from '../../tidb/view.ts';
import type { ClusterView, TidbClusterView } from '../../tidb/view.ts';
import type { UnhashedPlan } from '../runbook.ts';

const refusing: readonly Guard[] = [notPaused, notSuspended, passesValidation, noUnknownParts, oneDatabase];

export function planWayBack(view: ClusterView, leaving: TidbClusterView): { refusals: string[] } | UnhashedPlan {
  const asked = askAll(refusing, view, { member: leaving }).filter(({ key }) => !key.startsWith('brake/'));
  const refusals = [...whyNoWayBack(view, leaving), ...asked.map(({ message }) => message)];
  if (refusals.length > 0) return { refusals };
  const steps = [restoreStep(view, leaving), keepStep(leaving), forgetStep(leaving)];
  return {
    runbook: 'exitCluster',
    cluster: view.name,
    clusterId: view.database?.clusterId ?? 'unknown',
    summary: `Take the exit of TidbCluster ${nameOf(leaving)} in ${leaving.kubernetesCluster} from TiDB cluster ${view.name} back: ${inWords(leaving) || 'all pods are asked for already'}`,
    steps,
    notes: [
      'Stores that became Tombstones do not return: the operator deletes their claims and makes new stores, which PD fills again.',
      'References in spec.cluster that the exit changed stay as they are: they name TidbClusters that are there, and changing them rolls nothing either way.',
    ],
    holds: [],
  };
}

function inWords({ object }: TidbClusterView): string {
  return Object.entries(replicasToRestore(object)).map(([component, replicas]) => `${components[component as Component].title} ${replicas}`).join(', ');
}

function restoreStep({ database }: ClusterView, leaving: TidbClusterView): PlannedStep {
  const emptied = database ? storesOf(database, leaving).filter(({ state }) => state === 'Offline') : [];
  const stores = emptied.length > 0 ? `; stores ${emptied.map(({ id }) => id).join(', ')} stay` : '';
  return {
    id: `restore/${leaving.key}`,
    kind: 'restore-replicas',
    title: `Pods in ${leaving.key} as before the exit: ${inWords(leaving) || 'as asked for'}${stores}`,
    component: 'restore',
    kubernetesCluster: leaving.key,
    alreadyDone: false,
    input: restoring(leaving),
  };
}

/** A pass of the operator that had begun before may remove a store once more: when the new numbers have settled that is over. */
function keepStep(leaving: TidbClusterView): PlannedStep {
  return {
    id: `stores/${leaving.key}`,
    kind: 'keep-stores',
    title: `Everything runs in ${leaving.key}: no store is being emptied, no leaders are evicted`,
    component: 'stores',
    kubernetesCluster: leaving.key,
    alreadyDone: false,
    input: restoring(leaving),
  };
}

function restoring(leaving: TidbClusterView): JsonObject {
  return { replicas: { ...recordedReplicas(leaving.object) }, place: { ...placeOf(leaving) }, baseline: digestsOf(leaving.object) };
}

function forgetStep(leaving: TidbClusterView): PlannedStep {
  return {
    id: `forget/${leaving.key}`,
    kind: 'forget-exit',
    title: `The record of the exit in ${leaving.key} is removed`,
    component: 'forget',
    kubernetesCluster: leaving.key,
    alreadyDone: false,
    input: { place: { ...placeOf(leaving) } },
  };
}
