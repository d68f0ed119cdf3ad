/** Reads what belongs to one TidbCluster from its API server: the object, StatefulSets, pods, warnings, operator, certificates. */
import { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { RunbookError } from '../../errors.ts';
import type { KubernetesApi, ListOptions } from '../../kubernetes/api.ts';
import { resources } from '../../kubernetes/resources.ts';
import type { ResourceRef } from '../../kubernetes/resources.ts';
import { allComponents, labels, statefulSetName } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { eventSchema, leaseSchema, podSchema, statefulSetSchema, tidbClusterSchema } from '../../tidb/objects.ts';
import type { KubernetesEvent, Pod, StatefulSet, TidbCluster } from '../../tidb/objects.ts';
import { clusterClientSecret, componentSecret } from '../../tidb/secrets.ts';
import type { CertificateView, OperatorView } from '../../tidb/view.ts';

export interface Place {
  namespace: string;
  name: string;
}

/** Parses what an API server sent; a shape that does not fit is named, not quoted. */
function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const first = result.error.issues[0];
  throw new RunbookError('Unsupported', `${what} has a shape that this project does not know: ${first?.path.join('.') ?? ''}: ${first?.message ?? ''}`);
}

export function parseTidbCluster(value: unknown, kubernetesCluster: string): TidbCluster {
  return parse(tidbClusterSchema, value, `a TidbCluster in ${kubernetesCluster}`);
}

export async function readTidbCluster(api: KubernetesApi, place: Place, signal?: AbortSignal): Promise<TidbCluster> {
  return parseTidbCluster(await api.get({ ...resources.tidbCluster, ...place }, options(signal)), api.cluster);
}

function options(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** The label can be overridden on the TidbCluster (§4.3). */
function instanceOf(object: TidbCluster): string {
  return object.metadata.labels[labels.instance] ?? object.metadata.name;
}

export async function readStatefulSets(api: KubernetesApi, object: TidbCluster, signal?: AbortSignal): Promise<Partial<Record<Component, StatefulSet>>> {
  const sets = await list(api, { ...resources.statefulSet, namespace: object.metadata.namespace }, statefulSetSchema, { labelSelector: `${labels.instance}=${instanceOf(object)}`, ...options(signal) });
  const named = new Map(sets.map((set) => [set.metadata.name, set]));
  return Object.fromEntries(allComponents.flatMap((component) => entryOf(component, named.get(statefulSetName(object.metadata.name, component)))));
}

function entryOf(component: Component, set: StatefulSet | undefined): [Component, StatefulSet][] {
  return set ? [[component, set]] : [];
}

export async function readPods(api: KubernetesApi, object: TidbCluster, signal?: AbortSignal): Promise<Pod[]> {
  return list(api, { ...resources.pod, namespace: object.metadata.namespace }, podSchema, { labelSelector: `${labels.instance}=${instanceOf(object)}`, ...options(signal) });
}

/** Warnings of the namespace about this TidbCluster and what its name begins: StatefulSets, pods, volume claims. */
export async function readWarnings(api: KubernetesApi, object: TidbCluster, signal?: AbortSignal): Promise<KubernetesEvent[]> {
  const events = await list(api, { ...resources.event, namespace: object.metadata.namespace }, eventSchema, { fieldSelector: 'type=Warning', ...options(signal) });
  return events.filter((event) => event.involvedObject.name.includes(object.metadata.name));
}

async function list<T extends z.ZodType>(api: KubernetesApi, ref: ResourceRef, schema: T, how: ListOptions): Promise<z.infer<T>[]> {
  const { items } = await api.list(ref, how);
  return items.map((item) => parse(schema, item, `a ${ref.kind} in ${api.cluster}`));
}

/** tidb-operator v1.6 holds the Lease `tidb-controller-manager[-<release>]` and renews it every 2 s of 15 s (§11.1). */
const operatorName = 'tidb-controller-manager';

/**
 * A Lease that was not renewed for this many of its durations is dead. The comparison is between the worker's clock and the
 * operator's, so it must exceed the skew of a badly kept clock: four times 15 s is one minute.
 */
const DEAD_AFTER_DURATIONS = 4;

/** Whether the operator of this Kubernetes cluster lives, and its version from the image of its Deployment. */
export async function readOperator(api: KubernetesApi, namespace: string, nowMs: number, signal?: AbortSignal): Promise<OperatorView> {
  const [leases, version] = await Promise.all([list(api, { ...resources.lease, namespace }, leaseSchema, options(signal)), readOperatorVersion(api, namespace, signal)]);
  const lease = leases.filter((each) => each.metadata.name.startsWith(operatorName)).sort((a, b) => (b.spec.renewTime ?? '').localeCompare(a.spec.renewTime ?? ''))[0];
  if (!lease?.spec.renewTime) return { alive: undefined, version, detail: `no Lease ${operatorName} in namespace ${namespace}; name the operator's namespace in the inventory` };
  const ageMs = nowMs - Date.parse(lease.spec.renewTime);
  const limitMs = DEAD_AFTER_DURATIONS * (lease.spec.leaseDurationSeconds ?? 15) * 1_000;
  return { alive: ageMs <= limitMs, version, detail: `its Lease was renewed last at ${lease.spec.renewTime}, ${Math.round(ageMs / 1_000)} s ago` };
}

async function readOperatorVersion(api: KubernetesApi, namespace: string, signal?: AbortSignal): Promise<string | undefined> {
  const { items } = await api.list({ ...resources.deployment, namespace }, options(signal));
  for (const item of items) {
    const text = JSON.stringify(item['spec'] ?? {});
    const version = item.metadata.name.includes('controller-manager') ? /"image":"[^"]*:(v[^"@]+)"/.exec(text)?.[1] : undefined;
    if (version) return version;
  }
  return undefined;
}

/** Ends and names of the certificates in the component Secrets and the cluster-client Secret; only the public part is looked at (§6.1). */
export async function readCertificates(api: KubernetesApi, object: TidbCluster, signal?: AbortSignal): Promise<CertificateView[]> {
  if (!object.spec.tlsCluster?.enabled) return [];
  const { name, namespace } = object.metadata;
  const present = (['pd', 'tikv', 'tidb', 'tiflash', 'ticdc', 'pump'] as const).filter((component) => object.spec[component]);
  const secrets = [...present.map((component) => componentSecret(name, component)), clusterClientSecret(name)];
  return Promise.all(secrets.map(async (secret) => ({ secret, ...(await readCertificate(api, { namespace, name: secret }, signal)) })));
}

async function readCertificate(api: KubernetesApi, place: Place, signal?: AbortSignal): Promise<Omit<CertificateView, 'secret'>> {
  const secret = await readSecret(api, place, signal);
  const certificate = secret['tls.crt'];
  if (!certificate) throw new RunbookError('NotFound', `Secret ${place.namespace}/${place.name} in ${api.cluster} has no tls.crt`);
  const { validTo, subjectAltName = '' } = new X509Certificate(certificate);
  return { notAfterMs: Date.parse(validTo), dnsNames: [...subjectAltName.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = '']) => name) };
}

/** The decoded data of a Secret. For use in the call only: it goes into no result, log or error. */
export async function readSecret(api: KubernetesApi, place: Place, signal?: AbortSignal): Promise<Record<string, Buffer>> {
  const secret = await api.get({ ...resources.secret, ...place }, options(signal));
  const data = (secret['data'] ?? {}) as Record<string, string>;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}
