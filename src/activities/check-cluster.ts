/** One check of a TiDB cluster: all guards, drift and leftovers as a report. Reads only. */
import { sentenceOf } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import type { CheckReport, Finding } from '../protocol/check.ts';
import { findingOf, findingsOf, reportOf } from '../tidb/check/findings.ts';
import type { Locks } from '../tidb/check/leftovers.ts';
import type { ClusterView } from '../tidb/view.ts';
import { readHolder } from './lock.ts';
import { describeMaintenance } from './maintenance-lock.ts';
import { observe } from './observing/observe.ts';
import { tryPatiently } from './patience.ts';
import { rest } from './pulse.ts';
import type { Pulse } from './pulse.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * What is critical must be seen twice with this in between: longer than an election, and than the 10 s until stores heartbeat to a new
 * PD leader (Ⓞ6). Milliseconds.
 */
const CONFIRM_MS = 15_000;

export interface CheckCall {
  /** Inventory name. */
  cluster: string;
}

/** Throws NotFound for an unknown TiDB cluster, Unsupported for one that cannot be understood; a silent server is a finding. */
export async function checkCluster(at: Surroundings, { cluster }: CheckCall, pulse: Pulse): Promise<CheckReport> {
  tidbClusterOf(at.inventory, cluster);
  const first = await look(at, cluster, pulse);
  if (!first.some(isCritical)) return reportOf(cluster, new Date().toISOString(), first);
  pulse.tell('something critical was seen: looking again');
  await rest(CONFIRM_MS, pulse.signal);
  const again = await look(at, cluster, pulse);
  const seenBefore = new Set(first.map(({ key }) => key));
  return reportOf(cluster, new Date().toISOString(), again.filter((finding) => !isCritical(finding) || seenBefore.has(finding.key)));
}

function isCritical({ severity }: Finding): boolean {
  return severity === 'critical';
}

async function look(at: Surroundings, cluster: string, pulse: Pulse): Promise<Finding[]> {
  const seen = await tryPatiently(pulse, () => observe(at, { cluster }, pulse.signal));
  if ('silent' in seen) return [findingOf(seen.silent)];
  return findingsOf(seen.ok, await readLocks(at, cluster, seen.ok));
}

/** A lock that cannot be read is said where the lock would be. */
async function readLocks(at: Surroundings, cluster: string, view: ClusterView): Promise<Locks> {
  const lease = await readHolder(at, cluster).catch((error: unknown) => ({ holder: `somebody unknown (${sentenceOf(error)})`, since: 'unknown', open: undefined }));
  const maintenance = view.database ? await describeMaintenance(at, cluster, view).catch((error: unknown) => `somebody unknown (${sentenceOf(error)})`) : undefined;
  return { lease, maintenance };
}
