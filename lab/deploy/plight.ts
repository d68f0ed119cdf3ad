/** What is to be seen of a TidbCluster that does not become whole: StatefulSets, unready pods and their last words, what each PD says, the operator's view of it. */
import { request } from 'undici';
import type { KubernetesApi, KubernetesObject } from '../kubernetes-api.ts';
import { componentOf } from '../node/container-inputs.ts';
import { isConditionTrue } from '../process/kubernetes-objects.ts';
import type { Pod, StatefulSet } from '../process/kubernetes-objects.ts';
import type { DeploymentMember } from './deployment.ts';

/** Of a pod's log. */
const lastLines = 3;
const pdPort = 2379;
/** Milliseconds. */
const patience = 3_000;
/** Characters. */
const longestAnswer = 600;

/** One line. What cannot be read is said in its place: this is told where something has gone wrong already. */
export async function plightOf({ namespace, tidbCluster }: Pick<DeploymentMember, 'namespace' | 'tidbCluster'>, api: KubernetesApi): Promise<string> {
  const ours = `?labelSelector=${encodeURIComponent(`app.kubernetes.io/instance=${tidbCluster}`)}`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  try {
    const sets = ((await api.list(`/apis/apps/v1/namespaces/${namespace}/statefulsets${ours}`)).items as unknown as StatefulSet[]).map(({ metadata, status }) => `${metadata.name} ${status.readyReplicas ?? 0}/${status.replicas} ready`);
    const all = (await api.list(`${pods}${ours}`)).items as unknown as Pod[];
    const unready = all.filter(({ status }) => !isConditionTrue(status.conditions, 'Ready'));
    const health = await Promise.all(all.filter((pod) => componentOf(pod) === 'pd').map(healthOf));
    const words = await Promise.all(unready.map(async (pod) => `${pod.metadata.name} (${stateOf(pod)}) says "${tail(await api.text(`${pods}/${pod.metadata.name}/log`))}"`));
    const operator = operatorsView(await api.get(`/apis/pingcap.com/v1alpha1/namespaces/${namespace}/tidbclusters/${tidbCluster}`));
    return `StatefulSets: ${sets.join(', ') || 'none'}; ${[...words, ...health].join('; ') || 'no pod'}; operator: ${operator}.`;
  } catch (error) {
    return `What there is could not be read: ${String(error)}.`;
  }
}

/** What a PD says of its members' health, asked at its own address. */
async function healthOf({ metadata: { name }, status: { podIP } }: Pod): Promise<string> {
  try {
    const answer = await request(`http://${podIP}:${pdPort}/pd/api/v1/health`, { headersTimeout: patience, bodyTimeout: patience });
    const text = await answer.body.text();
    return `${name} answers ${answer.statusCode}: ${text.replace(/\s+/g, ' ').slice(0, longestAnswer)}`;
  } catch (error) {
    return `${name} cannot be asked: ${String(error)}`;
  }
}

const stateOf = ({ status, spec }: Pod): string => `${status.phase ?? 'no phase'}, ${spec.nodeName ? '' : 'on no node, '}${JSON.stringify(status.containerStatuses?.map(({ state }) => state) ?? [])}`;

const tail = (log: string): string => log.trimEnd().split('\n').slice(-lastLines).join(' | ');

function operatorsView({ status }: KubernetesObject): string {
  const { conditions, ...components } = (status ?? {}) as Record<string, { phase?: string; synced?: boolean; message?: string }>;
  const parts = Object.entries(components).flatMap(([name, { phase, synced, message }]) => (phase === undefined ? [] : [`${name} ${phase}, synced ${synced}${message === undefined ? '' : ` (${message})`}`]));
  return [...parts, JSON.stringify(conditions ?? [])].join(', ');
}
