/** The TidbCluster resource as tidb-operator v1.6 reads it: spec, images, desired replicas, defaults. */
import type { Meta } from '../process/kubernetes-objects.ts';
import type { Component } from '../settings.ts';
import type { TidbClusterStatus } from './status.ts';

export interface ComponentSpec {
  replicas: number;
  version?: string | null;
  baseImage?: string;
  image?: string;
  annotations?: Record<string, string>;
  configUpdateStrategy?: string;
  config?: unknown;
  requests?: { storage?: string };
  maxFailoverCount?: number;
  spareVolReplaceReplicas?: number;
  /** TiKV: a Go duration such as `1500m`. */
  evictLeaderTimeout?: string;
}

export interface TidbClusterSpec {
  version?: string;
  paused?: boolean;
  acrossK8s?: boolean;
  clusterDomain?: string;
  configUpdateStrategy?: string;
  cluster?: { name: string; namespace?: string; clusterDomain?: string };
  tlsCluster?: { enabled?: boolean };
  pdAddresses?: string[];
  enablePVReclaim?: boolean;
  pvReclaimPolicy?: string;
  annotations?: Record<string, string>;
  pd?: ComponentSpec;
  pdms?: (ComponentSpec & { name: string })[];
  tiproxy?: ComponentSpec;
  tiflash?: ComponentSpec;
  tikv?: ComponentSpec;
  pump?: ComponentSpec;
  tidb?: ComponentSpec;
  ticdc?: ComponentSpec;
}

export interface TidbCluster {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec: TidbClusterSpec;
  status?: TidbClusterStatus;
}

export const isMicroservice = (component: Component): component is 'tso' | 'scheduling' => component === 'tso' || component === 'scheduling';

export function specOf(cluster: TidbCluster, component: Component): ComponentSpec | undefined {
  if (isMicroservice(component)) return cluster.spec.pdms?.find((service) => service.name === component);
  return cluster.spec[component];
}

export const desiredReplicas = (cluster: TidbCluster, component: Component): number => specOf(cluster, component)?.replicas ?? 0;

export const isTls = (cluster: TidbCluster): boolean => cluster.spec.tlsCluster?.enabled === true;
/** "Heterogeneous" in the operator's words: its PDs always join. */
export const refersToAnother = (cluster: TidbCluster): boolean => Boolean(cluster.spec.cluster?.name);

const baseImages: Partial<Record<Component, string>> = { tso: 'pingcap/pd', scheduling: 'pingcap/pd', pump: 'pingcap/tidb-binlog' };
const baseImageOf = (component: Component): string => baseImages[component] ?? `pingcap/${component}`;

/** baseImage plus `:` plus the component's version, else the cluster's (`API/component_spec.go:release-1.6`). */
export function imageOf(cluster: TidbCluster, component: Component): string {
  const spec = specOf(cluster, component);
  const version = spec?.version ?? cluster.spec.version;
  const base = spec?.baseImage ?? baseImageOf(component);
  return version ? `${base}:${version}` : (spec?.image ?? base);
}

const defaultFailovers = 3;
const withFailover: Component[] = ['pd', 'tikv', 'tidb', 'tiflash'];
const defaultSpares = 1;
const withSpares: Component[] = ['pd', 'tikv'];

/**
 * What the operator fills in before every pass, and thereby persists with its next status write
 * (`defaulting/tidbcluster.go:release-1.6`).
 */
export function withDefaults(cluster: TidbCluster): TidbCluster {
  const copy = structuredClone(cluster);
  const { spec } = copy;
  spec.tlsCluster ??= { enabled: false };
  spec.enablePVReclaim ??= false;
  spec.pvReclaimPolicy ??= 'Retain';
  if (spec.cluster) spec.cluster.namespace ??= copy.metadata.namespace;
  for (const component of ['pd', 'tiproxy', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'] as const) {
    const own = spec[component];
    if (!own) continue;
    own.baseImage ??= baseImageOf(component);
    if (withFailover.includes(component)) own.maxFailoverCount ??= defaultFailovers;
    if (withSpares.includes(component)) own.spareVolReplaceReplicas ??= defaultSpares;
    if (own.config !== undefined) own.config = configText(component, own.config);
  }
  return copy;
}

/** What TiDB's configuration gets when it has nothing of its own; others stay empty. */
const tidbConfig = '[log]\n  [log.file]\n    max-backups = 3\n';

/**
 * The operator reads configuration from an object or from TOML and always writes it back as TOML (`util/config/config.go:release-1.6`).
 * Here an object that has anything in it stays as it is.
 */
function configText(component: Component, config: unknown): unknown {
  const isEmpty = config === '' || (typeof config === 'object' && config !== null && Object.keys(config).length === 0);
  if (!isEmpty) return config;
  return component === 'tidb' ? tidbConfig : '';
}
