/** The inventory: the YAML text that names the Kubernetes clusters and the TiDB clusters spread over them. Pure: no file is read here. */
import { parse } from 'yaml';
import { z } from 'zod';
import { RunbookError } from './errors.ts';
import { problemsOf } from './schema-problems.ts';

/**
 * RFC 1035 labels, as Kubernetes demands of Services. They begin with a letter, which also keeps the order of the file:
 * JavaScript moves keys that look like numbers to the front of an object.
 */
const label = z.string().regex(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: 'a name is a DNS label: lower-case letters, digits and "-", beginning with a letter, at most 63 characters' });

const notEmpty = z.string().min(1, { error: 'must not be empty' });

const kubernetesCluster = z
  .strictObject({
    /** Path of a kubeconfig file; a relative one begins at the folder of the inventory. */
    kubeconfig: notEmpty.optional(),
    /** Needed with `kubeconfig`: its current context may be switched by anybody at any time. */
    context: notEmpty.optional(),
    /** The worker runs in this Kubernetes cluster and uses its pod's service account. */
    inCluster: z.literal(true, { error: 'is true or absent' }).optional(),
    /** Where TiDB Operator of this Kubernetes cluster holds its Lease and Deployment. */
    operatorNamespace: label.default('tidb-admin'),
  })
  .refine(({ kubeconfig, context, inCluster }) => (inCluster ? !kubeconfig && !context : kubeconfig && context), {
    error: 'needs either kubeconfig and context, or inCluster: true alone',
  });

const pdAccess = z
  .strictObject({
    access: z.enum(['port-forward', 'direct'], { error: 'is either "port-forward" or "direct"' }).default('port-forward'),
    /** With `direct`; absent: the DNS names of the PD Services inside the Kubernetes clusters. */
    urls: z.array(z.url({ protocol: /^https?$/, error: 'is not an http or https URL such as https://shop-pd.example:2379' })).min(1).optional(),
  })
  .refine(({ access, urls }) => access === 'direct' || !urls, { error: 'urls are used only with access: direct' });

const tidbCluster = z.strictObject({
  /** The TidbCluster without `spec.cluster`; when every one has it, the one where procedures begin. */
  initial: z.strictObject({ kubernetesCluster: label, namespace: label, name: label }),
  /** Where its TidbClusters may live; absent: in all Kubernetes clusters of the inventory. */
  kubernetesClusters: z.array(label).min(1).optional(),
  pd: pdAccess.prefault({}),
});

const inventorySchema = z.strictObject({
  kubernetesClusters: z.record(label, kubernetesCluster),
  tidbClusters: z.record(label, tidbCluster),
});

/** The order of `kubernetesClusters` is the order of procedures after the initial TidbCluster. */
export type Inventory = z.infer<typeof inventorySchema>;
/** How to reach a Kubernetes cluster: `kubeconfig` with `context`, or `inCluster`. */
export type KubernetesClusterEntry = z.infer<typeof kubernetesCluster>;
export type TidbClusterEntry = z.infer<typeof tidbCluster>;

/** A TiDB cluster with everything that the inventory leaves to defaults filled in. */
export interface InventoryTidbCluster {
  name: string;
  initial: TidbClusterEntry['initial'];
  /** In the order of the inventory, whatever order the entry lists them in. */
  kubernetesClusters: string[];
  pd: TidbClusterEntry['pd'];
}

/**
 * Reads the YAML text of an inventory. `source` (a path) stands in errors.
 * @throws RunbookError InvalidInput: one sentence that names all problems with their paths.
 */
export function parseInventory(text: string, source: string): Inventory {
  const parsed = inventorySchema.safeParse(parseYaml(text, source));
  const problems = parsed.success ? referenceProblems(parsed.data) : problemsOf(parsed.error, 'the document');
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new RunbookError('InvalidInput', `The inventory ${source} is not right: ${problems.join('; ')}`);
}

function parseYaml(text: string, source: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    // The first line names the place; the lines after it quote the file.
    const [where = ''] = String((error as Error).message).split('\n');
    throw new RunbookError('InvalidInput', `The inventory ${source} is not YAML: ${where.replace(/:$/, '')}`);
  }
}

function referenceProblems(inventory: Inventory): string[] {
  const entries = Object.entries(inventory.tidbClusters);
  return [
    ...(Object.keys(inventory.kubernetesClusters).length === 0 ? ['kubernetesClusters: names no Kubernetes cluster'] : []),
    ...entries.flatMap(([name, entry]) => unknownReferences(inventory, name, entry)),
    ...entries.flatMap(([name, entry], index) => sameInitial(entries.slice(0, index), name, entry)),
  ];
}

function unknownReferences(inventory: Inventory, name: string, { initial, kubernetesClusters }: TidbClusterEntry): string[] {
  const known = Object.keys(inventory.kubernetesClusters);
  const path = `tidbClusters.${name}`;
  const named = [
    { at: `${path}.initial.kubernetesCluster`, cluster: initial.kubernetesCluster },
    ...(kubernetesClusters ?? []).map((cluster, index) => ({ at: `${path}.kubernetesClusters.${index}`, cluster })),
  ];
  const unknown = named.filter(({ cluster }) => !known.includes(cluster));
  const outside = kubernetesClusters && !kubernetesClusters.includes(initial.kubernetesCluster);
  return [
    ...unknown.map(({ at, cluster }) => `${at}: there is no Kubernetes cluster "${cluster}"; the inventory has: ${known.join(', ')}`),
    ...(outside ? [`${path}.kubernetesClusters: lacks "${initial.kubernetesCluster}", where the initial TidbCluster lives`] : []),
  ];
}

/** Two names for one TiDB cluster would have two locks' worth of workflow ids. */
function sameInitial(before: [string, TidbClusterEntry][], name: string, { initial }: TidbClusterEntry): string[] {
  const identity = (entry: TidbClusterEntry['initial']): string => `${entry.kubernetesCluster}/${entry.namespace}/${entry.name}`;
  return before
    .filter(([, other]) => identity(other.initial) === identity(initial))
    .map(([other]) => `tidbClusters.${name}.initial: is the same TidbCluster as that of ${other}`);
}

/**
 * Looks a TiDB cluster up by its name.
 * @throws RunbookError NotFound, naming those that the inventory has.
 */
export function tidbClusterOf(inventory: Inventory, name: string): InventoryTidbCluster {
  const entry = Object.hasOwn(inventory.tidbClusters, name) ? inventory.tidbClusters[name] : undefined;
  if (!entry) {
    const known = Object.keys(inventory.tidbClusters).join(', ') || 'none';
    throw new RunbookError('NotFound', `There is no TiDB cluster "${name}" in the inventory; it has: ${known}`);
  }
  const all = Object.keys(inventory.kubernetesClusters);
  return { name, initial: entry.initial, kubernetesClusters: all.filter((cluster) => entry.kubernetesClusters?.includes(cluster) ?? true), pd: entry.pd };
}
