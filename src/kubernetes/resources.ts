/** The kinds of Kubernetes objects that the runbooks touch, how they are addressed, and the paths of the API server for them. */

/** One kind, as discovery names it. */
export interface Resource {
  /** `v1`, `apps/v1`, `pingcap.com/v1alpha1`. */
  apiVersion: string;
  /** Lower case plural, as in URLs and RBAC. */
  plural: string;
  kind: string;
}

/** A kind, a collection (no `name`) or one object. Cluster-scoped kinds have no `namespace`; a namespaced kind without it means all namespaces. */
export interface ResourceRef extends Resource {
  namespace?: string;
  name?: string;
}

/** What all Kubernetes objects have, as plain JSON: times stay strings. Callers parse the rest with schemas of their own. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMetadata;
  [field: string]: unknown;
}

export interface ObjectMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

const core = (plural: string, kind: string): Resource => ({ apiVersion: 'v1', plural, kind });

export const resources = {
  tidbCluster: { apiVersion: 'pingcap.com/v1alpha1', plural: 'tidbclusters', kind: 'TidbCluster' },
  tidbMonitor: { apiVersion: 'pingcap.com/v1alpha1', plural: 'tidbmonitors', kind: 'TidbMonitor' },
  backup: { apiVersion: 'pingcap.com/v1alpha1', plural: 'backups', kind: 'Backup' },
  statefulSet: { apiVersion: 'apps/v1', plural: 'statefulsets', kind: 'StatefulSet' },
  deployment: { apiVersion: 'apps/v1', plural: 'deployments', kind: 'Deployment' },
  lease: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases', kind: 'Lease' },
  pod: core('pods', 'Pod'),
  event: core('events', 'Event'),
  secret: core('secrets', 'Secret'),
  configMap: core('configmaps', 'ConfigMap'),
  persistentVolumeClaim: core('persistentvolumeclaims', 'PersistentVolumeClaim'),
  persistentVolume: core('persistentvolumes', 'PersistentVolume'),
  service: core('services', 'Service'),
  namespace: core('namespaces', 'Namespace'),
} as const satisfies Record<string, Resource>;

/** The path of an object or, without a name, of its collection. */
export function pathOf(ref: ResourceRef): string {
  const root = ref.apiVersion.includes('/') ? `/apis/${ref.apiVersion}` : `/api/${ref.apiVersion}`;
  const namespace = ref.namespace ? `/namespaces/${encodeURIComponent(ref.namespace)}` : '';
  const name = ref.name ? `/${encodeURIComponent(ref.name)}` : '';
  return `${root}${namespace}/${ref.plural}${name}`;
}

/** `TidbCluster shop/shop-west`, or `pods in shop` for a collection. */
export function describe(ref: ResourceRef): string {
  if (ref.name) return `${ref.kind} ${ref.namespace ? `${ref.namespace}/` : ''}${ref.name}`;
  return ref.namespace ? `${ref.plural} in ${ref.namespace}` : ref.plural;
}
