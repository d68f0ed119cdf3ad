/** Where a TidbCluster is, or was: names it beyond the life of its object. */
import { z } from 'zod';

export const placeSchema = z.object({ kubernetesCluster: z.string(), namespace: z.string(), name: z.string() });
export type Place = z.infer<typeof placeSchema>;

/** A place as it is known of a TidbCluster whose object is gone: `instance` is the label of all that is its, where that is not its name. */
export const lastingPlaceSchema = placeSchema.extend({ instance: z.string().optional() });
export type LastingPlace = z.infer<typeof lastingPlaceSchema>;

export function isSamePlace(one: Place, other: Place): boolean {
  return one.kubernetesCluster === other.kubernetesCluster && one.namespace === other.namespace && one.name === other.name;
}
