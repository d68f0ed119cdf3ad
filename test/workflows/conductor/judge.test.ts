/** The judge: what each decision needs of the state. Sentences that a running workflow shows are tested with it. */
import fc from 'fast-check';
import { decisionNames } from '../../../src/protocol/decisions.ts';
import type { Decision } from '../../../src/protocol/decisions.ts';
import { judge } from '../../../src/workflows/conductor/judge.ts';
import type { RunState } from '../../../src/workflows/conductor/state.ts';
import { planHash, reason } from '../script.ts';
import { anyDecision, anyState, at, stateWith } from './states.ts';

const planGate = { id: 'plan', question: '?', since: at };
const approval: Decision = { decision: 'approve', by: 'alice', gate: 'plan', planHash };
const hold = { step: 'pd/east', since: at, reasons: [reason('a')] };
const heldSteps = stateWith().steps.map((step, index) => (index === 0 ? { ...step, state: 'held' as const } : step));
const held = { current: 'pd/east', hold, steps: heldSteps };
const applying = { ...held, hold: undefined, steps: heldSteps.map((step, index) => (index === 0 ? { ...step, state: 'applying' as const } : step)) };

test.each<[string, Partial<RunState>, Decision, RegExp | undefined]>([
  ['the approval of the open plan', { gate: planGate }, approval, undefined],
  ['an approval without a gate open', {}, approval, /^Gate plan is not open: no gate is open now$/],
  ['an approval of a passed gate', { passedGates: ['plan'] }, approval, /has been approved already$/],
  ['an approval of another gate with the hash of this plan', { gate: { ...planGate, id: 'step/pd/east' } }, { ...approval, gate: 'step/pd/east' }, undefined],
  ['an approval of another gate with another hash', { gate: { ...planGate, id: 'step/pd/east' } }, { ...approval, gate: 'step/pd/east', planHash: 'other' }, /another plan/],
  ['an approval by somebody on the list', { gate: planGate, approvers: ['Alice'] }, approval, undefined],
  ['an approval by a listed person who asked for it', { gate: planGate, approvers: ['alice'], requestedBy: 'alice' }, approval, /asked for this run/],
  ['a rejection by the one who asked', { gate: planGate, requestedBy: 'alice' }, { decision: 'reject', by: 'alice', gate: 'plan' }, undefined],
  ['a rejection by somebody not listed', { gate: planGate, approvers: ['bob'] }, { decision: 'reject', by: 'eve', gate: 'plan' }, undefined],
  ['a rejection of another plan', { gate: planGate }, { decision: 'reject', by: 'eve', gate: 'plan', planHash: 'other' }, /another plan/],
  ['a pause', {}, { decision: 'pause', by: 'alice' }, undefined],
  ['a second pause', { pause: { by: 'bob', hard: false } }, { decision: 'pause', by: 'alice' }, /^bob has paused/],
  ['a pause made hard', { pause: { by: 'bob', hard: false } }, { decision: 'pause', by: 'alice', hard: true }, undefined],
  ['a hard pause made soft', { pause: { by: 'bob', hard: true } }, { decision: 'pause', by: 'alice' }, /^bob has paused/],
  ['a resume of a pause', { pause: { by: 'bob', hard: true } }, { decision: 'resume', by: 'alice' }, undefined],
  ['a retry of the held step', held, { decision: 'retry', by: 'alice', step: 'pd/east' }, undefined],
  ['a retry of a hold outside of steps', { hold: { ...hold, step: undefined } }, { decision: 'retry', by: 'alice' }, undefined],
  ['a retry during a pause', { ...held, pause: { by: 'bob', hard: false } }, { decision: 'retry', by: 'alice', step: 'pd/east' }, /resume it first$/],
  ['a skip of the held step', held, { decision: 'skip', by: 'alice', step: 'pd/east', reason: 'x' }, undefined],
  ['a skip during a pause', { ...held, pause: { by: 'bob', hard: true } }, { decision: 'skip', by: 'alice', step: 'pd/east', reason: 'x' }, undefined],
  ['a skip while the change is being written', applying, { decision: 'skip', by: 'alice', step: 'pd/east', reason: 'x' }, /is being applied at this moment/],
  ['a skip of a finished step', { steps: stateWith().steps.map((step) => ({ ...step, state: 'done' as const })) }, { decision: 'skip', by: 'alice', step: 'pd/east', reason: 'x' }, /^Step pd\/east is done already$/],
  ['an abort at any time', { gate: planGate, ...held }, { decision: 'abort', by: 'alice' }, undefined],
])('%s', (_, patch, decision, refusal) => {
  const verdict = judge(stateWith(patch), decision);
  if (refusal) expect(verdict).toMatch(refusal);
  else expect(verdict).toBeUndefined();
});

test.each(decisionNames)('%s is refused once the run ends', (decision) => {
  const end = { phase: 'aborted', message: 'bob aborted the run' } as const;
  expect(judge(stateWith({ end, gate: planGate }), { ...approval, decision })).toBe('The run is ending already: bob aborted the run');
  expect(judge(stateWith({ end, endedAt: at }), { ...approval, decision })).toBe('The run has ended: bob aborted the run');
});

test('an approval passes only at its own open gate, by somebody who may, for this plan', () => {
  fc.assert(
    fc.property(anyState, anyDecision, (state, chosen) => {
      const decision: Decision = { ...chosen, decision: 'approve' };
      if (judge(state, decision) !== undefined) return;
      expect(decision.gate).toBe(state.gate?.id);
      if (decision.gate === 'plan') expect(decision.planHash).toBe(planHash);
      expect([undefined, planHash]).toContain(decision.planHash);
      if (state.approvers) expect(state.approvers.map((person) => person.toLowerCase())).toContain(decision.by.toLowerCase());
      if (!state.selfApproval) expect(decision.by.toLowerCase()).not.toBe(state.requestedBy?.toLowerCase());
    }),
    { numRuns: 10_000 },
  );
});

test('a refusal is one sentence without a line break', () => {
  fc.assert(
    fc.property(anyState, anyDecision, (state, decision) => {
      expect(judge(state, decision) ?? 'Fine').toMatch(/^[A-Za-z][^\n]+[^.]$/);
    }),
    { numRuns: 2_000 },
  );
});
