/** The one way in which a run writes to a TidbCluster: a merge patch on the version that was read, after a look at the lock. */
import { resources } from '../kubernetes/resources.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { RunCall } from '../protocol/activities.ts';
import type { TidbClusterView } from '../tidb/view.ts';
import { assertLockIsOurs } from './lock.ts';
import type { Surroundings } from './surroundings.ts';

/** Throws LockLost when the lock is somebody else's, Conflict when the TidbCluster was written since it was read. */
export async function patchTidbCluster(at: Surroundings, call: RunCall, member: Pick<TidbClusterView, 'kubernetesCluster' | 'object'>, patch: JsonObject): Promise<void> {
  await assertLockIsOurs(at, call);
  const { name, namespace, resourceVersion } = member.object.metadata;
  const metadata = { ...(patch['metadata'] as JsonObject | undefined), resourceVersion };
  await at.kubernetes(member.kubernetesCluster).mergePatch({ ...resources.tidbCluster, namespace, name }, { ...patch, metadata });
}
