import { changeLine, changesBetween } from '../../../src/cli/render/changes.ts';
import { renderChecks } from '../../../src/cli/render/checks.ts';
import { renderList } from '../../../src/cli/render/list.ts';
import { renderPlan } from '../../../src/cli/render/plan.ts';
import { renderReport } from '../../../src/cli/render/report.ts';
import { examplePlan, exampleReport, liveStatus, now, plain, step } from '../support/example-run.ts';

test('a plan shows what it does, what is done already, and what to know', () => {
  expect(renderPlan(examplePlan(), { width: 100, colors: plain })).toEqual([
    'Upgrade TiDB cluster shop to v8.5.4',
    'plan 1f3a90bc27de · TiDB cluster shop, id 7400000000000000001',
    '',
    '1  pd/east: v8.5.3 → v8.5.4    done already',
    '2  tikv/west: v8.5.3 → v8.5.4',
    '',
    'Know before you approve:',
    '  - TiDB has no downgrade.',
    '',
    'The first step would hold now:',
    '  - store 7 is Disconnected',
  ]);
});

describe('a report', () => {
  const view = { workflowId: 'upgradeCluster/shop', now, width: 100, colors: plain };

  test('is the whole record', () => {
    const report = exampleReport({
      decisions: [{ decision: 'approve', by: 'bob', gate: 'plan', planHash: '1f3a90bc27de', at: '2026-03-01T13:51:00.000Z' }],
      ignoredDecisions: [{ at: now, decision: 'skip', by: 'eve', reason: 'The run is not held.' }],
      steps: [step('pd/east', 'done', { message: 'the proof held twice', startedAt: '2026-03-01T13:51:00.000Z', endedAt: '2026-03-01T13:52:04.000Z', proof: { version: 'v8.5.4', pods: ['a', 'b'] } })],
    });
    expect(renderReport(report, view)).toEqual([
      'upgradeCluster of TiDB cluster shop: done',
      'All 3 steps are over',
      '',
      '  run       upgradeCluster/shop',
      '  asked by  alice',
      '  began     2026-03-01 13:50:00Z',
      '  ended     2026-03-01 14:00:00Z',
      '  took      10m 00s',
      '',
      'Plan',
      '  Upgrade TiDB cluster shop to v8.5.4',
      '  plan 1f3a90bc27de · TiDB cluster shop, id 7400000000000000001',
      '  - TiDB has no downgrade.',
      '',
      'Decisions',
      '  2026-03-01 13:51:00Z bob: approve plan (plan 1f3a90bc27de)',
      '',
      'Decisions without effect',
      '  2026-03-01 14:00:00Z eve: skip: The run is not held.',
      '',
      'Steps',
      '  done     pd in east: v8.5.3 → v8.5.4  2026-03-01 13:51:00Z + 1m 04s',
      '           the proof held twice',
      '           proof: version v8.5.4; pods ["a","b"]',
      '',
      'What remains',
      '  - The lock is free.',
    ]);
  });

  test('of a run that failed before its plan says so', () => {
    const { plan: _plan, ...failed } = exampleReport({ phase: 'failed', message: 'There is no TiDB cluster "shopp"', steps: [], remains: [] });
    expect(renderReport(failed, view).slice(-3)).toEqual(['', 'Plan', '  No plan was made.']);
  });
});

describe('changes', () => {
  test('of the first read are everything that is not pending', () => {
    const lines = changesBetween(undefined, liveStatus(), now).map(changeLine);
    expect(lines).toEqual([
      '2026-03-01 14:00:00Z  run  running  Step 2 of 3: tikv in west: v8.5.3 → v8.5.4',
      '2026-03-01 14:00:00Z  pd/east  done  the proof held twice',
      '2026-03-01 14:00:00Z  tikv/west  waiting  spec.tikv.version is set',
    ]);
  });

  test('are none when nothing changed', () => {
    expect(changesBetween(liveStatus(), liveStatus(), now)).toEqual([]);
  });

  test('are the progress of a step, a gate with its command, each new reason of a hold', () => {
    const before = liveStatus();
    const after = liveStatus({
      phase: 'held',
      message: 'it holds',
      activity: { name: 'waitStep', attempt: 1, worker: 'w', message: 'pod 2 of 3' },
      gate: { id: 'step/tikv/west', question: 'Begin?', since: now },
      hold: { step: 'tikv/west', since: now, reasons: [{ key: 'a', message: 'store 7 is Down', clears: 'itself' }] },
    });
    expect(changesBetween(before, after, now)).toEqual([
      { at: now, kind: 'run', state: 'held', message: 'it holds' },
      { at: now, kind: 'step', id: 'tikv/west', state: 'waiting', message: 'pod 2 of 3' },
      { at: now, kind: 'gate', id: 'step/tikv/west', state: 'held', message: 'Begin?', approve: 'tidb-runbook approve upgradeCluster/shop --by <you> --gate step/tikv/west' },
      { at: now, kind: 'hold', id: 'tikv/west', state: 'held', message: 'store 7 is Down' },
    ]);
  });
});

test('runs are listed with what a person looks for', () => {
  const run = { workflowId: 'upgradeCluster/shop', runId: 'a', runbook: 'upgradeCluster', cluster: 'shop', phase: 'held', execution: 'RUNNING' as const, awaitingApproval: false, requestedBy: 'alice', startedAt: '2026-03-01T13:50:00.000Z' };
  expect(renderList([run], { width: 120, now, colors: plain })).toEqual(['cluster  phase  began                 took     asked by  run', 'shop     held   2026-03-01 13:50:00Z  10m 00s  alice     upgradeCluster/shop']);
  expect(renderList([], { width: 120, now, colors: plain })).toEqual(['No runs.']);
});

test('findings of the doctor stand one under the other', () => {
  const checks = [
    { subject: 'Temporal', ok: true, message: 'answers' },
    { subject: 'exit', ok: true, note: true as const, message: 'may not delete' },
    { subject: 'west', ok: false, message: 'may not patch tidbclusters in namespace shop: apply the manifest' },
  ];
  expect(renderChecks(checks, { width: 60, colors: plain })).toEqual(['ok    Temporal  answers', 'note  exit      may not delete', 'FAIL  west      may not patch tidbclusters in namespace', '                shop: apply the manifest', '', '1 of 3 checks found a problem.']);
});
