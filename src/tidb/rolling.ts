/** Is a component of one TidbCluster rolling or scaling? Read from StatefulSet and phase together: either alone lies at times (§1.3, §1.4). */
import { labels, statefulSetName } from './components.ts';
import type { Component } from './components.ts';
import type { Pod, StatefulSet } from './objects.ts';
import { statusOf } from './spec.ts';
import type { TidbClusterView } from './view.ts';

export function isRolling(each: TidbClusterView, component: Component): boolean {
  const phase = statusOf(each.object, component)?.phase;
  const set = each.statefulSets[component];
  const busy = phase === 'Upgrade' || phase === 'Scale' || phase === 'Suspend';
  return busy || (set !== undefined && !isSettledSet(set));
}

/** The StatefulSet controller has seen the newest template and every pod runs it. */
export function isSettledSet(set: StatefulSet): boolean {
  const { status } = set;
  return set.metadata.generation <= status.observedGeneration && status.currentRevision === status.updateRevision && status.replicas === set.spec.replicas && status.readyReplicas === set.spec.replicas;
}

export function podsOf(each: TidbClusterView, component: Component): Pod[] {
  return each.pods.filter((pod) => pod.metadata.labels[labels.component] === component);
}

/** Pod names that the StatefulSet of `replicas` pods should have, highest ordinal first: the order in which they roll. */
export function expectedPods(each: TidbClusterView, component: Component, replicas: number): string[] {
  const set = statefulSetName(each.object.metadata.name, component);
  return Array.from({ length: replicas }, (_, ordinal) => `${set}-${replicas - 1 - ordinal}`);
}

export function isPodReady(pod: Pod): boolean {
  return pod.status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** Running, ready, not on its way out. */
export function isPodUp(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && pod.status.phase === 'Running' && isPodReady(pod);
}
