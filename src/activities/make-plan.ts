/** Observes and plans. The planner is pure; it runs here, so that history keeps its plan as data. */
import { createHash } from 'node:crypto';
import { RunbookError } from '../errors.ts';
import type { PlanCall } from '../protocol/activities.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Plan } from '../protocol/plan.ts';
import { canonical } from '../tidb/drift.ts';
import type { ClusterView } from '../tidb/view.ts';
import type { UnhashedPlan } from '../workflows/runbook.ts';
import { planExit } from '../workflows/exit-cluster/plan.ts';
import type { ExitWish } from '../workflows/exit-cluster/plan.ts';
import { planMigration } from '../workflows/migrate-cluster/plan.ts';
import type { MigrateWish } from '../tidb/migration/refusals.ts';
import { planRestart } from '../workflows/restart-cluster/plan.ts';
import type { RestartWish } from '../workflows/restart-cluster/plan.ts';
import { planUpgrade } from '../workflows/upgrade-cluster/plan.ts';
import type { UpgradeWish } from '../workflows/upgrade-cluster/plan.ts';
import { observe } from './observing/observe.ts';
import { targetOf } from './observing/target.ts';
import type { More } from './observing/target.ts';
import { tryPatiently } from './patience.ts';
import type { Pulse } from './pulse.ts';
import type { Surroundings } from './surroundings.ts';

/** A runbook's planner; its input is what the runbook's contract parsed. */
interface Planner {
  /** What it needs to see beyond the usual. */
  more?(input: JsonObject): More;
  plan(view: ClusterView, input: JsonObject): { refusals: string[] } | UnhashedPlan;
}

const planners: Record<string, Planner> = {
  upgradeCluster: { plan: (view, input) => planUpgrade(view, input as unknown as UpgradeWish) },
  exitCluster: { more: ({ leaving }) => ({ remainsOf: leaving as string }), plan: (view, input) => planExit(view, input as unknown as ExitWish) },
  restartCluster: { plan: (view, input) => planRestart(view, input as unknown as RestartWish) },
  migrateCluster: { more: () => ({ memberApi: true, backups: true }), plan: (view, input) => planMigration(view, input as unknown as MigrateWish) },
};

/** Throws Unsupported with all refusals in one sentence; a server that stays silent is one as well. */
export async function makePlan(at: Surroundings, call: PlanCall, pulse: Pulse): Promise<Plan> {
  const planner = planners[call.runbook];
  if (!planner) throw new RunbookError('Unsupported', `this worker has no planner for runbook "${call.runbook}"`);
  const view = await tryPatiently(pulse, () => observe(at, targetOf(call, planner.more?.(call.input)), pulse.signal));
  if ('silent' in view) throw new RunbookError('Unsupported', `nothing is begun while a part is silent: ${view.silent.message}`);
  if (!view.ok.database) throw new RunbookError('Unsupported', `nothing is begun while PD is silent: ${view.ok.databaseProblem ?? ''}`);
  const plan = planner.plan(view.ok, call.input);
  if ('refusals' in plan) throw new RunbookError('Unsupported', `${call.runbook} of ${call.cluster} is refused: ${plan.refusals.join('; ')}`);
  return { ...plan, hash: hashOf(plan) };
}

/** What an approval is bound to: everything but the guards and the figures of the moment. */
export function hashOf({ holds: _passing, figures: _measured, ...plan }: UnhashedPlan): string {
  return createHash('sha256').update(canonical(plan)).digest('hex').slice(0, 12);
}
