/**
 * One reconcile pass of tidb-operator v1.6 over one TidbCluster, as a function from what is seen to what is done
 * (`tidb_cluster_control.go:release-1.6`). The first component that ends the pass keeps all later ones from their turn; condition
 * Ready is computed from the mixture all the same.
 */
import { components } from '../settings.ts';
import type { Component } from '../settings.ts';
import { takeTurn } from './component-turn.ts';
import { podLabels } from './naming.ts';
import { readyCondition } from './ready-condition.ts';
import { membersOf } from './status.ts';
import type { TidbClusterStatus } from './status.ts';
import { EndOfPass, isoTime } from './view.ts';
import type { Action, PassView } from './view.ts';

export interface PassResult {
  actions: Action[];
  status: TidbClusterStatus;
  /** Why the pass ended early; it is repeated soon. */
  endedBy: string | undefined;
}

/** `seen` lacks the collector of actions and holds the status to start from, which is not changed. */
export function decidePass(seen: Omit<PassView, 'act'>): PassResult {
  const actions: Action[] = [];
  const view: PassView = { ...seen, status: structuredClone(seen.status), act: (action) => void actions.push(action) };
  const endedBy = takeTurns(view);
  if (endedBy === undefined) labelPods(view);
  view.status.conditions = [readyCondition(view.cluster, view.status, isoTime(view))];
  return { actions, status: view.status, endedBy };
}

function takeTurns(view: PassView): string | undefined {
  try {
    for (const component of components) takeTurn(view, component);
    return undefined;
  } catch (error) {
    if (error instanceof EndOfPass) return error.message;
    throw error;
  }
}

/** Cluster, member and store ids are written onto the pods when they are known. */
function labelPods(view: PassView): void {
  const { clusterID } = view.status;
  if (clusterID === undefined || view.cluster.spec.paused) return;
  for (const component of ['pd', 'tikv', 'tiflash'] as const) {
    for (const pod of view.pods(component)) {
      const labels = { [podLabels.clusterId]: clusterID, ...idLabel(view, component, pod.metadata.name) };
      const isKnown = Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
      if (!isKnown && !pod.metadata.deletionTimestamp) view.act({ do: 'label-pod', pod: pod.metadata.name, labels });
    }
  }
}

function idLabel(view: PassView, component: Extract<Component, 'pd' | 'tikv' | 'tiflash'>, pod: string): Record<string, string> {
  if (component === 'pd') {
    const member = Object.values(membersOf(view.status.pd)).find((one) => one.name.split('.')[0] === pod);
    return member ? { [podLabels.memberId]: member.id } : {};
  }
  const store = Object.values(view.status[component]?.stores ?? {}).find((one) => one.podName === pod);
  return store ? { [podLabels.storeId]: store.id } : {};
}
