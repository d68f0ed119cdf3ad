/**
 * Before the first gate: makes the plan, then takes the lock of the TiDB cluster. In this order an input that is refused has written
 * nothing at all; a plan that became old in between is made good by the steps, which read again and adopt. Both do nothing in a run
 * that carries them already.
 */
import type { ErrorType } from '../../errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { askPerson, reasonOf } from './ask-person.ts';
import { calls } from './calls.ts';
import { perform } from './perform.ts';
import type { Performed } from './perform.ts';
import type { Run } from './run.ts';
import { pendingStatus } from './state.ts';

/** What no waiting and no second try mends: the run fails with the sentence. Anything else holds until a person says retry. */
const fatal: readonly ErrorType[] = ['InvalidInput', 'NotFound', 'Unsupported', 'Locked', 'LockLost'];

export async function takeLock(run: Run): Promise<void> {
  const { cluster, locked } = run.state;
  if (locked || run.isEnding) return;
  run.change({ message: `Taking the lock of TiDB cluster ${cluster}` });
  const call = { ...run.call(), ...(run.input.takeOverLockOf ? { takeOverFrom: run.input.takeOverLockOf } : {}) };
  const performed = await insist(run, 'acquireLock', () => calls('write', `lock of ${cluster}`).acquireLock(call));
  // An interrupted try may have written the Lease before it was told to stop.
  if (performed.kind !== 'failed') run.change({ locked: true });
}

export async function makePlan(run: Run): Promise<void> {
  const { cluster, plan: carried } = run.state;
  if (carried || run.isEnding) return;
  run.change({ message: `Observing TiDB cluster ${cluster} and making the plan` });
  const call = { ...run.call(), input: { ...run.input } as unknown as JsonObject };
  const performed = await insist(run, 'makePlan', () => calls('observe', `plan for ${cluster}`).makePlan(call));
  if (performed.kind !== 'result') return;
  const plan = performed.result;
  run.change({ plan, steps: plan.steps.map(pendingStatus), message: plan.summary });
}

/** Tries until there is an answer, the failure is fatal, or the run is ended; holds in between when a person is needed. */
async function insist<T>(run: Run, activity: string, work: () => Promise<T>): Promise<Performed<T>> {
  for (;;) {
    const performed = await perform(run, work, () => run.isEnding);
    if (performed.kind !== 'failed') return performed;
    const { type, message } = performed.failure;
    const fatalType = fatal.find((known) => known === type);
    if (fatalType) run.fail(fatalType, message);
    else await askPerson(run, [reasonOf(performed.failure, activity)]);
    if (run.isEnding) return performed;
  }
}
