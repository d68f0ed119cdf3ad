/**
 * The lock of a TiDB cluster, visible to everybody: a Lease in the namespace of the initial TidbCluster, and PD's maintenance lock
 * where it is served (≥ 8.5.7). It is taken over only when Temporal says that the holder has ended, or by a person's word.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { RunbookError, isRunbookError } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import type { KubernetesApi } from '../kubernetes/api.ts';
import { resources } from '../kubernetes/resources.ts';
import type { ResourceRef } from '../kubernetes/resources.ts';
import type { LockCall, RunCall } from '../protocol/activities.ts';
import type { RunIdentity } from '../protocol/outcome.ts';
import { leaseSchema } from '../tidb/objects.ts';
import type { Lease } from '../tidb/objects.ts';
import type { Surroundings } from './surroundings.ts';

const holderAnnotation = 'tidb-runbooks.io/holder';

const holderSchema = z.object({ namespace: z.string(), workflowId: z.string(), runId: z.string(), runbook: z.string(), since: z.string() });
type Holder = z.infer<typeof holderSchema>;

/** A Lease that others show in their lists; nobody takes it over by its age. */
const LEASE_SECONDS = 15;

interface Place {
  api: KubernetesApi;
  ref: ResourceRef & { name: string };
}

function placeOf(at: Surroundings, cluster: string): Place {
  const { initial } = tidbClusterOf(at.inventory, cluster);
  return { api: at.kubernetes(initial.kubernetesCluster), ref: { ...resources.lease, namespace: initial.namespace, name: `tidb-runbooks-${cluster}` } };
}

/** Throws Locked, naming the holder. Safe to repeat by the same run. */
export async function takeLease(at: Surroundings, call: LockCall): Promise<void> {
  const place = placeOf(at, call.cluster);
  const lease = await readLease(place);
  const holder = lease && holderOf(lease);
  if (!lease) {
    await place.api.create({ ...place.ref }, leaseBody(place, call));
    return;
  }
  if (holder && isOurs(holder, call)) return;
  if (!holder && lease.spec.holderIdentity) throw new RunbookError('Locked', `${describePlace(place)} is held by ${lease.spec.holderIdentity}, which is no run of tidb-runbooks: release it there first`);
  if (holder && !(await mayTakeOver(at, holder, call))) throw locked(call.cluster, holder, at);
  await place.api.mergePatch(place.ref, { ...leaseBody(place, call), metadata: { ...leaseBody(place, call).metadata, resourceVersion: lease.metadata.resourceVersion } });
}

async function readLease({ api, ref }: Place): Promise<Lease | undefined> {
  try {
    return leaseSchema.parse(await api.get(ref));
  } catch (error) {
    if (isRunbookError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function holderOf(lease: Lease): Holder | undefined {
  const text = lease.metadata.annotations[holderAnnotation];
  try {
    return text ? holderSchema.parse(JSON.parse(text)) : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(holder: Holder, { run }: RunCall): boolean {
  return holder.namespace === run.namespace && holder.workflowId === run.workflowId && holder.runId === run.runId;
}

function leaseBody({ ref }: Place, { run, runbook }: RunCall): { metadata: Record<string, unknown> } & Record<string, unknown> {
  // MicroTime wants six digits behind the point.
  const now = new Date().toISOString().replace('Z', '000Z');
  const holder: Holder = { ...run, runbook, since: now };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: ref.name, namespace: ref.namespace, annotations: { [holderAnnotation]: JSON.stringify(holder) } },
    spec: { holderIdentity: `temporal/${run.namespace}/${run.workflowId}/${run.runId}`, leaseDurationSeconds: LEASE_SECONDS, acquireTime: now, renewTime: now },
  };
}

/** Throws Unreachable when Temporal does not say. */
export async function mayTakeOver(at: Surroundings, holder: RunIdentity, call: LockCall): Promise<boolean> {
  if (call.takeOverFrom === holder.workflowId) return true;
  return holder.namespace === call.run.namespace && !(await isRunning(at, holder));
}

/** Temporal's word. The holder is a chain of runs: continue-as-new keeps its first run id. */
async function isRunning(at: Surroundings, holder: RunIdentity): Promise<boolean> {
  try {
    const description = await at.temporal.workflow.getHandle(holder.workflowId).describe();
    const first = description.raw.workflowExecutionInfo?.firstRunId || description.runId;
    return description.status.name === 'RUNNING' && (first === holder.runId || description.runId === holder.runId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw new RunbookError('Unreachable', `Temporal does not say whether run ${holder.workflowId}, which holds the lock, has ended: ${(error as Error).message}`);
  }
}

function locked(cluster: string, holder: Holder, at: Surroundings): RunbookError {
  const elsewhere = holder.namespace === at.temporal.options.namespace ? '' : `; it is of Temporal namespace ${holder.namespace}, which cannot be asked from here: when it has ended, start with takeOverLockOf "${holder.workflowId}"`;
  return new RunbookError('Locked', `TiDB cluster ${cluster} is locked by run ${holder.workflowId} (${holder.runbook}, since ${holder.since}): wait for its end or abort it${elsewhere}`);
}

function describePlace({ api, ref }: Place): string {
  return `Lease ${ref.namespace ?? ''}/${ref.name} in ${api.cluster}`;
}

/** Who holds the Lease, in words; `open` says whether that run still is. Undefined when nobody does. */
export async function readHolder(at: Surroundings, cluster: string): Promise<{ holder: string; since: string; open: boolean | undefined } | undefined> {
  const lease = await readLease(placeOf(at, cluster));
  const holder = lease && holderOf(lease);
  if (!lease) return undefined;
  if (!holder) return { holder: lease.spec.holderIdentity ?? 'somebody unknown', since: lease.spec.acquireTime ?? 'unknown', open: undefined };
  const open = holder.namespace === at.temporal.options.namespace ? await isRunning(at, holder) : undefined;
  return { holder: `run ${holder.workflowId} (${holder.runbook})`, since: holder.since, open };
}

/** Asked before every write. Throws LockLost: nothing more is changed by this run. */
export async function assertLockIsOurs(at: Surroundings, call: RunCall): Promise<void> {
  const place = placeOf(at, call.cluster);
  const lease = await readLease(place);
  const holder = lease && holderOf(lease);
  if (holder && isOurs(holder, call)) return;
  const who = holder ? `run ${holder.workflowId}` : (lease?.spec.holderIdentity ?? 'nobody');
  throw new RunbookError('LockLost', `the lock of TiDB cluster ${call.cluster} (${describePlace(place)}) belongs to ${who} now: this run changes nothing more`);
}

/** Removes the Lease if it is ours. True when it is not held by us any more. */
export async function releaseLease(at: Surroundings, call: RunCall): Promise<void> {
  const place = placeOf(at, call.cluster);
  const lease = await readLease(place);
  const holder = lease && holderOf(lease);
  if (!lease || !holder || !isOurs(holder, call)) return;
  await place.api.remove(place.ref, { uid: lease.metadata.uid });
}
