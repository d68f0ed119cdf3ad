/**
 * Nothing but expected fields: the author writes versions and restart annotations of components, `spec.version`, `spec.paused` and its own annotations of
 * the judged TidbClusters, and Leases of its own name. Every other accepted write is named. The list `spec.pdms` can only be
 * written whole: there the versions may differ, and nothing else. Where a migration is judged, also its fields, and pods that look names up.
 */
import type { AuditedRequest } from '../audit-log.ts';
import { upgradeOrder } from '../component-versions.ts';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../places.ts';
import type { TidbClusterName } from '../places.ts';
import { namedPaths } from '../tidb-cluster-history.ts';

const componentVersion = new RegExp(`^spec\\.(${upgradeOrder.flat().join('|')})\\.version$`);
const componentRestart = new RegExp(`^spec\\.(${upgradeOrder.flat().join('|')})\\.annotations\\[tidb\\.pingcap\\.com/restartedAt\\]$`);
const mayChange = [componentVersion, componentRestart, /^spec\.pdms\[\w+\]\.annotations\[tidb\.pingcap\.com\/restartedAt\]$/, /^spec\.pdms\[\w+\]\.version$/, /^spec\.version$/, /^spec\.paused$/, /^metadata\.annotations\[tidb-runbooks\.io\/.+\]$/];
/** What a patch may name without changing it. */
const mayName = [...mayChange, /^spec\.pdms(\[|$)/, /^metadata\.annotations$/];
const ownLease = /^tidb-runbooks-/;

/** What an exit changes besides: numbers of pods of the leaving TidbCluster, references of everybody. */
const mayLeave = [new RegExp(`^spec\\.(${upgradeOrder.flat().join('|')})\\.replicas$`), /^spec\.pdms\[\w+\]\.replicas$/];
const mayRefer = [/^spec\.cluster(\.(name|namespace|clusterDomain))?$/];

/** What a migration to across-Kubernetes writes beyond these. */
const ofMigration = [/^spec\.acrossK8s$/, /^spec\.clusterDomain$/, /^spec\.(\w+\.)?configUpdateStrategy$/];
const lookUpPod = /-probe-/;

export interface Latitude {
  /** The TidbCluster that leaves, when the run is an exit. */
  leaving?: TidbClusterName | undefined;
  /** The run is a migration to across-Kubernetes. */
  migrates?: boolean | undefined;
}

export function onlyExpectedFields(evidence: Evidence, mustSee: boolean, latitude: Latitude = {}): Finding {
  const { leaving } = latitude;
  const broken = evidence.writes.filter((request) => !leaving || !isReclaim(request, leaving)).flatMap((request) => complaintsAbout(evidence, request, latitude));
  const seen = evidence.writes.length === 0 ? [] : [`${evidence.writes.length} accepted writes by the author`];
  return finding('nothing but expected fields is written', { broken, seen, nothing: 'no accepted write by the author seen', mustSee });
}

/** The leaving TidbCluster itself, and what is left of it: claims and Secrets by its name, volumes' policies, monitors. */
function isReclaim({ kubernetesCluster, namespace, resource, name, verb, body }: AuditedRequest, leaving: TidbClusterName): boolean {
  if (kubernetesCluster !== leaving.kubernetesCluster) return false;
  if (resource === 'persistentvolumes') return verb === 'patch' && JSON.stringify(body).includes('"persistentVolumeReclaimPolicy":"Delete"');
  if (verb !== 'delete' || namespace !== leaving.namespace) return false;
  if (resource === 'tidbclusters') return name === leaving.name;
  return (resource === 'persistentvolumeclaims' && name.includes(`-${leaving.name}-`)) || (resource === 'secrets' && name.startsWith(`${leaving.name}-`)) || resource === 'tidbmonitors';
}

/** Fields of this TidbCluster that may change beyond those of an upgrade. */
function moreFor({ kubernetesCluster, name }: AuditedRequest, { leaving, migrates }: Latitude): RegExp[] {
  const isLeaving = leaving !== undefined && kubernetesCluster === leaving.kubernetesCluster && name === leaving.name;
  return [...(migrates ? ofMigration : []), ...(leaving ? mayRefer : []), ...(isLeaving ? mayLeave : [])];
}

function complaintsAbout(evidence: Evidence, request: AuditedRequest, latitude: Latitude): string[] {
  const { asked, verb, resource, namespace, name, kubernetesCluster } = request;
  const deed = `at ${clock(asked)} the author wrote (${verb}) ${resource} ${namespace === '' ? '' : `${namespace}/`}${name} in ${kubernetesCluster}`;
  if (resource === 'leases' && ownLease.test(name)) return [];
  if (latitude.migrates && isLookUp(evidence, request)) return [];
  const isJudged = resource === 'tidbclusters' && placeOf(evidence.places, { ...request, tidbCluster: name });
  if (!isJudged || verb === 'create' || verb.startsWith('delete')) return [deed];
  const changed = evidence.changes.find((change) => change.request === request)?.paths.map(({ path }) => path) ?? [];
  const more = moreFor(request, latitude);
  const unexpected = [...namedPaths(request).filter((path) => !isAllowed(path, [...mayName, ...more])), ...changed.filter((path) => !isAllowed(path, [...mayChange, ...more]))];
  return unexpected.length === 0 ? [] : [`${deed}: ${[...new Set(unexpected)].join(', ')}`];
}

/** A new pod has no name in its request yet: its body tells. */
function isLookUp({ places }: Evidence, { resource, verb, namespace, name, body }: AuditedRequest): boolean {
  if (resource !== 'pods' || !places.some((place) => place.namespace === namespace)) return false;
  return verb === 'delete' ? lookUpPod.test(name) : verb === 'create' && (body === undefined || lookUpPod.test(JSON.stringify(body)));
}

const isAllowed = (path: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(path));
