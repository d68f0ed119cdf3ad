/** What a decision does to the state: a pure reducer for decisions that the judge let pass. */
import type { Decision, DecisionName, DecisionRecord } from '../../protocol/decisions.ts';
import { keptTail, keysOf, stepOf, withStep } from './state.ts';
import type { RunState } from './state.ts';

type Effect = (state: RunState, decision: DecisionRecord) => Partial<RunState>;

const effects: Record<DecisionName, Effect> = {
  approve: ({ gate, passedGates }, { by }) => ({ gate: undefined, passedGates: gate ? [...passedGates, gate.id] : passedGates, message: `${by} approved ${gate?.id ?? ''}` }),
  reject: (state, decision) => ending(`${decision.by} rejected ${state.gate?.id ?? ''}${because(decision)}`),
  pause: (state, decision) => ({ pause: { by: decision.by, hard: decision.hard ?? false }, message: pauseMessage(state, decision) }),
  resume: (_, { by }) => ({ pause: undefined, message: `${by} resumed the run` }),
  retry: retryHeld,
  skip: skipCurrent,
  abort: (_, decision) => ending(`${decision.by} aborted the run${because(decision)}`),
};

/** The state after `decision`. Call it only with what `judge` accepts. */
export function decide(state: RunState, decision: Decision, at: string): RunState {
  const record = { ...decision, at };
  return { ...state, ...effects[decision.decision](state, record), decisions: keptTail([...state.decisions, record]) };
}

/** The state after a decision that did not fit: nothing but the note changes. */
export function ignore(state: RunState, note: { at: string; decision: string; by: string; reason: string }): RunState {
  return { ...state, ignoredDecisions: keptTail([...state.ignoredDecisions, note]) };
}

function ending(message: string): Partial<RunState> {
  return { end: { phase: 'aborted', message }, message, gate: undefined, hold: undefined, pause: undefined };
}

function because({ reason }: DecisionRecord): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function pauseMessage({ current, busy, steps }: RunState, { by, hard }: DecisionRecord): string {
  const step = busy && !hard ? steps.find(({ id, state }) => id === current && state === 'waiting') : undefined;
  return step ? `${by} paused the run: ${step.title} goes on to its proof, nothing is changed after it` : `${by} paused the run`;
}

/** The reasons that only a person can clear are accepted from now on; those that clear by themselves are asked again. */
function retryHeld(state: RunState, { by }: DecisionRecord): Partial<RunState> {
  const reasons = state.hold?.reasons.filter(({ clears }) => clears === 'decision') ?? [];
  return { hold: undefined, accepted: [...new Set([...state.accepted, ...keysOf(reasons)])], message: `${by} asked to try ${state.hold?.step ?? 'it'} again` };
}

function skipCurrent(state: RunState, { by, reason, at, step }: DecisionRecord): Partial<RunState> {
  const { id, title } = stepOf(state, step ?? '');
  const message = `${by} skipped it: ${reason ?? ''}`;
  return { hold: undefined, current: undefined, steps: withStep(state, id, { state: 'skipped', message, endedAt: at }), message: `${title}: ${message}` };
}
