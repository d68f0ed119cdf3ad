/**
 * Nothing but expected fields: the author writes versions of components, `spec.version`, `spec.paused` and its own annotations of
 * the judged TidbClusters, and Leases of its own name. Every other accepted write is named. The list `spec.pdms` can only be
 * written whole: there the versions may differ, and nothing else.
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
const mayChange = [componentVersion, /^spec\.pdms\[\w+\]\.version$/, /^spec\.version$/, /^spec\.paused$/, /^metadata\.annotations\[tidb-runbooks\.io\/.+\]$/];
/** What a patch may name without changing it. */
const mayName = [...mayChange, /^spec\.pdms(\[|$)/, /^metadata\.annotations$/];
const ownLease = /^tidb-runbooks-/;

/** What an exit changes besides: numbers of pods of the leaving TidbCluster, references of everybody. */
const mayLeave = [new RegExp(`^spec\\.(${upgradeOrder.flat().join('|')})\\.replicas$`), /^spec\.pdms\[\w+\]\.replicas$/];
const mayRefer = [/^spec\.cluster(\.(name|namespace|clusterDomain))?$/];

export function onlyExpectedFields(evidence: Evidence, mustSee: boolean, leaving?: TidbClusterName): Finding {
  const broken = evidence.writes.filter((request) => !leaving || !isReclaim(request, leaving)).flatMap((request) => complaintsAbout(evidence, request, leaving));
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

function complaintsAbout(evidence: Evidence, request: AuditedRequest, leaving: TidbClusterName | undefined): string[] {
  const { asked, verb, resource, namespace, name, kubernetesCluster } = request;
  const deed = `at ${clock(asked)} the author wrote (${verb}) ${resource} ${namespace === '' ? '' : `${namespace}/`}${name} in ${kubernetesCluster}`;
  if (resource === 'leases' && ownLease.test(name)) return [];
  const isJudged = resource === 'tidbclusters' && placeOf(evidence.places, { ...request, tidbCluster: name });
  if (!isJudged || verb === 'create' || verb.startsWith('delete')) return [deed];
  const changed = evidence.changes.find((change) => change.request === request)?.paths.map(({ path }) => path) ?? [];
  const isLeaving = leaving !== undefined && kubernetesCluster === leaving.kubernetesCluster && name === leaving.name;
  const more = [...(leaving ? mayRefer : []), ...(isLeaving ? mayLeave : [])];
  const unexpected = [...namedPaths(request).filter((path) => !isAllowed(path, [...mayName, ...more])), ...changed.filter((path) => !isAllowed(path, [...mayChange, ...more]))];
  return unexpected.length === 0 ? [] : [`${deed}: ${[...new Set(unexpected)].join(', ')}`];
}

const isAllowed = (path: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(path));
