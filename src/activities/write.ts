/** The one way in which a run writes to a TidbCluster: a merge patch on the version that was read, after a look at the lock. */
import { resources } from '../kubernetes/resources.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { RunCall } from '../protocol/activities.ts';
import type { TidbClusterView } from '../tidb/view.ts';
import { assertLockIsOurs } from './lock.ts';
import { isSilence } from './patience.ts';
import type { Surroundings } from './surroundings.ts';

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
