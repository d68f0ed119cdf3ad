/**
 * A restart without a change: an annotation of the component goes into its pod template, and a changed template rolls (§4.4;
 * docs-tidb-operator release-1.6, restart-a-tidb-cluster.md). The template shows whether the operator has taken it up.
 */
import type { JsonObject } from '../protocol/json.ts';
import { components } from './components.ts';
import type { Component } from './components.ts';
import type { TidbClusterSpec } from './objects.ts';
import { revisionOf } from './rolled.ts';
import { specOf } from './spec.ts';
import type { TidbClusterView } from './view.ts';

export const restartAnnotation = 'tidb.pingcap.com/restartedAt';

/** What the spec asks for; empty when the component was never restarted in this way. */
export function askedRestart(spec: TidbClusterSpec, component: Component): string {
  return specOf(spec, component)?.annotations?.[restartAnnotation] ?? '';
}

/**
 * A value that the component does not have yet: it names the revision that is to be replaced. A revision contains the annotation, so
 * that the value of an earlier restart names an older one; within a run it stays the same, whoever repeats it.
 */
export function restartOf(member: TidbClusterView, component: Component): string {
  return `after-${revisionOf(member, component)}`;
}

/** The merge patch; the list `spec.pdms` has no merge keys and is written whole (§3.7). */
export function restartPatch(spec: TidbClusterSpec, component: Component, value: string): JsonObject {
  const annotations = { [restartAnnotation]: value };
  const { place } = components[component];
  if (!('microservice' in place)) return { spec: { [place.field]: { annotations } } };
  const pdms = (spec.pdms ?? []).map((entry) => (entry.name === place.microservice ? { ...entry, annotations: { ...entry.annotations, ...annotations } } : entry));
  return { spec: { pdms: pdms as unknown as JsonObject[] } };
}

/** What is missing until the StatefulSet asks its pods for this restart, in words. */
export function notTakenUp(member: TidbClusterView, component: Component, value: string): string[] {
  const asked = askedRestart(member.object.spec, component);
  if (asked !== value) return [`spec asks for restart ${asked || 'none'}, not ${value}`];
  const template = member.statefulSets[component]?.spec.template.metadata.annotations[restartAnnotation];
  return template === value ? [] : [`the operator has not begun: the template of ${component} has restart ${template ?? 'none'}, not ${value}`];
}
