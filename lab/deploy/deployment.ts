/** What can be deployed: a TiDB cluster as TidbClusters in several Kubernetes clusters. */
import { z } from 'zod';
import { databaseSettingsSchema } from '../database/database-settings.ts';
import type { DatabaseSettings } from '../database/database-settings.ts';

const count = z.number().int().nonnegative().optional();
export const deployable = ['pd', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc', 'tiproxy'] as const;
export type Deployable = (typeof deployable)[number];

const replicas = z.strictObject({ pd: count, tiflash: count, tikv: count, pump: count, tidb: count, ticdc: count, tiproxy: count });

const memberSchema = z.strictObject({
  /** Name of the Kubernetes cluster. */
  cluster: z.string(),
  namespace: z.string(),
  tidbCluster: z.string(),
  /** Default `<cluster>.local`; an empty text leaves the field out. */
  clusterDomain: z.string().optional(),
  /** With TLS: the domain in the certificates' names; default `clusterDomain`. */
  certificateDomain: z.string().optional(),
  /** Default true. */
  acrossK8s: z.boolean().optional(),
  /** Labels of all its stores, e.g. `{ zone: 'east' }`. */
  storeLabels: z.record(z.string(), z.string()).optional(),
  /** Of each of its stores; default 100. */
  storeCapacityGiB: z.number().positive().optional(),
  replicas,
});

export const deploymentSchema = z.strictObject({
  /** Name of the database in the diary and in the lab's control API. */
  name: z.string(),
  version: z.string(),
  /** TLS between the components, with certificates made here. */
  tls: z.boolean().default(false),
  /** PD's max-replicas. */
  maxReplicas: z.number().int().positive().optional(),
  /** Rules, labels and sizes; in force from the first moment. */
  database: databaseSettingsSchema.default({}),
  /** The first one bootstraps; the others join it one after the other. */
  members: z.array(memberSchema).min(1),
  /** More fields of every TidbCluster's spec, e.g. configUpdateStrategy. */
  spec: z.record(z.string(), z.unknown()).default({}),
});

export type Deployment = z.infer<typeof deploymentSchema>;
export type DeploymentInput = z.input<typeof deploymentSchema>;
export type DeploymentMember = Deployment['members'][number];

/** Everything that a deployment says about the database itself. */
export const settingsOf = ({ maxReplicas, database, members }: Deployment): DatabaseSettings => ({
  ...database,
  ...(maxReplicas === undefined ? {} : { maxReplicas }),
  stores: [
    ...members.map(({ cluster, namespace, tidbCluster, storeLabels, storeCapacityGiB }) => ({ kubernetesCluster: cluster, namespace, tidbCluster, labels: storeLabels, capacityGiB: storeCapacityGiB })),
    ...(database.stores ?? []),
  ],
});

/** The demo cluster's version, old enough to be upgraded to several later ones. */
const demoVersion = 'v8.5.3';
const demoReplicas = { pd: 1, tiflash: 1, tikv: 2, pump: 1, tidb: 1, ticdc: 1 };

/** One TidbCluster `<name>-<cluster>` in every Kubernetes cluster, all in a namespace of the database's name. */
export const spreadOver = (name: string, clusters: readonly string[], version = demoVersion): DeploymentInput => ({
  name, version,
  members: clusters.map((cluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas: demoReplicas })),
});
