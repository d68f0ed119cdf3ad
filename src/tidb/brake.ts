/**
 * The brake: `spec.paused` freezes a roll between two pods (Ⓞ36). An annotation records whose it is, so that a
 * person or a later run sees it. It is released by whoever holds the lock of the TiDB cluster: the run that set it, or the one that took
 * the lock over after that had ended. A `paused` without the annotation is somebody else's and is never touched.
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

export function brakePatch(run: RunIdentity, reason: string, since: string): JsonObject {
  const brake: Brake = { ...run, since, reason: reason.slice(0, 500) };
  return { metadata: { annotations: { [brakeAnnotation]: JSON.stringify(brake) } }, spec: { paused: true } };
}

export const releasePatch: JsonObject = { metadata: { annotations: { [brakeAnnotation]: null } }, spec: { paused: false } };
