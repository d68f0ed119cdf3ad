/**
 * The brake: `spec.paused` freezes a roll between two pods (Ⓞ36). An annotation records whose it is, so that it is released only by
 * the run that set it, and a person or a later run sees it.
 */
import { z } from 'zod';
import type { JsonObject } from '../protocol/json.ts';
import type { RunIdentity } from '../protocol/outcome.ts';
import type { TidbCluster } from './objects.ts';

export const brakeAnnotation = 'tidb-runbooks.io/brake';

const brakeSchema = z.object({ namespace: z.string(), workflowId: z.string(), runId: z.string(), since: z.string(), reason: z.string() });
export type Brake = z.infer<typeof brakeSchema>;

/** The brake that stands on this TidbCluster, if `paused` is set and the annotation can be read. */
export function brakeOf(object: TidbCluster): Brake | undefined {
  const text = object.metadata.annotations[brakeAnnotation];
  if (!text || !object.spec.paused) return undefined;
  try {
    const parsed = brakeSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function isBrakeOf(object: TidbCluster, run: RunIdentity): boolean {
  const brake = brakeOf(object);
  return brake !== undefined && brake.namespace === run.namespace && brake.workflowId === run.workflowId && brake.runId === run.runId;
}

export function brakePatch(run: RunIdentity, reason: string, since: string): JsonObject {
  const brake: Brake = { ...run, since, reason: reason.slice(0, 500) };
  return { metadata: { annotations: { [brakeAnnotation]: JSON.stringify(brake) } }, spec: { paused: true } };
}

export const releasePatch: JsonObject = { metadata: { annotations: { [brakeAnnotation]: null } }, spec: { paused: false } };
