/** Gathers what a container needs from its pod: start script, certificates, volume. */
import type { Container } from '../database/processes/process.ts';
import type { ServerTls } from '../database/http-routes.ts';
import { ApiError } from '../kubernetes-api.ts';
import type { KubernetesApi, KubernetesObject } from '../kubernetes-api.ts';
import type { ContainerSpec, Pod } from '../process/kubernetes-objects.ts';
import { components } from '../settings.ts';
import type { Component } from '../settings.ts';
import { filledIn } from './start-script.ts';

/** The object's name is the message's main word: what could not be mounted. */
export class MountFailure extends Error {}

/** The component of a pod that the operator made; nothing for any other pod. */
export function componentOf(pod: Pod): Component | undefined {
  const name = pod.metadata.labels?.['app.kubernetes.io/component'];
  const isDatabase = pod.metadata.labels?.['app.kubernetes.io/name'] === 'tidb-cluster';
  return isDatabase ? components.find((component) => component === name) : undefined;
}

/** The container of the component itself, which need not be the first: the real operator puts TiDB's slow log before it. */
export const mainContainerOf = (pod: Pod): ContainerSpec | undefined => pod.spec.containers.find(({ name }) => name === componentOf(pod)) ?? pod.spec.containers[0];

export const tidbClusterOf = (pod: Pod): string => pod.metadata.labels?.['app.kubernetes.io/instance'] ?? '';

export interface Inputs {
  script: string;
  tls: ServerTls | undefined;
  volume: string | undefined;
}

/** Throws MountFailure while a ConfigMap, Secret or claim of the pod is missing. */
export async function readInputs(api: KubernetesApi, pod: Pod): Promise<Inputs> {
  const { namespace, name } = pod.metadata;
  const get = (resource: string, object: string): Promise<KubernetesObject> => mounted(api, `/api/v1/namespaces/${namespace}/${resource}/${object}`, object);
  const inputs: Inputs = { script: mainContainerOf(pod)?.command?.at(-1) ?? '', tls: undefined, volume: undefined };
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.configMap) inputs.script = scriptIn(await get('configmaps', volume.configMap.name), name) ?? inputs.script;
    // Some components get a client's certificate as well; what they show to others is their own.
    if (volume.secret && (!inputs.tls || isServers(volume.secret.secretName))) inputs.tls = tlsIn(await get('secrets', volume.secret.secretName));
    if (volume.persistentVolumeClaim) inputs.volume = (await get('persistentvolumeclaims', volume.persistentVolumeClaim.claimName)).metadata['uid'] as string;
  }
  return { ...inputs, script: filledIn(inputs.script, environmentOf(pod)) };
}

/** The variables of the pod's main container; the pod's name under both names that start scripts use. */
export function environmentOf(pod: Pod): Record<string, string> {
  const { metadata } = pod;
  const fields: Record<string, string> = { 'metadata.name': metadata.name, 'metadata.namespace': metadata.namespace };
  const given = (mainContainerOf(pod)?.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? ''] as const);
  return { HOSTNAME: metadata.name, POD_NAME: metadata.name, ...Object.fromEntries(given) };
}

async function mounted(api: KubernetesApi, path: string, name: string): Promise<KubernetesObject> {
  try {
    return await api.get(path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new MountFailure(`MountVolume.SetUp failed for volume: "${name}" not found`);
    throw error;
  }
}

function scriptIn(configMap: KubernetesObject, pod: string): string | undefined {
  const data = (configMap['data'] ?? {}) as Record<string, string>;
  return data['startup-script'] ?? tiflashFlags(data['proxy_templ.toml'], pod);
}

/** TiFlash has its host in a configuration file, with a mark in place of the pod's number. */
function tiflashFlags(template: string | undefined, pod: string): string | undefined {
  const host = /engine-addr = "([^":]+)/.exec(template ?? '')?.[1];
  return host && `--advertise-host=${host.replace('POD_NUM', pod.slice(pod.lastIndexOf('-') + 1))}`;
}

const isServers = (secret: string): boolean => secret.endsWith('-cluster-secret');

function tlsIn(secret: KubernetesObject): ServerTls {
  const data = secret['data'] as Record<string, string>;
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  return { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') };
}

export function containerOf(pod: Pod, component: Component, where: { kubernetesCluster: string; address: string }, inputs: Inputs): Container {
  const { namespace, name } = pod.metadata;
  return {
    origin: { kubernetesCluster: where.kubernetesCluster, namespace, tidbCluster: tidbClusterOf(pod), pod: name },
    component, address: where.address, ...inputs,
    image: mainContainerOf(pod)?.image ?? '',
  };
}
