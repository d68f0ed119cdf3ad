/** The input of `restartCluster`. Imports neither workflow nor activity code: client, CLI and worker share it. */
import { z } from 'zod';
import { onDemand } from '../../protocol/on-demand.ts';
import { runOptions } from '../../protocol/options.ts';
import { allComponents } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import type { Runbook } from '../runbook.ts';

/** Restarts components of one TiDB cluster without changing anything else: in the upgrade's order and with its proofs. */
const contract = onDemand(() =>
  z.strictObject({
    /** Name of the TiDB cluster in the inventory. */
    cluster: z.string({ error: 'needs the name of the TiDB cluster in the inventory, e.g. "shop"' }).trim().min(1),
    /** Which components; absent: all that the TiDB cluster has. Their order is the upgrade's, whatever the order here. */
    components: z.array(z.enum(allComponents as [Component, ...Component[]])).min(1, { error: 'name at least one component, or leave the field out for all' }).optional(),
    /** A mark of this restart, e.g. a time or a ticket: a second run with the same mark adopts what the first has restarted. Absent: every run restarts anew. */
    mark: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z:._+-]{0,62}$/, { error: 'a mark has 1 to 63 letters, digits and the characters : . _ + -' }).optional(),
    ...runOptions(),
  }),
);

export type RestartClusterInput = z.infer<ReturnType<typeof contract>>;

export const restartClusterRunbook = {
  type: 'restartCluster',
  title: 'Restart components of a TiDB cluster',
  example: { cluster: 'shop' },
  contract,
} satisfies Runbook<RestartClusterInput>;
