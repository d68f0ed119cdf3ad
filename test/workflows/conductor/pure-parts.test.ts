/** Gates, phases and texts: the rest of the conductor that needs no server. */
import fc from 'fast-check';
import { gateLevels } from '../../../src/protocol/options.ts';
import { cut } from '../../../src/workflows/conductor/calls.ts';
import { detailsOf } from '../../../src/workflows/conductor/details.ts';
import { gateBefore, needsPlanGate } from '../../../src/workflows/conductor/gates.ts';
import { phaseOf } from '../../../src/workflows/conductor/state.ts';
import type { RunState } from '../../../src/workflows/conductor/state.ts';
import { planOf, reason, steps } from '../script.ts';
import { anyState, at, stateWith } from './states.ts';

const summaryBytes = 200;
const gate = { id: 'plan', question: '?', since: at };
const hold = { since: at, reasons: [reason('a')] };
const pause = { by: 'bob', hard: false };

test.each<[string, Partial<RunState>, string]>([
  ['before the plan', { plan: undefined }, 'planning'],
  ['held before the plan', { plan: undefined, hold }, 'held'],
  ['at a gate', { gate }, 'awaiting-approval'],
  ['in a step', {}, 'running'],
  ['in a hold', { hold, busy: true }, 'held'],
  ['paused while something runs on', { pause, busy: true }, 'running'],
  ['paused while a held step waits on', { pause, hold, busy: true }, 'held'],
  ['paused with nothing running', { pause, hold, gate }, 'paused'],
  ['ending', { end: { phase: 'aborted', message: '' } }, 'running'],
  ['ended', { end: { phase: 'failed', type: 'Locked', message: '' }, endedAt: at }, 'failed'],
])('the phase %s', (_, patch, phase) => {
  expect(phaseOf(stateWith(patch))).toBe(phase);
});

test('no level asks before a step that is already done, and none asks for nothing', () => {
  const [done] = steps('pd/east!');
  for (const level of gateLevels) {
    expect(done && gateBefore(level, done)).toBeUndefined();
    expect(needsPlanGate(level, planOf(steps('pd/east!')))).toBe(false);
    expect(needsPlanGate(level, planOf(steps('pd/east!', 'pd/west')))).toBe(level !== 'none');
  }
});

test('a step with a question of its own opens its own gate at every level but none', () => {
  const [step] = steps('delete/west');
  const levels = gateLevels.map((level) => step && gateBefore(level, { ...step, gate: 'Delete these three?' }));
  expect(levels).toEqual(gateLevels.map((level) => (level === 'none' ? undefined : 'step/delete/west')));
});

test('a summary is never longer than Temporal takes and never ends in half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const short = cut(text, summaryBytes);
      expect(Buffer.byteLength(short)).toBeLessThanOrEqual(summaryBytes);
      expect(text.startsWith(short)).toBe(true);
      if (Buffer.byteLength(text) <= summaryBytes) expect(short).toBe(text);
    }),
  );
});

test('current details never throw and keep one row for each step', () => {
  fc.assert(
    fc.property(anyState, fc.string(), (state, message) => {
      const details = detailsOf({ ...state, steps: state.steps.map((step) => ({ ...step, message })) }, { workflowId: 'w', namespace: 'n' });
      expect(details.split('\n').filter((line) => /^\| \d+ \|/.test(line))).toHaveLength(state.steps.length);
    }),
  );
});
