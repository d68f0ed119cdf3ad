/** Where a TidbCluster is, or was: names it beyond the life of its object. */
import { z } from 'zod';

export const placeSchema = z.object({ kubernetesCluster: z.string(), namespace: z.string(), name: z.string() });
export type Place = z.infer<typeof placeSchema>;
