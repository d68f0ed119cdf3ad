import fc from 'fast-check';
import { fitScreen } from '../../../src/cli/render/live.ts';
import { renderStatus, visible } from '../../../src/cli/render/status.ts';
import { widthOf } from '../../../src/cli/render/text.ts';
import type { StepState } from '../../../src/protocol/run.ts';
import { liveStatus, now, plain, step, tags } from '../support/example-run.ts';

const at = (width: number): { now: string; width: number; colors: typeof plain } => ({ now, width, colors: plain });

test('a running upgrade, at 80 columns', () => {
  const status = liveStatus({ activity: { name: 'waitStep', attempt: 1, worker: 'w', message: 'pod 2 of 3 updated, 41 leaders left on shop-west-tikv-1' } });
  expect(renderStatus(status, at(80))).toEqual([
    'upgradeCluster/shop  running  10m 00s · asked for by alice · plan 1f3a90bc27de',
    'Step 2 of 3: tikv in west: v8.5.3 → v8.5.4',
    '',
    'pd    east  done     1m 04s  the proof held twice',
    'tikv  west  waiting  30s     pod 2 of 3 updated, 41 leaders left on shop-west-t…',
    'tidb  west  pending          v8.5.3 → v8.5.4',
    '',
    'tikv/west: pod 2 of 3 updated, 41 leaders left on shop-west-tikv-1',
  ]);
});

test('the facts go to a line of their own when the first is too narrow', () => {
  expect(renderStatus(liveStatus(), at(60)).slice(0, 2)).toEqual(['upgradeCluster/shop  running', '10m 00s · asked for by alice · plan 1f3a90bc27de']);
});

test('a step that is tried again says why', () => {
  const status = liveStatus({ activity: { name: 'waitStep', attempt: 3, worker: 'w', message: 'old words', failure: 'west does not answer' } });
  expect(renderStatus(status, at(120)).join('\n')).toContain('trying again (try 3): west does not answer');
});

test('an open gate shows its question and the exact command, quoted for a shell', () => {
  const gate = { id: 'plan', question: 'Upgrade TiDB cluster shop to v8.5.4. Carry out this plan (1f3a90bc27de)?', since: '2026-03-01T13:58:00.000Z' };
  const lines = renderStatus(liveStatus({ workflowId: "it's mine", phase: 'awaiting-approval', gate, message: gate.question }), at(120));
  expect(lines.slice(-3)).toEqual(['Waits for approval of plan for 2m 00s', '  Upgrade TiDB cluster shop to v8.5.4. Carry out this plan (1f3a90bc27de)?', `  tidb-runbook approve 'it'\\''s mine' --by <you> --gate plan --plan-hash 1f3a90bc27de`]);
  expect(lines.join('\n').split('Upgrade TiDB cluster shop')).toHaveLength(2);
});

test('a later gate is approved without a hash', () => {
  const gate = { id: 'component/tikv', question: 'Begin with TiKV in east?', since: now };
  expect(renderStatus(liveStatus({ phase: 'awaiting-approval', gate }), at(120)).at(-1)).toBe('  tidb-runbook approve upgradeCluster/shop --by <you> --gate component/tikv');
});

describe('a hold', () => {
  const reasons = [
    { key: 'drift', message: 'spec.tikv.replicas was changed from 2 to 3', clears: 'decision' as const },
    { key: 'store', message: 'store 7 is Disconnected', clears: 'itself' as const },
  ];
  const held = liveStatus({ phase: 'held', hold: { step: 'tikv/west', since: '2026-03-01T13:59:00.000Z', reasons } });

  test('shows all reasons, and what can be said to it', () => {
    expect(renderStatus(held, at(120)).slice(-6)).toEqual([
      'Holds at tikv/west for 1m 00s; nothing is changed meanwhile',
      '  - spec.tikv.replicas was changed from 2 to 3 (needs a decision)',
      '  - store 7 is Disconnected',
      '  tidb-runbook retry upgradeCluster/shop --by <you> --step tikv/west',
      '  tidb-runbook skip upgradeCluster/shop --by <you> --step tikv/west --reason <why>',
      '  tidb-runbook abort upgradeCluster/shop --by <you>',
    ]);
  });

  test('that clears by itself asks for no decision', () => {
    const lines = renderStatus({ ...held, hold: { since: now, reasons: reasons.slice(1) } }, at(120));
    expect(lines.at(-1)).toBe('  - store 7 is Disconnected');
  });
});

test('a pause says whose it is', () => {
  const decisions = [{ decision: 'pause' as const, by: 'bob', at: now, hard: true }];
  expect(renderStatus(liveStatus({ phase: 'paused', decisions }), at(120))[1]).toBe('Paused by bob (hard: the roll is frozen) until somebody says resume');
});

test('a decision without effect is shown with its reason', () => {
  const ignoredDecisions = [{ at: now, decision: 'approve', by: 'mallory', reason: 'mallory is not among those who may approve: bob' }];
  expect(renderStatus(liveStatus({ ignoredDecisions }), at(160)).at(-1)).toBe('  approve by mallory at 2026-03-01 14:00:00Z had no effect: mallory is not among those who may approve: bob');
});

test('states have colours', () => {
  const lines = renderStatus(liveStatus(), { ...at(120), colors: tags }).join('\n');
  expect(lines).toContain('<cyan>running</cyan>');
  expect(lines).toContain('<green>done</green>');
});

describe('when not all steps fit', () => {
  const steps = (states: StepState[]): ReturnType<typeof step>[] => states.map((state, index) => step(`tikv/c${index}`, state));

  test('the current one stays in sight, with the one before it', () => {
    const all = steps([...Array<StepState>(10).fill('done'), 'waiting', ...Array<StepState>(10).fill('pending')]);
    const shown = visible(all, 7);
    expect(shown.steps.map(({ id }) => id)).toEqual(['tikv/c9', 'tikv/c10', 'tikv/c11', 'tikv/c12', 'tikv/c13']);
    expect([shown.fromFirst, shown.afterLast]).toEqual([9, 7]);
  });

  test('the last ones are shown at the end', () => {
    expect(visible(steps(Array<StepState>(10).fill('done')), 6)).toMatchObject({ fromFirst: 6, afterLast: 0 });
  });

  test('nothing is lost', () => {
    const state = fc.constantFrom<StepState>('pending', 'waiting', 'done', 'held');
    fc.assert(
      fc.property(fc.array(state), fc.integer({ min: 3, max: 30 }), (states, lines) => {
        const { steps: shown, fromFirst, afterLast } = visible(steps(states), lines);
        expect(fromFirst + shown.length + afterLast).toBe(states.length);
        expect(shown.length + (fromFirst ? 1 : 0) + (afterLast ? 1 : 0)).toBeLessThanOrEqual(Math.max(lines, 3));
        const current = states.findIndex((each) => each !== 'done');
        if (current >= 0) expect(shown.map(({ id }) => id)).toContain(`tikv/c${current}`);
      }),
    );
  });
});

describe('the live view', () => {
  const many = liveStatus({ steps: Array.from({ length: 30 }, (_, index) => step(`tikv/c${index}`, index < 12 ? 'done' : index === 12 ? 'waiting' : 'pending')) });
  const rowsOf = (lines: string[], width: number): number => lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)), 0);

  test('never needs more rows than the terminal has, whatever its size', () => {
    const hold = { step: 'tikv/c12', since: now, reasons: [{ key: 'a', message: 'a reason with many words '.repeat(6), clears: 'decision' as const }] };
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 160 }), fc.integer({ min: 10, max: 60 }), fc.boolean(), (width, rows, isHeld) => {
        const lines = fitScreen(isHeld ? { ...many, phase: 'held', hold } : many, { now, width, rows, colors: plain });
        expect(rowsOf(lines, width)).toBeLessThanOrEqual(rows);
      }),
    );
  });

  test('shows the gate at the cost of steps', () => {
    const gate = { id: 'component/tikv', question: 'Begin with TiKV?', since: now };
    expect(fitScreen({ ...many, gate }, { now, width: 80, rows: 24, colors: plain }).join('\n')).toContain('--gate component/tikv');
  });

  test('keeps the last picture while Temporal does not answer, and says so', () => {
    const lines = fitScreen(many, { now, width: 80, rows: 40, colors: plain, trouble: 'Temporal does not answer' });
    expect(lines.at(-1)).toBe('Temporal does not answer');
    expect(lines[0]).toContain('upgradeCluster/shop');
  });
});
