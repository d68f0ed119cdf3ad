/** What earlier procedures left behind: held DDL, Tombstones, locks. */
import type { Finding } from '../../protocol/check.ts';
import { heldDdl } from '../leftovers.ts';
import { isRolling } from '../rolling.ts';
import type { ClusterView } from '../view.ts';

/** Who holds the locks of a TiDB cluster. */
export interface Locks {
  lease: { holder: string; since: string; /** False: its run has ended. Undefined: nobody knows. */ open: boolean | undefined } | undefined;
  /** PD's maintenance lock, in words. */
  maintenance: string | undefined;
}

export function leftoverFindings(view: ClusterView, locks: Locks): Finding[] {
  return [...ddlFindings(view), ...tombstones(view), ...lockFindings(locks)];
}

/** While TiDB rolls, its operator holds DDL on purpose (§2.6). */
function ddlFindings(view: ClusterView): Finding[] {
  return view.tidbClusters.flatMap((each) => (isRolling(each, 'tidb') ? [] : heldDdl(each).map((message) => ({ severity: 'warning' as const, key: `leftover/ddl/${each.key}`, message }))));
}

function tombstones({ database }: ClusterView): Finding[] {
  const ids = (database?.stores ?? []).filter((store) => store.state === 'Tombstone').map((store) => store.id);
  return ids.length === 0 ? [] : [{ severity: 'notice', key: 'leftover/tombstones', message: `PD keeps Tombstone records of stores ${ids.join(', ')}; it forgets them after 30 days, or with DELETE /pd/api/v1/stores/remove-tombstone` }];
}

function lockFindings({ lease, maintenance }: Locks): Finding[] {
  const findings: Finding[] = [];
  if (lease?.open === false) findings.push({ severity: 'warning', key: 'lock/lease', message: `${lease.holder} has ended and left its lock (since ${lease.since}): it cleaned up nothing; the next run takes the lock over` });
  else if (lease) findings.push({ severity: 'notice', key: 'lock/lease', message: `${lease.holder} holds the lock since ${lease.since}` });
  if (maintenance !== undefined) findings.push({ severity: 'notice', key: 'lock/maintenance', message: `PD's maintenance lock is held by ${maintenance}` });
  return findings;
}
