/** The activities of a worker: each is one function of this folder, given its surroundings and a heartbeat. */
import type { RunbookActivities } from '../protocol/activities.ts';
import { acquireLock } from './acquire-lock.ts';
import { applyStep } from './apply-step.ts';
import { brakeStep } from './brake.ts';
import { checkCluster } from './check-cluster.ts';
import { cleanUp } from './clean-up.ts';
import { diagnose } from './diagnose.ts';
import { makePlan } from './make-plan.ts';
import { withPulse } from './pulse.ts';
import type { Pulse } from './pulse.ts';
import type { Surroundings } from './surroundings.ts';
import { translated } from './translate-errors.ts';
import { awaitGuards } from './waiting/await-guards.ts';
import { waitStep } from './waiting/wait-step.ts';

type Act<Call, Result> = (at: Surroundings, call: Call, pulse: Pulse) => Promise<Result>;

export function createActivities(at: Surroundings): RunbookActivities {
  const activity =
    <Call, Result>(act: Act<Call, Result>) =>
    (call: Call): Promise<Result> =>
      translated(() => withPulse(at.paces.beats, (pulse) => act(at, call, pulse)));
  return {
    acquireLock: activity(acquireLock),
    makePlan: activity(makePlan),
    applyStep: activity(applyStep),
    awaitGuards: activity(awaitGuards),
    waitStep: activity(waitStep),
    brakeStep: activity(brakeStep),
    cleanUp: activity(cleanUp),
    checkCluster: activity(checkCluster),
    diagnose: activity(diagnose),
  };
}
