/** Carries out what a pass decided: writes to the API server as `tidb-controller-manager`, requests to the database. */
import type { Database } from '../database/database.ts';
import { isGone } from '../kubernetes-api.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import type { EventWriter } from '../process/event-writer.ts';
import type { StatefulSet, StatefulSetSpec } from '../process/kubernetes-objects.ts';
import { annotations, instanceLabels, ownerReference, peerService, setName } from './naming.ts';
import type { TidbCluster } from './tidb-cluster.ts';
import type { Action } from './view.ts';
import type { Component } from '../settings.ts';

export interface Reach {
  api: KubernetesApi;
  events: EventWriter;
  kubernetesCluster: string;
  cluster: TidbCluster;
  database: Database | undefined;
}

const core = (cluster: TidbCluster, resource: string): string => `/api/v1/namespaces/${cluster.metadata.namespace}/${resource}`;
const setsPath = (cluster: TidbCluster): string => `/apis/apps/v1/namespaces/${cluster.metadata.namespace}/statefulsets`;
const clusterPath = (cluster: TidbCluster): string => `/apis/pingcap.com/v1alpha1/namespaces/${cluster.metadata.namespace}/tidbclusters/${cluster.metadata.name}`;

/** In order; what has gone or changed meanwhile (404, 409) is left to the next pass. */
export async function carryOut(actions: Action[], reach: Reach): Promise<void> {
  for (const action of actions) {
    try {
      await perform(action, reach);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

async function perform(action: Action, reach: Reach): Promise<void> {
  const { api, cluster } = reach;
  switch (action.do) {
    case 'write-config-map':
      return void (await writeConfigMap(reach, action));
    case 'create-set':
      return void (await api.create(setsPath(cluster), newSet(cluster, action.component, action.spec)));
    case 'update-set':
      return void (await api.replace(`${setsPath(cluster)}/${action.old.metadata.name}`, changedSet(cluster, action.old, action.spec)));
    case 'annotate-cluster':
      return void (await api.patch(clusterPath(cluster), { metadata: { annotations: action.annotations } }));
    case 'annotate-pod':
      return void (await api.patch(`${core(cluster, 'pods')}/${action.pod}`, { metadata: { annotations: action.annotations } }));
    case 'label-pod':
      return void (await api.patch(`${core(cluster, 'pods')}/${action.pod}`, { metadata: { labels: action.labels } }));
    case 'annotate-claim':
      return void (await api.patch(`${core(cluster, 'persistentvolumeclaims')}/${action.claim}`, { metadata: { annotations: action.annotations } }));
    case 'delete-claim':
      return void (await api.remove(`${core(cluster, 'persistentvolumeclaims')}/${action.claim}`));
    case 'event':
      return reach.events.write(cluster, action);
    default:
      if (reach.database) askDatabase(action, reach.database, reach);
  }
}

type DatabaseAction = Extract<Action, { do: 'transfer-pd-leader' | 'delete-member' | 'evict-leaders' | 'end-eviction' | 'delete-store' | 'pause-ddl' }>;

function askDatabase(action: DatabaseAction, database: Database, { cluster, kubernetesCluster }: Reach): void {
  switch (action.do) {
    case 'transfer-pd-leader':
      return void database.transferLeader(action.to);
    case 'delete-member': {
      const member = database.members.named(action.name);
      return member && database.removeMember(member);
    }
    case 'evict-leaders':
      return database.evict(action.store);
    case 'end-eviction':
      return database.endEviction(action.store);
    case 'delete-store':
      return void database.removeStore(action.store, Date.now());
    case 'pause-ddl':
      return void database.pauseDdl(action.paused, { kubernetesCluster, namespace: cluster.metadata.namespace, tidbCluster: cluster.metadata.name, pod: action.pod });
  }
}

async function writeConfigMap({ api, cluster }: Reach, { name, component, data }: Extract<Action, { do: 'write-config-map' }>): Promise<void> {
  const body = {
    apiVersion: 'v1', kind: 'ConfigMap', data,
    metadata: { name, namespace: cluster.metadata.namespace, labels: instanceLabels(cluster, component), ownerReferences: [ownerReference(cluster)] },
  };
  try {
    await api.create(core(cluster, 'configmaps'), body);
  } catch (error) {
    if (!isGone(error)) throw error;
    await api.patch(`${core(cluster, 'configmaps')}/${name}`, { data });
  }
}

/** A StatefulSet that was only created carries no owner-generation. */
function newSet(cluster: TidbCluster, component: Component, spec: StatefulSetSpec): object {
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { ...spec, serviceName: peerService(cluster, component) },
    metadata: {
      name: setName(cluster, component), namespace: cluster.metadata.namespace, labels: instanceLabels(cluster, component),
      annotations: { [annotations.lastApplied]: JSON.stringify(spec) }, ownerReferences: [ownerReference(cluster)],
    },
  };
}

/** Only replicas, template and strategy of a StatefulSet can change. */
function changedSet(cluster: TidbCluster, old: StatefulSet, spec: StatefulSetSpec): object {
  const { replicas, template, updateStrategy } = spec;
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet',
    metadata: {
      ...old.metadata,
      annotations: { ...old.metadata.annotations, [annotations.lastApplied]: JSON.stringify(spec), [annotations.ownerGeneration]: String(cluster.metadata.generation) },
    },
    spec: { ...old.spec, replicas, template, updateStrategy },
  };
}
