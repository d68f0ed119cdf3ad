/** PD's own maintenance lock, where it is served (≥ 8.5.7): other tools honour it too. It has no expiry; it is freed by name. */
import { RunbookError } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import type { LockCall, RunCall } from '../protocol/activities.ts';
import type { RunIdentity } from '../protocol/outcome.ts';
import type { MaintenanceTask, PdApi } from '../pd/api.ts';
import type { ClusterView } from '../tidb/view.ts';
import { mayTakeOver } from './lock.ts';
import { observe } from './observing/observe.ts';
import { targetOf } from './observing/target.ts';
import type { Surroundings } from './surroundings.ts';

/** The type under which all our runs appear. */
const type = 'tidb-runbooks';

async function pdOf(at: Surroundings, call: RunCall): Promise<PdApi> {
  const { tidbClusters } = await observe(at, targetOf(call));
  return at.pd.of(tidbClusterOf(at.inventory, call.cluster), tidbClusters).pd;
}

/** Tells people who it is, and `runOf` which run to ask Temporal about. */
function describeRun({ runbook, run }: RunCall): string {
  return `${runbook} ${run.workflowId} in Temporal namespace ${run.namespace}`;
}

function runOf(task: MaintenanceTask | undefined): RunIdentity | undefined {
  const [, workflowId, namespace] = /^\S+ (.+) in Temporal namespace (\S+)$/.exec(task?.description ?? '') ?? [];
  return task?.type === type && workflowId && namespace ? { namespace, workflowId, runId: task.id } : undefined;
}

/**
 * Throws Locked when another tool holds it, or a run that may be open. One that has ended may have left it behind: whose Lease it is by now says nothing
 * of that, since a run can die between its two locks.
 */
export async function takeMaintenanceLock(at: Surroundings, call: LockCall): Promise<void> {
  const { maintenance } = await pdOf(at, call);
  const take = (): ReturnType<typeof maintenance.take> => maintenance.take({ type, id: call.run.runId, description: describeRun(call) });
  let taken = await take();
  const run = taken.state === 'held-by-other' ? runOf(taken.holder) : undefined;
  if (run && (await mayTakeOver(at, run, call))) {
    await maintenance.release({ type, id: run.runId });
    taken = await take();
  }
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
