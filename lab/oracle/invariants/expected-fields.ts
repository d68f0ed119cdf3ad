/**
 * Nothing but expected fields: the author writes versions and restart annotations of components, `spec.version`, `spec.paused` and its own annotations of
 * the judged TidbClusters, and Leases of its own name. Every other accepted write is named. The list `spec.pdms` can only be
 * written whole: there the versions may differ, and nothing else.
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

export function onlyExpectedFields(evidence: Evidence, mustSee: boolean): Finding {
  const broken = evidence.writes.flatMap((request) => complaintsAbout(evidence, request));
  const seen = evidence.writes.length === 0 ? [] : [`${evidence.writes.length} accepted writes by the author`];
  return finding('nothing but expected fields is written', { broken, seen, nothing: 'no accepted write by the author seen', mustSee });
}

function complaintsAbout(evidence: Evidence, request: AuditedRequest): string[] {
  const { asked, verb, resource, namespace, name, kubernetesCluster } = request;
  const deed = `at ${clock(asked)} the author wrote (${verb}) ${resource} ${namespace === '' ? '' : `${namespace}/`}${name} in ${kubernetesCluster}`;
  if (resource === 'leases' && ownLease.test(name)) return [];
  const isJudged = resource === 'tidbclusters' && placeOf(evidence.places, { ...request, tidbCluster: name });
  if (!isJudged || verb === 'create' || verb.startsWith('delete')) return [deed];
  const changed = evidence.changes.find((change) => change.request === request)?.paths.map(({ path }) => path) ?? [];
  const unexpected = [...namedPaths(request).filter((path) => !isAllowed(path, mayName)), ...changed.filter((path) => !isAllowed(path, mayChange))];
  return unexpected.length === 0 ? [] : [`${deed}: ${[...new Set(unexpected)].join(', ')}`];
}

const isAllowed = (path: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(path));
