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
import { namedPaths } from '../tidb-cluster-history.ts';

const componentVersion = new RegExp(`^spec\\.(${upgradeOrder.flat().join('|')})\\.version$`);
const componentRestart = new RegExp(`^spec\\.(${upgradeOrder.flat().join('|')})\\.annotations\\[tidb\\.pingcap\\.com/restartedAt\\]$`);
const mayChange = [componentVersion, componentRestart, /^spec\.pdms\[\w+\]\.annotations\[tidb\.pingcap\.com\/restartedAt\]$/, /^spec\.pdms\[\w+\]\.version$/, /^spec\.version$/, /^spec\.paused$/, /^metadata\.annotations\[tidb-runbooks\.io\/.+\]$/];
/** What a patch may name without changing it. */
const mayName = [...mayChange, /^spec\.pdms(\[|$)/, /^metadata\.annotations$/];
const ownLease = /^tidb-runbooks-/;

/** What a migration to across-Kubernetes writes beyond these. */
const ofMigration = [/^spec\.acrossK8s$/, /^spec\.clusterDomain$/, /^spec\.(\w+\.)?configUpdateStrategy$/];
const lookUpPod = /-probe-/;

export function onlyExpectedFields(evidence: Evidence, mustSee: boolean, isMigration = false): Finding {
  const broken = evidence.writes.flatMap((request) => complaintsAbout(evidence, request, isMigration));
  const seen = evidence.writes.length === 0 ? [] : [`${evidence.writes.length} accepted writes by the author`];
  return finding('nothing but expected fields is written', { broken, seen, nothing: 'no accepted write by the author seen', mustSee });
}

function complaintsAbout(evidence: Evidence, request: AuditedRequest, isMigration: boolean): string[] {
  const { asked, verb, resource, namespace, name, kubernetesCluster } = request;
  const deed = `at ${clock(asked)} the author wrote (${verb}) ${resource} ${namespace === '' ? '' : `${namespace}/`}${name} in ${kubernetesCluster}`;
  if (resource === 'leases' && ownLease.test(name)) return [];
  if (isMigration && isLookUp(evidence, request)) return [];
  const more = isMigration ? ofMigration : [];
  const isJudged = resource === 'tidbclusters' && placeOf(evidence.places, { ...request, tidbCluster: name });
  if (!isJudged || verb === 'create' || verb.startsWith('delete')) return [deed];
  const changed = evidence.changes.find((change) => change.request === request)?.paths.map(({ path }) => path) ?? [];
  const unexpected = [...namedPaths(request).filter((path) => !isAllowed(path, [...mayName, ...more])), ...changed.filter((path) => !isAllowed(path, [...mayChange, ...more]))];
  return unexpected.length === 0 ? [] : [`${deed}: ${[...new Set(unexpected)].join(', ')}`];
}

/** A new pod has no name in its request yet: its body tells. */
function isLookUp({ places }: Evidence, { resource, verb, namespace, name, body }: AuditedRequest): boolean {
  if (resource !== 'pods' || !places.some((place) => place.namespace === namespace)) return false;
  return verb === 'delete' ? lookUpPod.test(name) : verb === 'create' && (body === undefined || lookUpPod.test(JSON.stringify(body)));
}

const isAllowed = (path: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(path));
