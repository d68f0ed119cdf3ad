/** The reducer, attacked with random sequences of decisions that the judge let pass. */
import fc from 'fast-check';
import type { Decision } from '../../../src/protocol/decisions.ts';
import { decide, ignore } from '../../../src/workflows/conductor/decide.ts';
import { judge } from '../../../src/workflows/conductor/judge.ts';
import { isFinished, keptDecisions, phaseOf } from '../../../src/workflows/conductor/state.ts';
import type { RunState } from '../../../src/workflows/conductor/state.ts';
import { anyDecision, anyState, at, stateWith } from './states.ts';

const runs = { numRuns: 3_000 };

/** What a run does with a sequence: the judge first, then the reducer. */
function after(state: RunState, decisions: Decision[]): RunState {
  return decisions.reduce((now, decision) => (judge(now, decision) === undefined ? decide(now, decision, at) : now), state);
}

test('no sequence of decisions passes a gate without an approval that names it', () => {
  fc.assert(
    fc.property(anyState, fc.array(anyDecision, { maxLength: 30 }), (state, decisions) => {
      const end = after(state, decisions);
      const approved = end.decisions.filter(({ decision }) => decision === 'approve').map(({ gate }) => gate);
      expect(end.passedGates.filter((gate) => !state.passedGates.includes(gate)).sort()).toEqual(approved.sort());
      if (!end.end && end.gate === undefined && state.gate) expect(approved).toContain(state.gate.id);
    }),
    runs,
  );
});

test('an end is final: no decision changes anything after it', () => {
  fc.assert(
    fc.property(anyState, fc.array(anyDecision, { maxLength: 20 }), fc.array(anyDecision, { maxLength: 20 }), (state, before, later) => {
      const ended = after(state, [...before, { decision: 'abort', by: 'alice' }]);
      expect(ended.end?.phase).toBe('aborted');
      expect(after(ended, later)).toBe(ended);
    }),
    runs,
  );
});

test('nothing of a gate, a hold or a pause outlives the end', () => {
  fc.assert(
    fc.property(anyState, fc.array(anyDecision, { maxLength: 20 }), (state, decisions) => {
      const end = after(state, decisions);
      fc.pre(end.end !== undefined);
      expect([end.gate, end.hold, end.pause]).toEqual([undefined, undefined, undefined]);
    }),
    runs,
  );
});

test('a finished step stays as it is, and only skip finishes one', () => {
  fc.assert(
    fc.property(anyState, fc.array(anyDecision, { maxLength: 20 }), (state, decisions) => {
      const end = after(state, decisions);
      state.steps.forEach((step, index) => {
        if (isFinished(step)) expect(end.steps[index]).toEqual(step);
        else if (end.steps[index]?.state !== step.state) expect(end.steps[index]?.state).toBe('skipped');
      });
    }),
    runs,
  );
});

test('the state survives the way through JSON at any moment', () => {
  fc.assert(
    fc.property(anyState, fc.array(anyDecision, { maxLength: 20 }), (state, decisions) => {
      const end = after(state, decisions);
      const carried = JSON.parse(JSON.stringify(end)) as RunState;
      expect(JSON.parse(JSON.stringify(carried))).toEqual(carried);
      expect(phaseOf(carried)).toBe(phaseOf(end));
      expect(anyVerdict(carried)).toEqual(anyVerdict(end));
    }),
    runs,
  );
});

const anyVerdict = (state: RunState): (string | undefined)[] => (['approve', 'pause', 'resume', 'retry', 'abort'] as const).map((decision) => judge(state, { decision, by: 'alice', gate: 'plan', step: 'pd/east' }));

test('lists that people can lengthen keep their last entries', () => {
  const notes = Array.from({ length: keptDecisions + 5 }, (_, number) => ({ at, decision: 'resume', by: `person-${number}`, reason: 'x' }));
  const ignored = notes.reduce(ignore, stateWith());
  expect(ignored.ignoredDecisions).toEqual(notes.slice(5));
  const toggles = Array.from({ length: keptDecisions + 5 }, (_, number): Decision => ({ decision: number % 2 === 0 ? 'pause' : 'resume', by: `person-${number}` }));
  expect(after(stateWith(), toggles).decisions.map(({ by }) => by)).toEqual(toggles.slice(5).map(({ by }) => by));
});

test('a retry accepts each reason that needs a decision once, and none that clears by itself', () => {
  const reasons = [{ key: 'drift', message: 'x', clears: 'decision' as const }, { key: 'down', message: 'y', clears: 'itself' as const }];
  const held = stateWith({ hold: { step: 'pd/east', since: at, reasons }, accepted: ['drift'], current: 'pd/east' });
  expect(after(held, [{ decision: 'retry', by: 'alice', step: 'pd/east' }]).accepted).toEqual(['drift']);
});
