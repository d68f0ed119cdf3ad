/**
 * The start scripts of the components. PD, TiKV and TiDB read theirs from a ConfigMap, so a change of it reaches a pod only
 * when that restarts; the others carry it in the pod's command, so a change rolls them (§4.4 of the domain notes).
 */
import type { Component } from '../settings.ts';
import { hostOf, pdMemberName, scheme } from './naming.ts';
import { refersToAnother, specOf } from './tidb-cluster.ts';
import type { TidbCluster } from './tidb-cluster.ts';

/** The node fills in the pod's name, as a shell would. */
export const podVariable = '${POD_NAME}';

export const fromConfigMap = (component: Component): boolean => component === 'pd' || component === 'tikv' || component === 'tidb' || component === 'tiproxy';

export function startScript(cluster: TidbCluster, component: Component): string {
  const host = hostOf(cluster, component, podVariable);
  const flags = component === 'pd' ? pdFlags(cluster, host) : [`--advertise-host=${host}`, `--pd=${pdFor(cluster)}`];
  return `#!/bin/sh\nset -uo pipefail\nexec /${component}-server ${flags.join(' ')}\n`;
}

const pdFlags = (cluster: TidbCluster, host: string): string[] => [
  '--data-dir=/var/lib/pd',
  `--name=${pdMemberName(cluster, podVariable)}`,
  `--advertise-peer-urls=${scheme(cluster)}://${host}:2380`,
  `--advertise-client-urls=${scheme(cluster)}://${host}:2379`,
];

/** Across Kubernetes a pod asks its discovery where PD is, and waits until that answers. */
const pdFor = (cluster: TidbCluster): string =>
  cluster.spec.acrossK8s ? `$(wget -qO- -T 3 http://${cluster.metadata.name}-discovery.${cluster.metadata.namespace}:10261/verify/${Buffer.from(pdAddress(cluster)).toString('base64')})` : pdAddress(cluster);

function pdAddress(cluster: TidbCluster): string {
  const { cluster: reference } = cluster.spec;
  const name = !cluster.spec.pd && refersToAnother(cluster) ? reference?.name : cluster.metadata.name;
  return `${scheme(cluster)}://${name}-pd:2379`;
}

/** What the component's ConfigMap holds. */
export function configData(cluster: TidbCluster, component: Component): Record<string, string> {
  const { config } = specOf(cluster, component) ?? {};
  const text = typeof config === 'string' ? config : JSON.stringify(config ?? {});
  return { 'config-file': text, ...(fromConfigMap(component) ? { 'startup-script': startScript(cluster, component) } : {}) };
}
