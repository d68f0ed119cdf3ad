/** Deploys a TiDB cluster: TidbClusters one after the other, each whole before the next; and takes it away again. */
import type { Database } from '../database/database.ts';
import type { Databases } from '../database/databases.ts';
import { mayJoin } from '../database/placement.ts';
import { isGone } from '../kubernetes-api.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import type { KubernetesTwin } from '../process/kubernetes-twin.ts';
import { isConditionTrue } from '../process/kubernetes-objects.ts';
import { ComponentAuthority } from './component-certificates.ts';
import { deployable } from './deployment.ts';
import type { Deployment, DeploymentMember } from './deployment.ts';
import { plightOf } from './plight.ts';
import { tidbClusterManifest } from './tidb-cluster-manifest.ts';

export interface Site {
  twins: readonly KubernetesTwin[];
  databases: Databases;
  /** One line about what is being done. */
  say: (line: string) => void;
}

/** Milliseconds: between two looks, and until a deployment is given up. Joins of PD take their time on a busy computer. */
const lookEvery = 50;
const patience = 400_000;
const clustersPath = (namespace: string): string => `/apis/pingcap.com/v1alpha1/namespaces/${namespace}/tidbclusters`;

/** Rejects with what is still missing when it does not become whole in time. */
export async function deploy(deployment: Deployment, site: Site): Promise<void> {
  const authority = deployment.tls ? await ComponentAuthority.create() : undefined;
  for (const member of deployment.members) {
    site.say(`deploying TidbCluster ${member.namespace}/${member.tidbCluster} in Kubernetes cluster ${member.cluster}`);
    const twin = twinOf(site, member);
    await ensure(twin.admin, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: member.namespace } });
    for (const { name, data } of (await authority?.secretsOf(member)) ?? []) {
      await ensure(twin.admin, `/api/v1/namespaces/${member.namespace}/secrets`, { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name }, data });
    }
    if (member === deployment.members[0]) site.databases.baptize(keyOf(member), deployment.name);
    await twin.admin.create(clustersPath(member.namespace), tidbClusterManifest(deployment, member));
    const what = `TidbCluster ${member.namespace}/${member.tidbCluster} in ${member.cluster}`;
    await until(() => missingIn(member, twin), what, async () => `${await plightOf(member, twin.admin)} ${leadershipOf(databaseOf(deployment, site))}`);
  }
  await until(() => missingInDatabase(deployment, databaseOf(deployment, site)), `database ${deployment.name}`);
}

/** Deletes TidbClusters, claims and Secrets of a deployment; resolves when the pods are gone. The namespaces stay. */
export async function remove(deployment: Deployment, site: Site): Promise<void> {
  for (const member of deployment.members) {
    const { admin } = twinOf(site, member);
    await gone(admin.remove(`${clustersPath(member.namespace)}/${member.tidbCluster}`));
  }
  for (const member of deployment.members) await removeRest(member, twinOf(site, member).admin);
}

async function removeRest({ namespace, tidbCluster, cluster }: DeploymentMember, api: KubernetesApi): Promise<void> {
  const ours = `?labelSelector=${encodeURIComponent(`app.kubernetes.io/instance=${tidbCluster}`)}`;
  const pods = `/api/v1/namespaces/${namespace}/pods${ours}`;
  await until(async () => ((await api.list(pods)).items.length > 0 ? 'its pods are ending' : undefined), `removal of ${namespace}/${tidbCluster} in ${cluster}`);
  await api.remove(`/api/v1/namespaces/${namespace}/persistentvolumeclaims${ours}`);
  const secrets = await api.list(`/api/v1/namespaces/${namespace}/secrets`);
  for (const { metadata } of secrets.items) {
    const name = String(metadata['name']);
    if (name.startsWith(`${tidbCluster}-`)) await gone(api.remove(`/api/v1/namespaces/${namespace}/secrets/${name}`));
  }
}

const keyOf = ({ cluster, namespace, tidbCluster }: DeploymentMember): Parameters<Databases['of']>[0] => ({ kubernetesCluster: cluster, namespace, name: tidbCluster });

export function databaseOf({ members: [initial] }: Deployment, { databases }: Site): Database | undefined {
  return initial && databases.of(keyOf(initial));
}

function twinOf({ twins }: Site, { cluster }: DeploymentMember): KubernetesTwin {
  const twin = twins.find(({ plane }) => plane.name === cluster);
  if (!twin) throw new Error(`The lab has no Kubernetes cluster "${cluster}", only ${twins.map(({ plane }) => plane.name).join(', ')}.`);
  return twin;
}

function missingIn(member: DeploymentMember, { operator }: KubernetesTwin): string | undefined {
  const { namespace, tidbCluster } = member;
  const cluster = operator.clusters.get(namespace, tidbCluster);
  const unready = deployable.filter((component) => {
    const wanted = member.replicas[component];
    return wanted !== undefined && operator.sets.get(namespace, `${tidbCluster}-${component}`)?.status.readyReplicas !== (wanted || undefined);
  });
  if (unready.length > 0) return `${unready.join(', ')} not ready yet`;
  return isConditionTrue(cluster?.status?.conditions, 'Ready') ? undefined : `condition Ready is not True (${cluster?.status?.conditions?.[0]?.reason})`;
}

function missingInDatabase(deployment: Deployment, database: Database | undefined): string | undefined {
  if (!database) return 'there is no database yet';
  const sum = (component: 'pd' | 'tikv' | 'tiflash'): number => deployment.members.reduce((total, member) => total + (member.replicas[component] ?? 0), 0);
  const healthy = database.members.all.filter((member) => database.isHealthy(member)).length;
  if (healthy !== sum('pd')) return `${healthy} of ${sum('pd')} PD members healthy`;
  const up = [...database.stores.all.values()].filter((store) => database.stateName(store) === 'Up').length;
  if (up !== sum('tikv') + sum('tiflash')) return `${up} of ${sum('tikv') + sum('tiflash')} stores Up`;
  return isPossible(database) && (database.missing() > 0 || database.pending() > 0) ? `${database.missing()} regions lack a peer` : undefined;
}

/** Who leads, as the lab itself has it: what its PDs tell the operator. */
function leadershipOf(database: Database | undefined): string {
  if (!database) return 'The lab knows no database of it.';
  const members = database.members.all.map((member) => `${member.name || 'one without a name'} ${member.alive ? 'alive' : 'dead'}`);
  return `In the lab ${database.members.leader?.name ?? 'nobody'} leads of ${members.join(', ') || 'no members'}.`;
}

/** Whether the stores are enough for the rules: fewer than `max-replicas` are a deployment of their own kind. */
function isPossible(database: Database): boolean {
  const sites = [...database.stores.all.values()].map((store) => ({ id: store.id, labels: database.configuration.labelsOf(store) }));
  return database.rules.every((rule) => {
    const chosen: typeof sites = [];
    for (const site of sites) if (mayJoin(rule, site, chosen)) chosen.push(site);
    return chosen.length >= rule.count;
  });
}

/** `plight` tells more about what is missing when it is given up. */
async function until(missing: () => string | undefined | Promise<string | undefined>, what: string, plight?: () => Promise<string>): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    const lack = await missing();
    if (lack === undefined) return;
    if (Date.now() > end) throw new Error([`The lab waited ${patience / 1_000} s for ${what}, but ${lack}.`, await plight?.(), "See operator.log in the lab's directory."].filter(Boolean).join(' '));
    await new Promise((resolve) => setTimeout(resolve, lookEvery));
  }
}

async function ensure(api: KubernetesApi, path: string, body: object): Promise<void> {
  await gone(api.create(path, body));
}

/** 404 and 409 mean that somebody has done it already. */
async function gone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}
