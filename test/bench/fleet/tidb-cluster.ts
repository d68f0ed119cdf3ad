/** One TiDB cluster of the fleet: its Kubernetes objects as the operator, the controllers and the kubelets would have left them. Pure. */
import { deploymentSchema } from '../../../lab/deploy/deployment.ts';
import { tidbClusterManifest } from '../../../lab/deploy/tidb-cluster-manifest.ts';
import type { Database } from '../../../lab/database/database.ts';
import { hostOf, instanceLabels, ownerReference, peerService, podLabels, podName, setName } from '../../../lab/operator/naming.ts';
import type { ComponentStatus, PdMemberStatus, TidbClusterStatus } from '../../../lab/operator/status.ts';
import { imageOf, withDefaults } from '../../../lab/operator/tidb-cluster.ts';
import type { TidbCluster } from '../../../lab/operator/tidb-cluster.ts';
import type { StatefulSetStatus } from '../../../lab/process/kubernetes-objects.ts';

export const from = 'v8.5.3';
export const to = 'v8.5.4';
/** One list of all TidbClusters costs an API server some 0.3 ms for each of them, out of its cache: a single one would show little else. */
export const kubernetesClusters = ['east', 'west', 'south'] as const;
export type KubernetesCluster = (typeof kubernetesClusters)[number];
export const replicas = { pd: 3, tikv: 3, tidb: 2 } as const;
export type Part = keyof typeof replicas;
export const parts = Object.keys(replicas) as Part[];

/** So many share a namespace and with it the watches of the worker. */
const perNamespace = 10;
/** The databases answer at 127.16.0.1 and after. */
const firstBlock = 16;
const blockSize = 256;

export interface Site {
  kubernetesCluster: KubernetesCluster;
  name: string;
  namespace: string;
  /** Where its PD answers. */
  address: string;
}

/** All names have the same length: none begins another one. */
export function siteOf(index: number): Site {
  const place = index % kubernetesClusters.length;
  const digits = (number: number): string => String(number).padStart(4, '0');
  const address = `127.${firstBlock + Math.floor(index / blockSize)}.${index % blockSize}.1`;
  return { kubernetesCluster: kubernetesClusters[place] ?? 'east', name: `c${digits(index)}`, namespace: `fleet-${digits(Math.floor(index / kubernetesClusters.length / perNamespace))}`, address };
}

/** Its spec, before the upgrade. */
export function tidbClusterOf({ kubernetesCluster, name, namespace }: Site): TidbCluster {
  const deployment = deploymentSchema.parse({ name, version: from, members: [{ cluster: kubernetesCluster, namespace, tidbCluster: name, clusterDomain: '', acrossK8s: false, replicas }] });
  const [member] = deployment.members;
  if (!member) throw new Error('A deployment has a member.');
  return withDefaults(tidbClusterManifest(deployment, member) as unknown as TidbCluster);
}

/** How far the roll of PD has come: pods of the new revision. The other components stay as they are. */
const updatedOf = (part: Part, pdPods: number): number => (part === 'pd' ? pdPods : 0);

const revisionOf = (cluster: TidbCluster, part: Part, isNew: boolean): string => `${setName(cluster, part)}-${isNew ? '7d9f' : '5c8b'}`;
const imageFor = (cluster: TidbCluster, part: Part, isNew: boolean): string => imageOf(isNew ? { ...cluster, spec: { ...cluster.spec, version: to } } : cluster, part);

export function templateOf(cluster: TidbCluster, part: Part, pdPods: number): object {
  const image = imageFor(cluster, part, updatedOf(part, pdPods) > 0);
  return { metadata: { labels: instanceLabels(cluster, part) }, spec: { containers: [{ name: part, image }] } };
}

export function statefulSetOf(cluster: TidbCluster, part: Part): object {
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet',
    metadata: { name: setName(cluster, part), labels: instanceLabels(cluster, part), ownerReferences: [ownerReference(cluster)] },
    spec: {
      replicas: replicas[part], serviceName: peerService(cluster, part), podManagementPolicy: 'Parallel',
      selector: { matchLabels: instanceLabels(cluster, part) }, template: templateOf(cluster, part, 0),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: replicas[part] } },
    },
  };
}

/** All pods are ready: the roll is between two of them. */
export function setStatusOf(cluster: TidbCluster, part: Part, pdPods: number): StatefulSetStatus {
  const count = replicas[part];
  const updated = updatedOf(part, pdPods);
  return {
    observedGeneration: updated > 0 ? 2 : 1, replicas: count, readyReplicas: count, updatedReplicas: updated > 0 ? updated : count,
    currentRevision: revisionOf(cluster, part, updated === count), updateRevision: revisionOf(cluster, part, updated > 0),
  };
}

/** Highest ordinal first, as they roll. */
export function podsOf(cluster: TidbCluster, part: Part): string[] {
  return Array.from({ length: replicas[part] }, (_, ordinal) => podName(cluster, part, replicas[part] - 1 - ordinal));
}

/** Labels and containers of a pod before or after its turn. */
export function podBodyOf(cluster: TidbCluster, part: Part, isNew: boolean): { metadata: { labels: Record<string, string> }; spec: { containers: { name: string; image: string }[] } } {
  const labels = { ...instanceLabels(cluster, part), [podLabels.revision]: revisionOf(cluster, part, isNew) };
  return { metadata: { labels }, spec: { containers: [{ name: part, image: imageFor(cluster, part, isNew) }] } };
}

/** The operator's status at its pass after `pdPods` of the pods were through. */
export function statusOf(cluster: TidbCluster, database: Database, pdPods: number): TidbClusterStatus {
  const now = new Date().toISOString();
  const members = database.members.all.map((member): PdMemberStatus => ({ name: member.name, id: String(member.id), clientURL: member.clientUrls[0] ?? '', health: true, lastTransitionTime: now }));
  const stores = [...database.stores.all.values()].map((store) => ({ id: String(store.id), podName: store.origin.pod, ip: hostOf(cluster, 'tikv', store.origin.pod), leaderCount: 1, state: 'Up', lastTransitionTime: now }));
  const common = (part: Part): ComponentStatus => ({ phase: 'Normal', statefulSet: setStatusOf(cluster, part, pdPods), image: imageFor(cluster, part, updatedOf(part, pdPods) > 0) });
  const rolls = pdPods > 0 && pdPods < replicas.pd;
  const [leader] = members;
  return {
    clusterID: String(database.clusterId),
    conditions: [{ type: 'Ready', status: rolls ? 'False' : 'True', reason: rolls ? 'StatefulSetNotUpToDate' : 'Ready', lastTransitionTime: now }],
    pd: { ...common('pd'), phase: rolls ? 'Upgrade' : 'Normal', synced: true, members: Object.fromEntries(members.map((each) => [each.name, each])), ...(leader ? { leader } : {}) },
    tikv: { ...common('tikv'), synced: true, bootStrapped: true, stores: Object.fromEntries(stores.map((each) => [each.id, each])) },
    tidb: { ...common('tidb'), members: Object.fromEntries(podsOf(cluster, 'tidb').map((name) => [name, { name, health: true, lastTransitionTime: now }])) },
  };
}
