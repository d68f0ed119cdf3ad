/** The StatefulSet and ConfigMap that a TidbCluster's spec asks for, before scaling and upgrading have a say. */
import { createHash } from 'node:crypto';
import type { ContainerSpec, PodSpec, PodTemplate, StatefulSet, StatefulSetSpec } from '../process/kubernetes-objects.ts';
import type { Component } from '../settings.ts';
import { instanceLabels, peerService, setName } from './naming.ts';
import { configData, fromConfigMap, startScript } from './start-scripts.ts';
import { desiredReplicas, imageOf, isMicroservice, isTls, specOf } from './tidb-cluster.ts';
import type { TidbCluster } from './tidb-cluster.ts';
import type { PassView } from './view.ts';

interface Port {
  name: string;
  containerPort: number;
}

const ports: Record<Component, Port[]> = {
  tso: [{ name: 'client', containerPort: 2379 }],
  scheduling: [{ name: 'client', containerPort: 2379 }],
  pd: [{ name: 'server', containerPort: 2380 }, { name: 'client', containerPort: 2379 }],
  tiproxy: [{ name: 'tiproxy', containerPort: 6000 }, { name: 'tiproxy-api', containerPort: 3080 }],
  tiflash: [{ name: 'tiflash', containerPort: 3930 }, { name: 'status', containerPort: 20292 }],
  tikv: [{ name: 'server', containerPort: 20160 }, { name: 'status', containerPort: 20180 }],
  pump: [{ name: 'pump', containerPort: 8250 }],
  tidb: [{ name: 'server', containerPort: 4000 }, { name: 'status', containerPort: 10080 }],
  ticdc: [{ name: 'ticdc', containerPort: 8301 }],
};

/** Components with a volume of their own. */
const withData: Component[] = ['pd', 'tikv', 'tiflash', 'pump'];
const hashLength = 7;
/** The grace of Kubernetes' own default, in seconds; the twins stop sooner. */
const graceSeconds = 30;

export interface Config {
  name: string;
  data: Record<string, string>;
}

/**
 * The ConfigMap and its name. In-place configuration keeps one name for ever; rolling configuration has the content's hash
 * in the name, but keeps the name in use while that one's data already are as wanted (observed: switching afterwards rolls nothing).
 */
export function desiredConfig(view: PassView, component: Component): Config {
  const { cluster } = view;
  const data = configData(cluster, component);
  const inUse = configMapOf(view.set(component));
  const strategy = specOf(cluster, component)?.configUpdateStrategy ?? cluster.spec.configUpdateStrategy;
  const base = setName(cluster, component);
  if (strategy !== 'RollingUpdate') return { name: inUse ?? base, data };
  const isUnchanged = inUse !== undefined && JSON.stringify(view.configMap(inUse)?.data) === JSON.stringify(data);
  return { name: isUnchanged ? inUse : `${base}-${createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, hashLength)}`, data };
}

const configMapOf = (set: StatefulSet | undefined): string | undefined =>
  set?.spec.template.spec.volumes?.find((volume) => volume.name === 'config')?.configMap?.name;

/** At rest the partition equals the replicas: nothing rolls without the operator. */
export function desiredSet(view: PassView, component: Component, configName: string): StatefulSetSpec {
  const { cluster } = view;
  const replicas = desiredReplicas(cluster, component);
  return {
    replicas,
    serviceName: peerService(cluster, component),
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: instanceLabels(cluster, component) },
    template: templateOf(cluster, component, configName),
    // Pump has no upgrader: Kubernetes itself rolls it.
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: component === 'pump' ? 0 : replicas } },
    ...(withData.includes(component) ? { volumeClaimTemplates: [claimTemplate(cluster, component)] } : {}),
  };
}

function templateOf(cluster: TidbCluster, component: Component, configName: string): PodTemplate {
  const own = { ...cluster.spec.annotations, ...specOf(cluster, component)?.annotations };
  return {
    metadata: { labels: instanceLabels(cluster, component), ...(Object.keys(own).length > 0 ? { annotations: own } : {}) },
    spec: podSpec(cluster, component, configName),
  };
}

function podSpec(cluster: TidbCluster, component: Component, configName: string): PodSpec {
  const secret = `${cluster.metadata.name}-${isMicroservice(component) ? 'pd' : component}-cluster-secret`;
  return {
    terminationGracePeriodSeconds: graceSeconds,
    containers: [containerOf(cluster, component)],
    volumes: [
      { name: 'config', configMap: { name: configName } },
      ...(isTls(cluster) ? [{ name: `${component}-tls`, secret: { secretName: secret } }] : []),
    ],
  };
}

function containerOf(cluster: TidbCluster, component: Component): ContainerSpec {
  return {
    name: component,
    image: imageOf(cluster, component),
    command: fromConfigMap(component) ? ['/bin/sh', '/usr/local/bin/start-script'] : ['/bin/sh', '-c', startScript(cluster, component)],
    ports: ports[component],
    volumeMounts: [
      { name: 'config', mountPath: '/etc/config' },
      ...(withData.includes(component) ? [{ name: component, mountPath: `/var/lib/${component}` }] : []),
    ],
    ...(component === 'tidb' ? { readinessProbe: { tcpSocket: { port: 4000 }, initialDelaySeconds: 10 } } : {}),
  };
}

const claimTemplate = (cluster: TidbCluster, component: Component): object => ({
  metadata: { name: component, labels: instanceLabels(cluster, component) },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: specOf(cluster, component)?.requests?.storage ?? '1Gi' } } },
});
