/** Sets and releases the brake on one TidbCluster, and nothing but our own. Only that one's API server is needed for it. */
import { isRunbookError } from '../errors.ts';
import type { BrakeCall, RunCall } from '../protocol/activities.ts';
import type { Reason } from '../protocol/outcome.ts';
import { placeSchema } from '../protocol/place.ts';
import { brakeOf, brakePatch, releasePatch } from '../tidb/brake.ts';
import { passing } from '../tidb/guards/guard.ts';
import { readTidbCluster } from './observing/read-tidb-cluster.ts';
import { tryPatiently } from './patience.ts';
import type { Pulse } from './pulse.ts';
import type { Surroundings } from './surroundings.ts';
import { patchEvenWithoutLock, patchTidbCluster } from './write.ts';
import type { Written } from './write.ts';

async function reread(at: Surroundings, { kubernetesCluster, object }: Written): Promise<Written> {
  return { kubernetesCluster, object: await readTidbCluster(at.kubernetes(kubernetesCluster), object.metadata) };
}

/** Sets the brake unless the TidbCluster is paused already, by us or by somebody else. */
export async function setBrake(at: Surroundings, call: RunCall, member: Written, reason: string): Promise<void> {
  const now = await reread(at, member);
  if (!now.object.spec.paused) await patchEvenWithoutLock(at, call, now, brakePatch(call.run, reason, new Date().toISOString()));
}

/** Releases a brake, ours or that of a run whose lock we took over; never what somebody else paused. */
export async function releaseBrake(at: Surroundings, call: RunCall, member: Written): Promise<void> {
  const now = await reread(at, member);
  if (brakeOf(now.object)) await patchTidbCluster(at, call, now, releasePatch);
}

/** The brake by a person's hard pause. Returns what could not be done. */
export async function brakeStep(at: Surroundings, call: BrakeCall, pulse: Pulse): Promise<Reason[]> {
  const place = placeSchema.safeParse(call.step.input['place']);
  if (!place.success) return call.action === 'set' ? [passing('no-brake', `${call.step.title} has no roll that could be frozen; the run pauses before the next change`)] : [];
  const { kubernetesCluster } = place.data;
  const tried = await tryPatiently(pulse, async () => {
    const object = await readTidbCluster(at.kubernetes(kubernetesCluster), place.data, pulse.signal).catch(unlessGone);
    if (!object) return;
    const member = { kubernetesCluster, object };
    await (call.action === 'set' ? setBrake(at, call, member, `paused by ${call.by}`) : releaseBrake(at, call, member));
  });
  return 'ok' in tried ? [] : [tried.silent];
}

/** A step that deletes its TidbCluster has nothing left to freeze. */
function unlessGone(error: unknown): undefined {
  if (!isRunbookError(error, 'NotFound')) throw error;
  return undefined;
}
