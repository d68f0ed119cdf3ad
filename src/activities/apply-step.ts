/**
 * Guard and act in one activity: read the live state, ask all guards, write at once with the resource version that was read. There is
 * no moment between check and act in which a worker can die and act later on an old check.
 */
import type { ApplyOutcome, ApplyResult, Reason, StepCall } from '../protocol/outcome.ts';
import { RunbookError } from '../errors.ts';
import { releasePatch } from '../tidb/brake.ts';
import { askAll, standing } from '../tidb/guards/guard.ts';
import { findByKey } from '../tidb/view.ts';
import type { ClusterView } from '../tidb/view.ts';
import { observe } from './observing/observe.ts';
import { targetOf } from './observing/target.ts';
import { isCrowded } from './paces.ts';
import { tryPatiently } from './patience.ts';
import type { Pulse } from './pulse.ts';
import { kindOf } from './steps/index.ts';
import type { Scene, StepKind } from './steps/step-kind.ts';
import type { Surroundings } from './surroundings.ts';
import { carryOut, patchTidbCluster } from './write.ts';

export async function applyStep(at: Surroundings, call: StepCall, pulse: Pulse): Promise<ApplyResult> {
  const tried = await tryPatiently(pulse, () => applyOnce(at, call, pulse));
  const outcome: ApplyOutcome = 'ok' in tried ? tried.ok : { outcome: 'held', reasons: [tried.silent] };
  return isCrowded(at.paces) ? { ...outcome, crowded: true } : outcome;
}

async function applyOnce(at: Surroundings, call: StepCall, pulse: Pulse): Promise<ApplyOutcome> {
  const kind = kindOf(call.step);
  const scene = sceneOf(await observe(at, targetOf(call, kind.more), pulse.signal), call);
  if (kind.provesOnly && !call.step.alreadyDone) return { outcome: 'applied', message: `${call.step.title}: nothing is to be changed, waiting for the proof` };
  if (kind.missing(scene).length === 0) return { outcome: 'adopted', message: `${call.step.title}: it is so already, nothing was changed`, proof: kind.proof(scene) };
  const change = kind.change(scene);
  if (change.length === 0) return { outcome: 'applied', ...(kind.askedBefore ? { found: true } : {}), message: `${call.step.title}: the change is there already, waiting for its proof` };
  const postponed = call.mayBePostponed ? kind.postponed?.(scene) : undefined;
  if (postponed !== undefined) return { outcome: 'postponed', message: `${call.step.title} comes later: ${postponed}` };
  const reasons = [...undoneSincePlanned(call), ...reasonsAgainst(scene, call, kind)];
  if (reasons.length > 0 && reasons.every(isBrake)) {
    await releaseBrakes(at, call, scene.view);
    return applyOnce(at, call, pulse);
  }
  if (reasons.length > 0) return { outcome: 'held', reasons };
  // From here on the change is made: a cancellation must not cut the write in two.
  for (const write of change) await carryOut(at, call, scene, write);
  at.log.info({ run: call.run.workflowId, step: call.step.id }, `wrote ${call.step.title}`);
  return { outcome: 'applied', message: `${call.step.title}: asked for, waiting for its proof` };
}

export function sceneOf(view: ClusterView, call: StepCall): Scene {
  const member = findByKey(view, call.step.kubernetesCluster) ?? (view.remains ? view.tidbClusters[0] : undefined);
  if (!member) throw new RunbookError('NotFound', `the TidbCluster of ${call.cluster} in ${call.step.kubernetesCluster} is gone`);
  return { view, member };
}

/** A step that was done when the plan was made passed no gate: when it is undone meanwhile, a person is asked before it is done again. */
function undoneSincePlanned({ step, accepted }: StepCall): Reason[] {
  const key = `undone/${step.id}`;
  if (!step.alreadyDone || accepted.includes(key)) return [];
  return [standing(key, `${step.title}: it was so when the plan was made and is not any more; retry does it again`)];
}

export function reasonsAgainst({ view, member }: Scene, call: StepCall, kind: StepKind): Reason[] {
  return askAll(kind.guards, view, { member, ...(kind.rolls ? { component: kind.rolls } : {}) }, call.accepted);
}

function isBrake(reason: Reason): boolean {
  return reason.key.startsWith('brake/');
}

/**
 * Nothing but brakes is in the way. They are this run's own, or of a run that has ended: its lock is ours now. The reason for which
 * they were set is gone, since every other guard is silent.
 */
async function releaseBrakes(at: Surroundings, call: StepCall, view: ClusterView): Promise<void> {
  for (const member of view.tidbClusters.filter((each) => each.object.spec.paused)) {
    await patchTidbCluster(at, call, member, releasePatch);
    at.log.info({ run: call.run.workflowId }, `released the brake of the TidbCluster in ${member.key}`);
  }
}
