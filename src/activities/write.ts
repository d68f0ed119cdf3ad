/** The ways in which a run writes, each after a look at the lock. A TidbCluster is patched on the version that was read. */
import { resources } from '../kubernetes/resources.ts';
import { RunbookError, isRunbookError } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import type { PdApi } from '../pd/api.ts';
import { memberApi } from '../pd/member-api.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { RunCall } from '../protocol/activities.ts';
import { peerUrlProblems } from '../tidb/peer-url.ts';
import type { ClusterView, TidbClusterView } from '../tidb/view.ts';
import { assertLockIsOurs } from './lock.ts';
import { isSilence } from './patience.ts';
import type { Scene, Write } from './steps/step-kind.ts';
import type { Surroundings } from './surroundings.ts';

/** Throws LockLost, and Conflict when the object is another one by now. */
export async function carryOut(at: Surroundings, call: RunCall, { view, member }: Scene, write: Write): Promise<void> {
  if (write.write === 'patch-tidb-cluster') return patchTidbCluster(at, call, member, write.patch);
  await assertLockIsOurs(at, call);
  if (write.write === 'store-up') return storeUp(at, view, write.storeId);
  if (write.write === 'end-eviction') return pdOf(at, view).endEviction(write.storeId);
  if (write.write === 'member-peer-url') return writePeerUrl(pdOf(at, view), write);
  const api = at.kubernetes(write.kubernetesCluster);
  if (write.write === 'create-object') return void (await api.create(write.object, write.body));
  const { uid, ...ref } = write.object;
  if (write.write === 'patch-object') return void (await api.mergePatch(ref, { ...write.patch, metadata: { ...(write.patch['metadata'] as JsonObject | undefined), uid } }));
  await api.remove(ref, { uid, propagation: 'Background' }).catch((error: unknown) => {
    if (!isRunbookError(error, 'NotFound')) throw error;
  });
}

function pdOf(at: Surroundings, view: ClusterView): PdApi {
  return at.pd.of(tidbClusterOf(at.inventory, view.name), view.tidbClusters).pd;
}

async function storeUp(at: Surroundings, view: ClusterView, storeId: string): Promise<void> {
  await pdOf(at, view).storeState(storeId, 'Up').catch((error: unknown) => {
    if (!isRunbookError(error, 'NotFound')) throw error;
  });
}

/**
 * The last look before etcd is given a text that it does not judge (§5.4): what it lists now must still leave this URL free, and this member there.
 * Throws Conflict when that is not so: the step then reads again, and holds.
 */
async function writePeerUrl(pd: PdApi, { memberId, peerUrl, place }: Write & { write: 'member-peer-url' }): Promise<void> {
  const api = await memberApi(pd);
  const members = await api.list();
  const own = members.find((each) => each.id === memberId);
  const problems = peerUrlProblems(peerUrl, place, members.filter((each) => each.id !== memberId));
  if (!own || problems.length > 0) throw new RunbookError('Conflict', `the peer URL of PD member ${memberId} was not written: ${own ? problems.join('; ') : 'it is no member any more'}`);
  await api.updatePeerUrl(memberId, peerUrl);
}

export type Written = Pick<TidbClusterView, 'kubernetesCluster' | 'object'>;

/** Throws LockLost when the lock is somebody else's, Conflict when the TidbCluster was written since it was read. */
export async function patchTidbCluster(at: Surroundings, call: RunCall, member: Written, patch: JsonObject): Promise<void> {
  await assertLockIsOurs(at, call);
  await write(at, member, patch);
}

/** As `patchTidbCluster`, but a lock that cannot be read does not stop it: for the brake, which only makes things safer. */
export async function patchEvenWithoutLock(at: Surroundings, call: RunCall, member: Written, patch: JsonObject): Promise<void> {
  await assertLockIsOurs(at, call).catch((error: unknown) => {
    if (!isSilence(error)) throw error;
  });
  await write(at, member, patch);
}

async function write(at: Surroundings, member: Written, patch: JsonObject): Promise<void> {
  const { name, namespace, resourceVersion } = member.object.metadata;
  const metadata = { ...(patch['metadata'] as JsonObject | undefined), resourceVersion };
  await at.kubernetes(member.kubernetesCluster).mergePatch({ ...resources.tidbCluster, namespace, name }, { ...patch, metadata });
}
