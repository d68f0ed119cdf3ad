/** Which version and how many pods each component of a TidbCluster is asked to run, and in which order components are upgraded, and leave, across Kubernetes clusters. */
import { isMap } from './object-paths.ts';
import type { Json, JsonMap } from './object-paths.ts';

/**
 * One inner list is one place in the order: PD's microservices share theirs. Source: docs-tidb-operator release-1.6,
 * deploy-tidb-cluster-across-multiple-kubernetes.md, "Upgrade".
 */
export const upgradeOrder = [['pd'], ['tso', 'scheduling'], ['tiproxy'], ['tiflash'], ['tikv'], ['pump'], ['tidb'], ['ticdc']];

/** In which order the components of a TidbCluster leave: clients first, what holds data before PD. Source: the order that tidb-operator's own guards allow (pd_scaler.go, tidb_member_manager.go). */
export const exitOrder = [['tiproxy'], ['tidb'], ['ticdc'], ['pump'], ['tiflash'], ['tikv'], ['tso', 'scheduling'], ['pd']];

export const allComponents = upgradeOrder.flat();
const microservices = ['tso', 'scheduling'];

/** A change by which a component rolls: `from` and `to` are the same at a restart. */
export interface VersionChange {
  component: string;
  from: string | undefined;
  to: string;
}

/** A component without a version of its own takes `spec.version` (tidb-operator v1.6 apis/pingcap/v1alpha1/tidbcluster.go). */
export function versionOf(spec: JsonMap, component: string): string | undefined {
  const own = specOf(spec, component);
  if (!own) return undefined;
  const version = own['version'] || spec['version'];
  return typeof version === 'string' ? version : undefined;
}

function specOf(spec: JsonMap, component: string): JsonMap | undefined {
  const entry: Json | undefined = microservices.includes(component) ? namedEntry(spec['pdms'], component) : spec[component];
  return isMap(entry) ? entry : undefined;
}

function namedEntry(list: Json | undefined, name: string): Json | undefined {
  return Array.isArray(list) ? list.find((entry) => isMap(entry) && entry['name'] === name) : undefined;
}

/** The components that are asked for another version than before, or for a restart on the same one. */
export function versionChanges(before: JsonMap, after: JsonMap): VersionChange[] {
  return allComponents.flatMap((component) => {
    const from = versionOf(before, component);
    const to = versionOf(after, component);
    const isSame = to === from && restartOf(before, component) === restartOf(after, component);
    return to === undefined || isSame ? [] : [{ component, from, to }];
  });
}

export interface ReplicasChange {
  component: string;
  from: number;
  to: number;
}

/** The components that are asked for another number of pods than before. */
export function replicasChanges(before: JsonMap, after: JsonMap): ReplicasChange[] {
  return allComponents.flatMap((component) => {
    const [from, to] = [replicasOf(before, component), replicasOf(after, component)];
    return from === undefined || to === undefined || to === from ? [] : [{ component, from, to }];
  });
}

function replicasOf(spec: JsonMap, component: string): number | undefined {
  const replicas = specOf(spec, component)?.['replicas'];
  return typeof replicas === 'number' ? replicas : undefined;
}

/** docs-tidb-operator release-1.6, restart-a-tidb-cluster.md. */
const restartAnnotation = 'tidb.pingcap.com/restartedAt';

function restartOf(spec: JsonMap, component: string): Json | undefined {
  const annotations = specOf(spec, component)?.['annotations'];
  return isMap(annotations) ? annotations[restartAnnotation] : undefined;
}
