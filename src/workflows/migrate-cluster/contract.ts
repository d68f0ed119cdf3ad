/** The input of `migrateCluster`. Imports neither workflow nor activity code: client, CLI and worker share it. */
import { z } from 'zod';
import { onDemand } from '../../protocol/on-demand.ts';
import { gateLevels, runOptions } from '../../protocol/options.ts';
import type { Runbook } from '../runbook.ts';

const asked = gateLevels.filter((level) => level !== 'none');

/** Prepares the one TidbCluster of a TiDB cluster for others in other Kubernetes clusters: `acrossK8s`, cluster domain, PD's peer URLs. Experimental. */
const contract = onDemand(() =>
  z.strictObject({
    /** Name of the TiDB cluster in the inventory. */
    cluster: z.string({ error: 'needs the name of the TiDB cluster in the inventory, e.g. "shop"' }).trim().min(1),
    /** The DNS domain of its Kubernetes cluster, e.g. `k1.example`; absent: names stay without a domain, for Kubernetes clusters that have the same one. It can never be changed later. */
    clusterDomain: z.string().min(1).optional(),
    /** Must be `true`: TiDB Operator calls this experimental, and a wrong peer URL loses the cluster. */
    acceptRisk: z.literal(true, { error: 'this is experimental and may lose data: read docs/migrate-cluster.md, then give "acceptRisk": true' }),
    /** Why no backup of the last 24 hours is needed; it stands in the plan. */
    backupWaiver: z.string().trim().min(1).max(500).optional(),
    /** The image of the pod that looks names up; it needs sh and nslookup. Absent: PD's own. */
    probeImage: z.string().trim().min(1).optional(),
    ...runOptions(),
    /** Where a person is asked: at least once for the plan. */
    gates: z.enum(asked as ['plan', ...typeof asked], { error: '"none" is refused: this runbook begins only when a person has approved its plan' }).default('plan'),
  }),
);

export type MigrateClusterInput = z.infer<ReturnType<typeof contract>>;

export const migrateClusterRunbook = {
  type: 'migrateCluster',
  title: 'Migrate a TiDB cluster to across-Kubernetes (experimental, may lose data)',
  example: { cluster: 'shop', clusterDomain: 'k1.example', acceptRisk: true },
  contract,
} satisfies Runbook<MigrateClusterInput>;
