/** What a TidbCluster gets beside its StatefulSets: services and the discovery Deployment. They are made once and kept. */
import { components } from '../settings.ts';
import type { Component } from '../settings.ts';
import { instanceLabels, ownerReference, peerService, setName } from './naming.ts';
import { specOf } from './tidb-cluster.ts';
import type { TidbCluster } from './tidb-cluster.ts';

export interface Companion {
  /** Path below the namespace, e.g. `api/v1` and `services`. */
  group: string;
  resource: string;
  body: { metadata: { name: string } & Record<string, unknown> } & Record<string, unknown>;
}

const clientPorts: Partial<Record<Component, number>> = { pd: 2379, tidb: 4000, tiproxy: 6000 };
const discoveryImage = 'pingcap/tidb-operator:v1.6.6';
const discoveryPort = 10261;

/** TiProxy's services appear even where its StatefulSet never will (observed across Kubernetes). */
export function companionsOf(cluster: TidbCluster): Companion[] {
  const present = components.filter((component) => specOf(cluster, component));
  return [
    ...present.map((component) => service(cluster, component, peerService(cluster, component), true)),
    ...present.filter((component) => clientPorts[component]).map((component) => service(cluster, component, setName(cluster, component), false)),
    ...(cluster.spec.pd || cluster.spec.acrossK8s ? discovery(cluster) : []),
  ];
}

const meta = (cluster: TidbCluster, name: string, component: string): Companion['body']['metadata'] => ({
  name, namespace: cluster.metadata.namespace, labels: instanceLabels(cluster, component), ownerReferences: [ownerReference(cluster)],
});

function service(cluster: TidbCluster, component: Component, name: string, headless: boolean): Companion {
  const port = clientPorts[component] ?? 80;
  return {
    group: 'api/v1', resource: 'services',
    body: {
      apiVersion: 'v1', kind: 'Service', metadata: meta(cluster, name, component),
      spec: {
        ...(headless ? { clusterIP: 'None', publishNotReadyAddresses: true } : {}),
        selector: instanceLabels(cluster, component),
        ports: [{ name: 'client', port, targetPort: port }],
      },
    },
  };
}

function discovery(cluster: TidbCluster): Companion[] {
  const name = `${cluster.metadata.name}-discovery`;
  const labels = instanceLabels(cluster, 'discovery');
  return [
    {
      group: 'apis/apps/v1', resource: 'deployments',
      body: {
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(cluster, name, 'discovery'),
        spec: {
          replicas: 1, selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'discovery', image: discoveryImage, command: ['/usr/local/bin/tidb-discovery'] }] } },
        },
      },
    },
    {
      group: 'api/v1', resource: 'services',
      body: {
        apiVersion: 'v1', kind: 'Service', metadata: meta(cluster, name, 'discovery'),
        spec: { selector: labels, ports: [{ name: 'discovery', port: discoveryPort, targetPort: discoveryPort }] },
      },
    },
  ];
}
