/** States of runs for tests of the pure parts, and random ones. */
import fc from 'fast-check';
import { decisionNames } from '../../../src/protocol/decisions.ts';
import type { Decision } from '../../../src/protocol/decisions.ts';
import type { Reason } from '../../../src/protocol/outcome.ts';
import { stepStates } from '../../../src/protocol/run.ts';
import type { StepState } from '../../../src/protocol/run.ts';
import { pendingStatus } from '../../../src/workflows/conductor/state.ts';
import type { RunState } from '../../../src/workflows/conductor/state.ts';
import { planHash, planOf, reason, steps } from '../script.ts';

export const at = '2026-01-01T00:00:00.000Z';
const planned = steps('pd/east', 'pd/west');

/** A run that carries out its first step. */
export function stateWith(patch: Partial<RunState> = {}): RunState {
  return {
    runbook: 'upgradeCluster',
    cluster: 'shop',
    selfApproval: false,
    startedAt: at,
    message: '',
    locked: true,
    plan: planOf(planned),
    passedGates: [],
    busy: false,
    written: [],
    accepted: [],
    steps: planned.map(pendingStatus),
    decisions: [],
    ignoredDecisions: [],
    remains: [],
    ...patch,
  };
}

export const gates = ['plan', 'component/pd', 'step/pd/east', 'step/pd/west'];
const people = ['alice', 'bob', 'Bob', 'eve'];
const stepIds = ['pd/east', 'pd/west', 'pd/north'];
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined });

export const anyDecision: fc.Arbitrary<Decision> = fc.record({
  decision: fc.constantFrom(...decisionNames),
  by: fc.constantFrom(...people),
  gate: maybe(fc.constantFrom(...gates)),
  step: maybe(fc.constantFrom(...stepIds)),
  planHash: maybe(fc.constantFrom(planHash, 'other')),
  reason: maybe(fc.constant('because')),
  hard: maybe(fc.boolean()),
});

export const anyState: fc.Arbitrary<RunState> = fc
  .record({
    gate: maybe(fc.constantFrom(...gates).map((id) => ({ id, question: '?', since: at }))),
    passedGates: fc.uniqueArray(fc.constantFrom(...gates)),
    hold: maybe(fc.record({ step: maybe(fc.constantFrom('pd/east', 'pd/west')), since: fc.constant(at), reasons: fc.constant<Reason[]>([reason('a'), reason('b', 'decision')]) })),
    pause: maybe(fc.record({ by: fc.constantFrom(...people), hard: fc.boolean() })),
    current: maybe(fc.constantFrom('pd/east', 'pd/west')),
    busy: fc.boolean(),
    requestedBy: maybe(fc.constantFrom(...people)),
    approvers: maybe(fc.subarray(people, { minLength: 1 })),
    selfApproval: fc.boolean(),
    states: fc.array(fc.constantFrom<StepState[]>(...stepStates), { minLength: planned.length, maxLength: planned.length }),
  })
  .map(({ states, passedGates, ...patch }) => stateWith({ ...patch, passedGates: passedGates.filter((id) => id !== patch.gate?.id), steps: planned.map((step, index) => ({ ...pendingStatus(step), state: states[index] ?? 'pending' })) }));
