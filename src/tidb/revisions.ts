/**
 * A patch that must roll nothing: the StatefulSet revisions from before it stand in an annotation of the same patch, and the proof is that
 * they are the same afterwards (Ⓞ10, Ⓞ37).
 */
import { z } from 'zod';
import type { JsonObject } from '../protocol/json.ts';
import { allComponents } from './components.ts';
import type { Component } from './components.ts';
import { specOf } from './spec.ts';
import type { TidbClusterView } from './view.ts';

/** `of` names the planned change: what a run that was terminated has left says nothing about the next one. */
const recordSchema = z.object({ of: z.string(), revisions: z.record(z.string(), z.string()) });
export type Revisions = z.infer<typeof recordSchema>['revisions'];

export function presentComponents(member: TidbClusterView): Component[] {
  return allComponents.filter((component) => specOf(member.object.spec, component));
}

export function revisionsOf(member: TidbClusterView): Revisions {
  return Object.fromEntries(presentComponents(member).map((component) => [component, member.statefulSets[component]?.status.updateRevision ?? '']));
}

function recordedRevisions({ object }: TidbClusterView, annotation: string, of: string): Revisions {
  try {
    const record = recordSchema.safeParse(JSON.parse(object.metadata.annotations[annotation] ?? ''));
    return record.success && record.data.of === of ? record.data.revisions : {};
  } catch {
    return {};
  }
}

/** Components that the recorded patch has rolled, in words. */
export function movedSince(member: TidbClusterView, annotation: string, of: string): string[] {
  const before = recordedRevisions(member, annotation, of);
  const now = revisionsOf(member);
  return Object.keys(before)
    .filter((component) => now[component] !== before[component])
    .map((component) => `${component} has revision ${now[component] ?? 'none'} instead of ${before[component] ?? 'none'}: the patch rolled it`);
}

/** The patch, with the revisions of now beside it. */
export function withRevisions(patch: JsonObject, member: TidbClusterView, annotation: string, of: string): JsonObject {
  return { ...patch, metadata: { annotations: { [annotation]: JSON.stringify({ of, revisions: revisionsOf(member) }) } } };
}
