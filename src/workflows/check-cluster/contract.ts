/** The input of `checkCluster`. Imports neither workflow nor activity code: client, CLI and worker share it. */
import { z } from 'zod';
import { onDemand } from '../../protocol/on-demand.ts';

/** Looks at one TiDB cluster and reports what is wrong, soon will be, or is left over; changes nothing. */
export const checkContract = onDemand(() =>
  z.strictObject({
    /** Name of the TiDB cluster in the inventory. */
    cluster: z.string({ error: 'needs the name of the TiDB cluster in the inventory, e.g. "shop"' }).trim().min(1),
  }),
);

export const checkClusterRunbook = {
  type: 'checkCluster',
  title: 'Check a TiDB cluster',
  example: { cluster: 'shop' },
  contract: checkContract,
} as const;
