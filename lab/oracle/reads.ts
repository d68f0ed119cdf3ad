/** How much the author reads from each API server: a run that waits should hardly be felt. */
import { isRead } from './audit-log.ts';
import type { Evidence } from './evidence.ts';
import { timeOf } from './evidence.ts';

/** ISO times. */
export interface Window {
  from: string;
  until: string;
}

export interface Reads {
  /** By verb and resource, such as `list pods`; between `since` and `until` where they are given. A watch counts once. */
  counts: Record<string, number>;
  /** For each asked window. */
  perSecond: (Window & { perSecond: number })[];
}

const millisecondsPerSecond = 1000;

/** By the name of the Kubernetes cluster. */
export function countReads({ requests }: Evidence, kubernetesClusters: readonly string[], windows: readonly Window[]): Record<string, Reads> {
  return Object.fromEntries(kubernetesClusters.map((name) => {
    const own = requests.filter((request) => request.kubernetesCluster === name && isRead(request));
    const counts: Record<string, number> = {};
    for (const { verb, resource } of own) counts[`${verb} ${resource}`] = (counts[`${verb} ${resource}`] ?? 0) + 1;
    return [name, { counts, perSecond: windows.map((window) => ({ ...window, perSecond: rateIn(window, own.map(({ asked }) => asked)) })) }];
  }));
}

function rateIn({ from, until }: Window, times: readonly number[]): number {
  const [begin, end] = [timeOf(from), timeOf(until)];
  if (end <= begin) throw new Error(`The window from ${from} until ${until} has no length, so nothing can be counted per second in it. Give a later end.`);
  return times.filter((time) => time >= begin && time < end).length / ((end - begin) / millisecondsPerSecond);
}
