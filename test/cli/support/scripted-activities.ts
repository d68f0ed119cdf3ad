/** Activities that do what a test says: no Kubernetes cluster, no PD. Waits end when the test lets them. */
import { heartbeat, sleep } from '@temporalio/activity';
import type { Check, CleanUpResult, PlanCall, RunbookActivities } from '../../../src/protocol/activities.ts';
import type { CheckReport, Finding } from '../../../src/protocol/check.ts';
import type { ApplyResult, Reason, WaitCall, WaitResult } from '../../../src/protocol/outcome.ts';
import type { Plan, PlannedStep } from '../../../src/protocol/plan.ts';

const titles: Record<string, string> = { pd: 'PD', tikv: 'TiKV', tidb: 'TiDB' };

export function plannedStep(component: string, kubernetesCluster: string, alreadyDone = false): PlannedStep {
  const title = `${titles[component] ?? component} in ${kubernetesCluster}: v8.5.3 → v8.5.4`;
  return { id: `${component}/${kubernetesCluster}`, kind: 'roll-component', title, component, kubernetesCluster, alreadyDone, input: {} };
}

export function planOf(cluster: string, steps: PlannedStep[]): Plan {
  return {
    runbook: 'upgradeCluster',
    cluster,
    clusterId: '7400000000000000001',
    summary: `Upgrade TiDB cluster ${cluster} to v8.5.4: ${steps.length} of ${steps.length} components are to be rolled, one at a time`,
    steps,
    notes: ['TiDB has no downgrade: once a component runs the new version, the way is forward.'],
    holds: [],
    hash: '1f3a90bc27de',
  };
}

/** Milliseconds between two looks of a waiting activity at what the test says. */
const look = 20;

export class ScriptedActivities implements RunbookActivities {
  steps = [plannedStep('pd', 'east'), plannedStep('tikv', 'east')];
  /** A throw of the planner, e.g. an ApplicationFailure. */
  planFailure: Error | undefined;
  /** What waiting for a step says; a step without an entry is done at once. */
  waits = new Map<string, { progress: string } | { held: Reason[] } | { fails: Error } | 'done'>();
  checks: Check[] = [{ subject: 'east', ok: true, message: 'answers as v1.34.4' }];
  findings: Finding[] = [];
  cleanUpSentences = ['The lock is free.'];

  /** Between two tests with one worker. */
  reset(): void {
    this.steps = [plannedStep('pd', 'east'), plannedStep('tikv', 'east')];
    this.planFailure = undefined;
    this.waits.clear();
    this.findings = [];
  }

  async acquireLock(): Promise<void> {}

  async makePlan(call: PlanCall): Promise<Plan> {
    if (this.planFailure) throw this.planFailure;
    return planOf(call.cluster, this.steps);
  }

  async applyStep(): Promise<ApplyResult> {
    return { outcome: 'applied', message: 'spec.version is set' };
  }

  async awaitGuards(): Promise<WaitResult> {
    return { outcome: 'cleared' };
  }

  async waitStep(call: WaitCall): Promise<WaitResult> {
    for (;;) {
      const script = this.waits.get(call.step.id) ?? 'done';
      if (script === 'done') return { outcome: 'done', message: 'the proof held twice', proof: { pods: 2, version: 'v8.5.4' } };
      if ('fails' in script) throw script.fails;
      if ('held' in script && script.held.every(({ key }) => call.accepted.includes(key))) return { outcome: 'done', message: 'accepted by a person', proof: {} };
      if ('held' in script && script.held.some(({ key }) => !call.known.includes(key))) return { outcome: 'held', reasons: script.held };
      if ('progress' in script && call.known.length > 0) return { outcome: 'cleared' };
      heartbeat({ message: 'progress' in script ? script.progress : 'holding' });
      await sleep(look);
    }
  }

  async brakeStep(): Promise<Reason[]> {
    return [];
  }

  async cleanUp(): Promise<CleanUpResult> {
    return { remains: this.cleanUpSentences };
  }

  async checkCluster({ cluster }: { cluster: string }): Promise<CheckReport> {
    return { cluster, checkedAt: '2026-03-01T12:00:00.000Z', summary: `TiDB cluster ${cluster}: ${this.findings.length} findings`, findings: this.findings };
  }

  async diagnose(): Promise<Check[]> {
    return this.checks;
  }
}

/** The activities as the plain functions that a worker takes. */
export function activityFunctions(scripted: ScriptedActivities): RunbookActivities {
  const names = ['acquireLock', 'makePlan', 'applyStep', 'awaitGuards', 'waitStep', 'brakeStep', 'cleanUp', 'checkCluster', 'diagnose'] as const;
  return Object.fromEntries(names.map((name) => [name, (scripted[name] as (call: unknown) => unknown).bind(scripted)])) as unknown as RunbookActivities;
}
