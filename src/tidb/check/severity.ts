/** How grave a guard's reason is when nothing is about to be changed. By the beginning of its key; the longest that fits counts. */
import type { Reason } from '../../protocol/outcome.ts';
import type { Severity } from '../../protocol/check.ts';

const byKey: Record<string, Severity> = {
  'pd-unknown': 'critical',
  'pd-no-leader': 'critical',
  'pd-member/': 'critical',
  'pd-member-count/': 'warning',
  'pd-loading/': 'warning',
  'store/': 'critical',
  'store-count/': 'warning',
  'regions/miss-peer': 'critical',
  'regions/down-peer': 'critical',
  'regions/': 'warning',
  'evicting/': 'warning',
  // A part that nobody looks after, or a second operator of the same cluster.
  'unknown-part/': 'critical',
  'brake/': 'warning',
  'paused/': 'warning',
  'suspended/': 'critical',
  'deleting/': 'critical',
  // The operator ignores such a TidbCluster: nothing is healed there.
  'validation/': 'critical',
  'tiproxy/': 'critical',
  // A pod that restarts, for whatever reason, does not come back.
  'discovery-pod/': 'critical',
  'rolling/': 'notice',
  'operator/': 'warning',
  'peers/': 'warning',
  unreachable: 'critical',
};

/** Silence of seconds, or somebody who takes a store out on purpose (§5.5). */
const milderStores = /^store\/\d+\/(Disconnected|Offline)$/;

export function severityOf({ key }: Pick<Reason, 'key'>): Severity {
  if (milderStores.test(key)) return 'warning';
  const prefix = Object.keys(byKey).filter((each) => key.startsWith(each)).sort((a, b) => b.length - a.length)[0];
  return prefix === undefined ? 'warning' : (byKey[prefix] ?? 'warning');
}
