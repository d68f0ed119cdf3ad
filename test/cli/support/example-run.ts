/** A run as the client reads it, for tests of what is drawn. */
import type { LiveStatus } from '../../../src/client.ts';
import type { Plan } from '../../../src/protocol/plan.ts';
import type { Report, StepState, StepStatus } from '../../../src/protocol/run.ts';
import type { Colors } from '../../../src/cli/terminal.ts';

export const now = '2026-03-01T14:00:00.000Z';

/** Shows colours as tags, so that a test sees them: `<red>held</red>`. */
export const tags: Colors = new Proxy({} as Colors, { get: (_, name) => (text: string) => `<${String(name)}>${text}</${String(name)}>` });

/** Leaves text as it is. */
export const plain: Colors = new Proxy({} as Colors, { get: () => String });

export function step(id: string, state: StepState, more: Partial<StepStatus> = {}): StepStatus {
  const [component, cluster] = id.split('/');
  return { id, title: `${component} in ${cluster}: v8.5.3 → v8.5.4`, state, message: '', ...more };
}

export function liveStatus(more: Partial<LiveStatus> = {}): LiveStatus {
  return {
    workflowId: 'upgradeCluster/shop',
    runId: 'a1',
    execution: 'RUNNING',
    startedAt: '2026-03-01T13:50:00.000Z',
    runbook: 'upgradeCluster',
    cluster: 'shop',
    requestedBy: 'alice',
    phase: 'running',
    message: 'Step 2 of 3: tikv in west: v8.5.3 → v8.5.4',
    planHash: '1f3a90bc27de',
    planSummary: 'Upgrade TiDB cluster shop to v8.5.4',
    steps: [
      step('pd/east', 'done', { message: 'the proof held twice', startedAt: '2026-03-01T13:51:00.000Z', endedAt: '2026-03-01T13:52:04.000Z' }),
      step('tikv/west', 'waiting', { message: 'spec.tikv.version is set', startedAt: '2026-03-01T13:59:30.000Z' }),
      step('tidb/west', 'pending'),
    ],
    decisions: [],
    ignoredDecisions: [],
    ...more,
  };
}

export function examplePlan(more: Partial<Plan> = {}): Plan {
  return {
    runbook: 'upgradeCluster',
    cluster: 'shop',
    clusterId: '7400000000000000001',
    summary: 'Upgrade TiDB cluster shop to v8.5.4',
    steps: ['pd/east', 'tikv/west'].map((id) => ({ id, kind: 'roll-component', title: `${id}: v8.5.3 → v8.5.4`, component: id.split('/')[0] ?? '', kubernetesCluster: id.split('/')[1] ?? '', alreadyDone: id === 'pd/east', input: {} })),
    notes: ['TiDB has no downgrade.'],
    holds: [{ key: 'store/7', message: 'store 7 is Disconnected', clears: 'itself' }],
    hash: '1f3a90bc27de',
    ...more,
  };
}

export function exampleReport(more: Partial<Report> = {}): Report {
  const { workflowId: _workflowId, runId: _runId, execution: _execution, ...status } = liveStatus();
  return { ...status, phase: 'done', message: 'All 3 steps are over', startedAt: '2026-03-01T13:50:00.000Z', endedAt: now, plan: examplePlan(), remains: ['The lock is free.'], ...more };
}
