/**
 * Has a component rolled although its image stayed the same (restart, acrossK8s, clusterDomain, configuration)? The revision that was
 * recorded before the change must have become another one; the completion proof then says the rest (§1.6, last paragraph).
 */
import type { Component } from './components.ts';
import type { TidbClusterView } from './view.ts';

export function revisionOf(member: TidbClusterView, component: Component): string {
  return member.statefulSets[component]?.status.updateRevision ?? '';
}

/** What is missing, in words; empty when there is a new revision. */
export function notRolledSince(member: TidbClusterView, component: Component, revisionBefore: string): string[] {
  const now = revisionOf(member, component);
  return now !== '' && now !== revisionBefore ? [] : [`the StatefulSet of ${component} has no new revision yet (${now || 'none'})`];
}
