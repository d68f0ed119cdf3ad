/**
 * Which TidbClusters have left by an exit and were deleted. The step that deletes one writes it, before, into a TidbCluster that survives: a later run
 * then knows whose claims, volumes, Secrets and monitors are meant, and tells that from a name that was never there. The record stays: what an
 * exit kept can be reclaimed years later.
 */
import { z } from 'zod';
import type { JsonObject } from '../../protocol/json.ts';
import { isSamePlace, lastingPlaceSchema } from '../../protocol/place.ts';
import type { Place } from '../../protocol/place.ts';
import { canonical } from '../drift.ts';
import type { TidbCluster } from '../objects.ts';
import type { TidbClusterView } from '../view.ts';
import { longKey, placeOf } from '../view.ts';
import { hasPd } from './references.ts';

export const departedAnnotation = 'tidb-runbooks.io/departed';

const departedSchema = z.object({
  /** What named it in inputs and steps while it was a member. */
  key: z.string(),
  place: lastingPlaceSchema,
  uid: z.string(),
});
export type Departed = z.infer<typeof departedSchema>;

/** The oldest first; empty when there is no record, or none that can be read. */
export function departedIn({ metadata }: TidbCluster): Departed[] {
  try {
    const parsed = z.array(departedSchema).safeParse(JSON.parse(metadata.annotations[departedAnnotation] ?? '[]'));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}

/** Of all TidbClusters together; of two records of one place the later one. */
export function allDeparted(tidbClusters: readonly Pick<TidbClusterView, 'object'>[]): Departed[] {
  const all = tidbClusters.flatMap(({ object }) => departedIn(object));
  return all.filter(({ place }, index) => !all.slice(index + 1).some((later) => isSamePlace(later.place, place)));
}

/** By the key that it had, or by `<kubernetes cluster>.<name>`; of two that had the same key the later one. */
export function findDeparted(tidbClusters: readonly Pick<TidbClusterView, 'object'>[], key: string): Departed | undefined {
  return allDeparted(tidbClusters).findLast(({ key: own, place }) => own === key || longKey(place.kubernetesCluster, place.name) === key);
}

/** Where the record of this departure is kept: the first survivor with PD, which the others name. */
export function keeperOf(tidbClusters: readonly TidbClusterView[], { uid }: Departed): TidbClusterView | undefined {
  return tidbClusters.find((each) => each.object.metadata.uid !== uid && hasPd(each));
}

/**
 * What the keeper is to record; undefined when it does so already. Records that the leaving one keeps of earlier departures move with it, and those of
 * TidbClusters that are there again go.
 */
export function departurePatch(tidbClusters: readonly TidbClusterView[], departed: Departed): JsonObject | undefined {
  const keeper = keeperOf(tidbClusters, departed);
  const isThere = (place: Place): boolean => tidbClusters.some((each) => isSamePlace(placeOf(each), place));
  const others = allDeparted(tidbClusters).filter(({ place }) => !isThere(place));
  const record = [...others, departed];
  if (!keeper || canonical(departedIn(keeper.object)) === canonical(record)) return undefined;
  return { metadata: { annotations: { [departedAnnotation]: canonical(record) } } };
}
