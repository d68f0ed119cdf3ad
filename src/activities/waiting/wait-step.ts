/** Waits until the proof of a step holds, and watches the database meanwhile: the brake, the stall reasons, the soak. */
import type { Reason, WaitCall, WaitResult } from '../../protocol/outcome.ts';
import { sentenceOf } from '../../errors.ts';
import { resources } from '../../kubernetes/resources.ts';
import { brakeOf } from '../../tidb/brake.ts';
import { components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { guardsDuringRoll, podsInTransit } from '../../tidb/guards/during-roll.ts';
import { askAll } from '../../tidb/guards/guard.ts';
import { databaseIsWhole, standingGuards } from '../../tidb/guards/index.ts';
import { nobodyEvicts } from '../../tidb/guards/database.ts';
import { notDeleting } from '../../tidb/guards/tidb-clusters.ts';
import { certainTroubles, crashingPods, explainStall, progressSignature } from '../../tidb/stall.ts';
import type { LogLines } from '../../tidb/stall.ts';
import type { TidbClusterView } from '../../tidb/view.ts';
import { sceneOf } from '../apply-step.ts';
import { releaseBrake, setBrake } from '../brake.ts';
import { targetOf } from '../observing/target.ts';
import { tryPatiently } from '../patience.ts';
import type { Pulse } from '../pulse.ts';
import { kindOf } from '../steps/index.ts';
import type { Scene, StepKind } from '../steps/step-kind.ts';
import type { Surroundings } from '../surroundings.ts';
import { Eagerness } from './eagerness.ts';
import { Eyes } from './eyes.ts';
import type { Look, Verdict } from './wait-judge.ts';
import { WaitJudge } from './wait-judge.ts';

const PATIENT_MS = 1_000;
/** A step that rolls nothing has no component whose limit would apply. */
const DEFAULT_STALL_MS = 5 * 60_000;
/** Enough to see why a container crashes. */
const LOG_LINES = 3;

interface Waiting {
  at: Surroundings;
  call: WaitCall;
  pulse: Pulse;
  kind: StepKind;
}

export async function waitStep(at: Surroundings, call: WaitCall, pulse: Pulse): Promise<WaitResult> {
  const kind = kindOf(call.step);
  const waiting: Waiting = { at, call, pulse, kind };
  const judge = new WaitJudge(call.patience, kind.stallMs ?? (kind.rolls ? components[kind.rolls].stallMs : DEFAULT_STALL_MS), call.known);
  const eagerness = new Eagerness();
  const eyes = new Eyes(at, { target: targetOf(call, kind.more), key: call.step.kubernetesCluster, signal: pulse.signal });
  try {
    for (;;) {
      const { view, silent } = await eyes.look();
      const scene = view && sceneOf(view, call);
      const verdict = judge.judge(scene ? lookAt(waiting, scene, silent) : blindLook(silent));
      const result = await act(waiting, scene, verdict);
      if (result) return result;
      if (verdict.say === 'wait') pulse.tell(verdict.message);
      const leftMs = judge.msUntilEnd(performance.now());
      // While the proof settles nothing more is expected: PD is not pressed.
      const eagerMs = eagerness.pauseMs(leftMs === undefined && scene !== undefined && kind.almostDone(scene), performance.now());
      // A doubt is followed up at the pace of the eager: until it is confirmed or gone nobody is told of it.
      const pollMs = eyes.pauseMs(eagerMs ?? PATIENT_MS, eagerMs !== undefined || judge.doubts ? 'eagerLooks' : 'patientLooks');
      // The look that ends the wait is a fresh one.
      if (leftMs !== undefined && leftMs <= pollMs) eyes.distrust();
      else eyes.distrustUnwatched(call.known);
      await eyes.rest(Math.min(pollMs, leftMs ?? pollMs));
    }
  } finally {
    eyes.close();
  }
}

function blindLook(silent: Reason[]): Look {
  return { atMs: performance.now(), missing: silent.map((reason) => reason.message), unwhole: [], alarms: [], troubles: silent, signature: '', braked: false };
}

function lookAt({ call, kind }: Waiting, scene: Scene, silent: Reason[]): Look {
  const { view, member } = scene;
  const rolls = rollsIn(kind, scene);
  const change = { member, ...(rolls ? { component: rolls } : {}) };
  const braked = brakeOf(member.object) !== undefined;
  const ownMember = { ...view, tidbClusters: [member] };
  const standing = askAll([...standingGuards.filter((guard) => !(kind.deletes && guard === notDeleting)), ...kind.standing], ownMember, change, call.accepted).filter((reason) => !(braked && reason.key.startsWith('brake/')));
  return {
    atMs: performance.now(),
    missing: [...kind.missing(scene), ...silent.map((reason) => reason.message)],
    unwhole: askAll(kind.whole ?? [...databaseIsWhole, nobodyEvicts], view, change, call.accepted),
    alarms: askAll(kind.alarms ?? (rolls ? guardsDuringRoll : []), view, change, call.accepted),
    troubles: [...silent, ...standing, ...(rolls ? certainTroubles(view, member, rolls) : [])],
    signature: rolls ? progressSignature(view, member, rolls) : JSON.stringify([kind.missing(scene), view.database?.stores.map((store) => store.state)]),
    braked,
  };
}

/** The component that rolls at this moment, if one does. */
function rollsIn(kind: StepKind, scene: Scene): Component | undefined {
  return kind.rollsNow ? kind.rollsNow(scene) : kind.rolls;
}

/** A result ends the activity; undefined: wait on. */
async function act(waiting: Waiting, scene: Scene | undefined, verdict: Verdict): Promise<WaitResult | undefined> {
  if (verdict.say === 'wait' || !scene) return verdict.say === 'held' ? { outcome: 'held', reasons: verdict.reasons } : undefined;
  if (verdict.say === 'done') return { outcome: 'done', message: `${waiting.call.step.title}: proved`, proof: waiting.kind.proof(scene) };
  if (verdict.say === 'stalled') return { outcome: 'held', reasons: await stallReasons(waiting, scene, verdict.forMs) };
  if (verdict.say === 'held') return { outcome: 'held', reasons: await withLogs(waiting, scene, await withBrake(waiting, scene, verdict)) };
  if (verdict.say === 'release') return release(waiting, scene);
  return { outcome: 'cleared' };
}

async function stallReasons(waiting: Waiting, { view, member }: Scene, forMs: number): Promise<Reason[]> {
  const { kind, call } = waiting;
  const missing = [...kind.missing({ view, member }), ...askAll(kind.whole ?? databaseIsWhole, view, { member }).map((reason) => reason.message)];
  if (kind.explainStall) return kind.explainStall({ view, member }, forMs);
  const rolls = rollsIn(kind, { view, member });
  if (!rolls) return [{ key: `no-progress/${call.step.id}`, message: `no progress: ${missing.join('; ')}`, clears: 'itself' }];
  // A pod that hangs in its start script is not crashing: its log tells as well.
  const touched = podsInTransit(member, rolls);
  const logs = await logsOf(waiting, member, member.pods.map((pod) => pod.metadata.name).filter((name) => touched.has(name)), rolls);
  return explainStall(view, { member, component: rolls, logs, missing });
}

/** A container that crashes says why in its log: fetched once, when the run begins to hold for it. */
async function withLogs(waiting: Waiting, scene: Scene, reasons: Reason[]): Promise<Reason[]> {
  const rolls = rollsIn(waiting.kind, scene);
  const crashing = rolls ? crashingPods(scene.member, rolls) : [];
  if (!rolls || crashing.length === 0) return reasons;
  const told = certainTroubles(scene.view, scene.member, rolls, await logsOf(waiting, scene.member, crashing, rolls));
  return reasons.map((reason) => told.find((each) => each.key === reason.key) ?? reason);
}

async function logsOf({ at, pulse }: Waiting, member: TidbClusterView, pods: string[], container: string): Promise<LogLines> {
  const { namespace } = member.object.metadata;
  const api = at.kubernetes(member.kubernetesCluster);
  const options = { container, tailLines: LOG_LINES, signal: pulse.signal };
  const read = (name: string): Promise<string[]> => api.log({ ...resources.pod, namespace, name }, options).catch((error: unknown) => [`(its log cannot be read: ${sentenceOf(error)})`]);
  return Object.fromEntries(await Promise.all(pods.map(async (pod) => [pod, await read(pod)] as const)));
}

/** An alarm while pods are still to be rolled: freeze the roll before the operator takes the next one. */
async function withBrake(waiting: Waiting, scene: Scene, verdict: Verdict & { say: 'held' }): Promise<Reason[]> {
  const { at, call, kind, pulse } = waiting;
  const first = verdict.alarms[0];
  if (!first || kind.almostDone(scene)) return verdict.reasons;
  const tried = await tryPatiently(pulse, () => setBrake(at, call, scene.member, first.message));
  const note = 'ok' in tried ? 'the roll is frozen by spec.paused until this is over' : `the roll could not be frozen: ${tried.silent.message}`;
  return verdict.reasons.map((reason) => (reason === first ? { ...reason, message: `${reason.message}; ${note}` } : reason));
}

/** A brake that cannot be released now is tried again at the next look. */
async function release({ at, call, pulse }: Waiting, { member }: Scene): Promise<undefined> {
  await tryPatiently(pulse, () => releaseBrake(at, call, member));
}
