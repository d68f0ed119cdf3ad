/** The input of `upgradeCluster`. Imports neither workflow nor activity code: client, CLI and worker share it. */
import { z } from 'zod';
import { onDemand } from '../../protocol/on-demand.ts';
import { runOptions } from '../../protocol/options.ts';
import type { Runbook } from '../runbook.ts';

/** `v8.5.4`, or with a suffix of a build: `v8.5.4-pre`, `v8.5.4-20250101-abc`. */
const version = (): z.ZodString => z.string({ error: missingVersion }).regex(/^v\d+\.\d+\.\d+(-[0-9A-Za-z][0-9A-Za-z.-]*)?$/, { error: malformedVersion });

/** Moves every component of one TiDB cluster, in all of its Kubernetes clusters, to one version: component by component, TidbCluster by TidbCluster. */
const contract = onDemand(() =>
  z.strictObject({
    /** Name of the TiDB cluster in the inventory. */
    cluster: z.string({ error: 'needs the name of the TiDB cluster in the inventory, e.g. "shop"' }).trim().min(1),
    /** The version to run, as in the image tag. TiDB has no way back: a lower version than what runs is refused. */
    version: version(),
    /** TiProxy has versions of its own; absent, TiProxy stays as it is. */
    components: z.strictObject({ tiproxy: z.strictObject({ version: version() }).optional() }).optional(),
    ...runOptions(),
  }),
);

export type UpgradeClusterInput = z.infer<ReturnType<typeof contract>>;

export const upgradeClusterRunbook = {
  type: 'upgradeCluster',
  title: 'Upgrade a TiDB cluster',
  example: { cluster: 'shop', version: 'v8.5.4' },
  contract,
} satisfies Runbook<UpgradeClusterInput>;

function missingVersion({ input }: { input?: unknown }): string {
  return `needs a version such as "v8.5.4"${input === undefined ? '' : ', as text'}`;
}

function malformedVersion({ input }: { input?: unknown }): string {
  return `${JSON.stringify(input)} is not a version: write it as vMAJOR.MINOR.PATCH, e.g. "v8.5.4"`;
}
