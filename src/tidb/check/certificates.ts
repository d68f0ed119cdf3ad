/** Certificates that have ended or soon will: an expired one stops a restarted pod from joining its peers (§6.5). */
import type { Finding } from '../../protocol/check.ts';
import { CERTIFICATE_MARGIN_MS } from '../guards/tidb-clusters.ts';
import type { ClusterView } from '../view.ts';
import { nameOf } from '../view.ts';

const DAY_MS = 24 * 3_600_000;
/** Time enough to plan a renewal; cert-manager renews 15 days before the end (§6.4). */
const SOON_MS = 30 * DAY_MS;

export function certificateFindings({ tidbClusters, nowMs }: ClusterView): Finding[] {
  return tidbClusters.flatMap((each) =>
    each.certificates.flatMap(({ secret, notAfterMs }): Finding[] => {
      const leftMs = notAfterMs - nowMs;
      if (leftMs >= SOON_MS) return [];
      const what = `the certificate in Secret ${secret} of TidbCluster ${nameOf(each)} in ${each.kubernetesCluster}`;
      return [{ severity: leftMs >= CERTIFICATE_MARGIN_MS ? 'warning' : 'critical', key: `certificate/${each.key}/${secret}`, message: `${what} ${endOf(leftMs, notAfterMs)}` }];
    }),
  );
}

function endOf(leftMs: number, notAfterMs: number): string {
  if (Number.isNaN(leftMs)) return 'ends at a time that cannot be read';
  const at = new Date(notAfterMs).toISOString();
  return leftMs < 0 ? `has ended at ${at}` : `ends in ${Math.floor(leftMs / DAY_MS)} days, at ${at}: renew it`;
}
