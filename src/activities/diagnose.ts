/** Can this worker reach and use everything? One check per line, each with the words that help to mend it. Changes nothing. */
import { sentenceOf } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import type { Access, KubernetesApi } from '../kubernetes/api.ts';
import type { Check } from '../protocol/activities.ts';
import { observe } from './observing/observe.ts';
import { checkRolesOnDemand } from './roles-on-demand.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * What every runbook does to a managed Kubernetes cluster; deploy/kubernetes-rbac.yaml grants exactly this to all of them. Secrets are granted apart, and
 * only in the namespaces of TidbClusters with TLS: the look at such a TidbCluster shows whether they are. What only some runs need: roles-on-demand.ts.
 */
export const permissions: readonly Access[] = [
  ...['get', 'list', 'watch', 'patch'].map((verb) => ({ verb, group: 'pingcap.com', resource: 'tidbclusters' })),
  ...['list', 'watch'].map((verb) => ({ verb, group: 'apps', resource: 'statefulsets' })),
  { verb: 'list', group: 'apps', resource: 'deployments' },
  ...['list', 'watch'].map((verb) => ({ verb, group: '', resource: 'pods' })),
  { verb: 'get', group: '', resource: 'pods', subresource: 'log' },
  ...['get', 'create'].map((verb) => ({ verb, group: '', resource: 'pods', subresource: 'portforward' })),
  { verb: 'list', group: '', resource: 'events' },
  ...['get', 'list', 'create', 'patch', 'delete'].map((verb) => ({ verb, group: 'coordination.k8s.io', resource: 'leases' })),
];

export async function diagnose(at: Surroundings, { cluster }: { cluster?: string }): Promise<Check[]> {
  const names = cluster === undefined ? Object.keys(at.inventory.tidbClusters) : [cluster];
  const entries = names.map((name) => tidbClusterOf(at.inventory, name));
  const kubernetes = cluster === undefined ? Object.keys(at.inventory.kubernetesClusters) : (entries[0]?.kubernetesClusters ?? []);
  const inventory: Check = { subject: 'inventory', ok: true, message: `${Object.keys(at.inventory.kubernetesClusters).length} Kubernetes clusters, ${Object.keys(at.inventory.tidbClusters).length} TiDB clusters` };
  const checks = await Promise.all([...kubernetes.map((name) => checkKubernetes(at.kubernetes(name))), ...names.map((name) => checkTidbCluster(at, name))]);
  return [inventory, ...checks.flat()];
}

async function check(subject: string, ask: () => Promise<string>): Promise<Check> {
  try {
    return { subject, ok: true, message: await ask() };
  } catch (error) {
    return { subject, ok: false, message: sentenceOf(error) };
  }
}

async function checkKubernetes(api: KubernetesApi): Promise<Check[]> {
  const subject = `Kubernetes ${api.cluster}`;
  const reach = await check(subject, async () => `answers, ${await api.version()}`);
  if (!reach.ok) return [reach];
  const answers = await Promise.all(permissions.map(async (access) => ({ access, allowed: await api.allowed(access) })));
  const missing = answers.filter(({ allowed }) => !allowed).map(({ access }) => `${access.verb} ${access.resource}${access.subresource ? `/${access.subresource}` : ''}`);
  const rights: Check = missing.length === 0 ? { subject: `${subject} permissions`, ok: true, message: `all ${permissions.length} are granted` } : { subject: `${subject} permissions`, ok: false, message: `not granted: ${missing.join(', ')}; apply deploy/kubernetes-rbac.yaml` };
  return [reach, rights];
}

async function checkTidbCluster(at: Surroundings, name: string): Promise<Check[]> {
  const subject = `TiDB cluster ${name}`;
  try {
    const view = await observe(at, { cluster: name });
    const members = view.tidbClusters.map((each) => `${each.object.metadata.namespace}/${each.object.metadata.name} in ${each.kubernetesCluster}`);
    const operators = view.tidbClusters.map((each): Check => ({ subject: `TiDB Operator in ${each.kubernetesCluster}`, ok: each.operator.alive === true, message: `${each.operator.version ?? 'unknown version'}; ${each.operator.detail}` }));
    const pd: Check = view.database ? { subject: `${subject} PD`, ok: true, message: `cluster ${view.database.clusterId}, ${view.database.members.length} members, leader ${view.database.leader ?? 'none'}, ${view.database.stores.length} stores` } : { subject: `${subject} PD`, ok: false, message: view.databaseProblem ?? 'does not answer' };
    return [{ subject, ok: true, message: `${members.length} TidbClusters: ${members.join(', ')}` }, ...operators, pd, ...(await checkRolesOnDemand(at, view))];
  } catch (error) {
    return [{ subject, ok: false, message: sentenceOf(error) }];
  }
}
