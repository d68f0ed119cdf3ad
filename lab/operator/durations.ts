/** Durations as Go writes them, e.g. `1500m` or `1h30m`. */

const unitMilliseconds: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** The default of `spec.tikv.evictLeaderTimeout` (`API/tidbcluster.go:release-1.6`). */
const defaultEviction = '1500m';

export function goDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMilliseconds[unit ?? ''] ?? 0), 0);
}

/** Milliseconds after which a TiKV pod is restarted whether or not leaders are left on it. */
export const evictionTimeout = (text: string | undefined): number => goDuration(text ?? defaultEviction);
