/** PD's own maintenance lock, where it is served (≥ 8.5.7): other tools honour it too. It has no expiry; it is freed by name. */
import { RunbookError } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import type { RunCall } from '../protocol/activities.ts';
import type { PdApi } from '../pd/api.ts';
import type { ClusterView } from '../tidb/view.ts';
import type { Holder } from './lock.ts';
import { observe } from './observing/observe.ts';
import { targetOf } from './observing/target.ts';
import type { Surroundings } from './surroundings.ts';

/** The type under which all our runs appear. */
const type = 'tidb-runbooks';

async function pdOf(at: Surroundings, call: RunCall): Promise<PdApi> {
  const { tidbClusters } = await observe(at, targetOf(call));
  return at.pd.of(tidbClusterOf(at.inventory, call.cluster), tidbClusters).pd;
}

/** Throws Locked when another tool holds it. `ended` is the holder whose Lease was taken over: its task in PD is freed first. */
export async function takeMaintenanceLock(at: Surroundings, call: RunCall, ended: Holder | undefined): Promise<void> {
  const { maintenance } = await pdOf(at, call);
  if (ended) await maintenance.release({ type, id: ended.runId });
  const taken = await maintenance.take({ type, id: call.run.runId, description: `${call.runbook} ${call.run.workflowId}` });
  if (taken.state !== 'held-by-other') return;
  const who = taken.holder ? `${taken.holder.type}/${taken.holder.id} (${taken.holder.description})` : 'another task';
  throw new RunbookError('Locked', `PD of ${call.cluster} is under maintenance by ${who}: wait for its end, or end it there`);
}

/** Who holds it, in words; undefined when nobody does or PD has no such lock. */
export async function describeMaintenance(at: Surroundings, cluster: string, { tidbClusters }: ClusterView): Promise<string | undefined> {
  const held = await at.pd.of(tidbClusterOf(at.inventory, cluster), tidbClusters).pd.maintenance.get();
  return held.state === 'held' ? `${held.holder.type}/${held.holder.id} (${held.holder.description})` : undefined;
}

export async function releaseMaintenanceLock(at: Surroundings, call: RunCall): Promise<void> {
  const { maintenance } = await pdOf(at, call);
  await maintenance.release({ type, id: call.run.runId });
}
