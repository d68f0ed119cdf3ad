/** Everything that a check has to say about one TiDB cluster, the gravest first. Pure: a view and the locks in, findings out. */
import type { CheckReport, Finding } from '../../protocol/check.ts';
import { severities } from '../../protocol/check.ts';
import type { Reason } from '../../protocol/outcome.ts';
import { nobodyEvicts } from '../guards/database.ts';
import { discoveryServes } from '../guards/discovery.ts';
import { askAll } from '../guards/guard.ts';
import type { Guard } from '../guards/guard.ts';
import { databaseIsWhole } from '../guards/index.ts';
import { nobodyRolls, noTiproxyAcross, notDeleting, noUnknownParts, notPaused, notSuspended, operatorAlive, passesValidation, peersKnown } from '../guards/tidb-clusters.ts';
import type { ClusterView } from '../view.ts';
import { certificateFindings } from './certificates.ts';
import { leftoverFindings } from './leftovers.ts';
import type { Locks } from './leftovers.ts';
import { severityOf } from './severity.ts';
import { topologyFindings } from './topology.ts';
import { versionFindings } from './versions.ts';

/** The guards of a change, asked although nothing is to be changed. */
const guards: readonly Guard[] = [...databaseIsWhole, nobodyEvicts, noUnknownParts, notPaused, notSuspended, notDeleting, passesValidation, noTiproxyAcross, nobodyRolls, operatorAlive, peersKnown, discoveryServes];

export function findingsOf(view: ClusterView, locks: Locks): Finding[] {
  const findings = [...guardFindings(view), ...certificateFindings(view), ...versionFindings(view), ...topologyFindings(view), ...leftoverFindings(view, locks)];
  return severities.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

export function findingOf(reason: Reason): Finding {
  return { severity: severityOf(reason), key: reason.key, message: reason.message };
}

/** Some guards speak of one TidbCluster or component, some of all: each reason is said once. */
function guardFindings(view: ClusterView): Finding[] {
  const changes = view.tidbClusters.flatMap((member) => [{ member }, { member, component: 'pd' as const }, { member, component: 'tikv' as const }]);
  // `nobodyRolls` leaves out the component that a change is about: the change without one comes first and sees all.
  const reasons = changes.flatMap((change) => askAll(guards, view, change));
  return [...new Map(reasons.toReversed().map((reason) => [reason.key, reason])).values()].toReversed().map(findingOf);
}

export function reportOf(cluster: string, checkedAt: string, findings: Finding[]): CheckReport {
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  const [critical, warnings, notices] = [count('critical'), count('warning'), count('notice')];
  const numbers = `${critical} critical, ${warnings} warning${warnings === 1 ? '' : 's'}, ${notices} notice${notices === 1 ? '' : 's'}`;
  const worst = findings.find((finding) => finding.severity === 'critical');
  return { cluster, checkedAt, summary: `TiDB cluster ${cluster}: ${numbers}${worst ? `; first: ${worst.message}` : ''}`, findings };
}
