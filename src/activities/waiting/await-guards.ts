/** After a step was held before its change: waits until every guard is silent, or the reasons are others than those that are shown. */
import type { Reason, WaitCall, WaitResult } from '../../protocol/outcome.ts';
import { reasonsAgainst, sceneOf } from '../apply-step.ts';
import { targetOf } from '../observing/target.ts';
import type { Pulse } from '../pulse.ts';
import { kindOf } from '../steps/index.ts';
import type { Surroundings } from '../surroundings.ts';
import { Eyes } from './eyes.ts';

const POLL_MS = 500;
/** Other reasons must stand this long before the run shows them: counts of regions come and go. */
const STEADY_MS = 2_000;

export async function awaitGuards(at: Surroundings, call: WaitCall, pulse: Pulse): Promise<WaitResult> {
  const kind = kindOf(call.step);
  const eyes = new Eyes(at, { target: targetOf(call, kind.more), key: undefined, signal: pulse.signal });
  let other = { keys: '', since: 0 };
  try {
    for (;;) {
      const { view, silent } = await eyes.look();
      const scene = view && sceneOf(view, call);
      const reasons = silent.length > 0 || !scene ? silent : reasonsAgainst(scene, call, kind);
      if (reasons.every((reason) => reason.key.startsWith('brake/')) || (scene && kind.missing(scene).length === 0)) return { outcome: 'cleared' };
      const keys = keysOf(reasons.map((reason) => reason.key));
      if (keys !== other.keys) other = { keys, since: performance.now() };
      if (keys !== keysOf(call.known) && performance.now() - other.since >= STEADY_MS) return { outcome: 'held', reasons };
      pulse.tell(summary(reasons));
      eyes.distrustUnwatched(reasons.map((reason) => reason.key));
      await eyes.rest(eyes.pauseMs(POLL_MS, 'patientLooks'));
    }
  } finally {
    eyes.close();
  }
}

function keysOf(keys: string[]): string {
  return [...keys].sort().join(' ');
}

function summary(reasons: Reason[]): string {
  return reasons.map((reason) => reason.message).join('; ');
}
