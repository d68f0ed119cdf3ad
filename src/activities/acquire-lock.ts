/** Takes both locks, the Lease first: it is the one that every write looks at. */
import { RunbookError } from '../errors.ts';
import type { LockCall } from '../protocol/activities.ts';
import { releaseLease, takeLease } from './lock.ts';
import { takeMaintenanceLock } from './maintenance-lock.ts';
import { tryPatiently } from './patience.ts';
import type { Pulse } from './pulse.ts';
import type { Surroundings } from './surroundings.ts';

/** Throws Locked naming the holder, NotFound for an unknown cluster, Unsupported while a server stays silent. */
export async function acquireLock(at: Surroundings, call: LockCall, pulse: Pulse): Promise<void> {
  const lease = await tryPatiently(pulse, () => takeLease(at, call));
  if ('silent' in lease) throw new RunbookError('Unsupported', `the lock of ${call.cluster} cannot be taken: ${lease.silent.message}`);
  const pd = await tryPatiently(pulse, () => takeMaintenanceLock(at, call)).catch(async (error: unknown) => {
    await releaseLease(at, call);
    throw error;
  });
  if ('silent' in pd) {
    await releaseLease(at, call);
    throw new RunbookError('Unsupported', `PD's maintenance lock of ${call.cluster} cannot be taken: ${pd.silent.message}`);
  }
}
