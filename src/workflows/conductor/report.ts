/** What a run shows and leaves: pure views of its state. */
import type { Report, RunStatus } from '../../protocol/run.ts';
import { phaseOf } from './state.ts';
import type { RunState } from './state.ts';

export function statusOf(state: RunState): RunStatus {
  return {
    runbook: state.runbook,
    cluster: state.cluster,
    requestedBy: state.requestedBy,
    phase: phaseOf(state),
    message: state.message,
    planHash: state.plan?.hash,
    planSummary: state.plan?.summary,
    gate: state.gate,
    hold: state.hold,
    steps: state.steps,
    decisions: state.decisions,
    ignoredDecisions: state.ignoredDecisions,
  };
}

export function reportOf(state: RunState): Report {
  return { ...statusOf(state), startedAt: state.startedAt, endedAt: state.endedAt, plan: state.plan, remains: state.remains };
}
