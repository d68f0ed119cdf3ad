/** Which colour a phase and a state have. */
import type { Phase, StepState } from '../../protocol/run.ts';
import type { Colors } from '../terminal.ts';
import type { Paint } from './table.ts';

const phases: Record<Phase, keyof Colors> = {
  planning: 'cyan',
  'awaiting-approval': 'yellow',
  running: 'cyan',
  held: 'red',
  paused: 'yellow',
  done: 'green',
  aborted: 'red',
  failed: 'red',
};

const steps: Record<StepState, keyof Colors> = {
  pending: 'dim',
  applying: 'cyan',
  waiting: 'cyan',
  held: 'red',
  done: 'green',
  adopted: 'green',
  skipped: 'yellow',
  stopped: 'yellow',
};

/** Also for words that are no phase, such as `terminated`. */
export function paintOfPhase(phase: string, colors: Colors): Paint {
  return paintNamed(phases[phase as Phase] ?? 'red', colors);
}

export function paintOfStep(state: StepState, colors: Colors): Paint {
  return paintNamed(steps[state], colors);
}

function paintNamed(name: keyof Colors, colors: Colors): Paint {
  const paint = colors[name];
  return typeof paint === 'function' ? paint : String;
}
