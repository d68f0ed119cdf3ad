/** The TidbCluster objects of a deployment, as a person would write them from the operator's documentation. */
import { deployable } from './deployment.ts';
import type { Deployable, Deployment, DeploymentMember } from './deployment.ts';

const baseImages: Partial<Record<Deployable, string>> = { pump: 'pingcap/tidb-binlog' };
const withStorage: Deployable[] = ['pd', 'tikv', 'tiflash', 'pump'];
/** TiProxy has a version line of its own. */
const tiproxyVersion = 'v1.3.0';

export const domainOf = (member: DeploymentMember): string => member.clusterDomain ?? `${member.cluster}.local`;

export function tidbClusterManifest(deployment: Deployment, member: DeploymentMember): { metadata: { name: string; namespace: string } } & Record<string, unknown> {
  const [initial] = deployment.members;
  const domain = domainOf(member);
  return {
    apiVersion: 'pingcap.com/v1alpha1', kind: 'TidbCluster',
    metadata: { name: member.tidbCluster, namespace: member.namespace },
    spec: {
      version: deployment.version,
      timezone: 'UTC',
      pvReclaimPolicy: 'Delete',
      configUpdateStrategy: 'RollingUpdate',
      ...(member.acrossK8s === false ? {} : { acrossK8s: true }),
      ...(domain ? { clusterDomain: domain } : {}),
      ...(deployment.tls ? { tlsCluster: { enabled: true } } : {}),
      ...(initial && member !== initial ? { cluster: referenceTo(initial) } : {}),
      ...Object.fromEntries(deployable.flatMap((component) => (member.replicas[component] === undefined ? [] : [[component, componentSpec(component, member.replicas[component])]]))),
      ...deployment.spec,
    },
  };
}

function referenceTo(initial: DeploymentMember): object {
  const domain = domainOf(initial);
  return { name: initial.tidbCluster, namespace: initial.namespace, ...(domain ? { clusterDomain: domain } : {}) };
}

const componentSpec = (component: Deployable, replicas: number): object => ({
  baseImage: baseImages[component] ?? `pingcap/${component}`,
  replicas,
  maxFailoverCount: ['pd', 'tikv', 'tidb', 'tiflash'].includes(component) ? 0 : undefined,
  ...(component === 'tiproxy' ? { version: tiproxyVersion } : {}),
  ...(component === 'tidb' ? { service: { type: 'ClusterIP' } } : {}),
  ...(component === 'tiflash' ? { storageClaims: [{ resources: { requests: { storage: '1Gi' } } }] } : {}),
  ...(withStorage.includes(component) && component !== 'tiflash' ? { requests: { storage: '1Gi' } } : {}),
  ...(['pd', 'tikv', 'tidb'].includes(component) ? { config: {} } : {}),
});
