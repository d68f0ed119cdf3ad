/** The input of `exitCluster`. Imports neither workflow nor activity code: client, CLI and worker share it. */
import { z } from 'zod';
import { onDemand } from '../../protocol/on-demand.ts';
import { runOptions } from '../../protocol/options.ts';
import { dataWishes } from '../../tidb/exit/remains.ts';
import type { Runbook } from '../runbook.ts';

/** Takes one TidbCluster out of a TiDB cluster: scales it to nothing in stages, each proved from the surviving side, then deletes it. */
const contract = onDemand(() =>
  z
    .strictObject({
      /** Name of the TiDB cluster in the inventory. */
      cluster: z.string({ error: 'needs the name of the TiDB cluster in the inventory, e.g. "shop"' }).trim().min(1),
      /** The Kubernetes cluster whose TidbCluster leaves; `<kubernetes cluster>.<name>` where it holds several of this TiDB cluster. */
      leaving: z.string({ error: 'needs the Kubernetes cluster whose TidbCluster leaves, e.g. "west"' }).trim().min(1),
      /** `back` takes an exit that was stopped back: the numbers of pods return, and stores that PD is emptying stay. */
      way: z.enum(['out', 'back']).default('out'),
      /** Deletes the TidbCluster at the end, after a gate of its own; `false` keeps it at zero pods. */
      deleteTidbCluster: z.boolean().default(true),
      /** What is deleted besides the TidbCluster. The default keeps everything. */
      reclaim: z
        .strictObject({
          /** `claims`: its PersistentVolumeClaims. `volumes`: these and their volumes, whatever the reclaim policy says. */
          data: z.enum(dataWishes).default('keep'),
          /** Its TLS Secrets, found by their documented names. */
          secrets: z.boolean().default(false),
          /** TidbMonitors that watch it and nothing else. */
          monitor: z.boolean().default(false),
        })
        .default({ data: 'keep', secrets: false, monitor: false }),
      ...runOptions(),
    })
    .refine(({ reclaim, deleteTidbCluster }) => deleteTidbCluster || !wantsReclaim(reclaim), { path: ['reclaim'], error: 'can be asked for only when the TidbCluster is deleted: while it is there, its operator makes claims again' })
    .refine(({ way, reclaim }) => way === 'out' || !wantsReclaim(reclaim), { path: ['reclaim'], error: 'is not for the way back, which deletes nothing' }),
);

export type ExitClusterInput = z.infer<ReturnType<typeof contract>>;

export const exitClusterRunbook = {
  type: 'exitCluster',
  title: 'Take one TidbCluster out of a TiDB cluster, and reclaim what it leaves',
  example: { cluster: 'shop', leaving: 'west' },
  contract,
} satisfies Runbook<ExitClusterInput>;

function wantsReclaim({ data, secrets, monitor }: { data: string; secrets: boolean; monitor: boolean }): boolean {
  return data !== 'keep' || secrets || monitor;
}
