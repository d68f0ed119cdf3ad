/** What an approval is bound to: what will be done and must be known, never what was measured at that moment. */
import fc from 'fast-check';
import { hashOf } from '../../src/activities/make-plan.ts';
import type { ClusterView } from '../../src/tidb/view.ts';
import { exitClusterRunbook } from '../../src/workflows/exit-cluster/contract.ts';
import { planExit } from '../../src/workflows/exit-cluster/plan.ts';
import { planMigration } from '../../src/workflows/migrate-cluster/plan.ts';
import { planRestart } from '../../src/workflows/restart-cluster/plan.ts';
import type { UnhashedPlan } from '../../src/workflows/runbook.ts';
import { planUpgrade } from '../../src/workflows/upgrade-cluster/plan.ts';
import { remainsOfWest } from '../tidb/exit/exiting.ts';
import { NEW, database, makeView, specOf, tidbCluster } from '../tidb/make-view.ts';
import { DOMAIN, makeAlone } from '../tidb/migration/alone.ts';

const GIBIBYTE = 1024 ** 3;

const cluster = (kubernetesClusters = ['east', 'west', 'north']): ClusterView => {
  const view = makeView({ kubernetesClusters, replicas: { pd: 1, tikv: 2, tidb: 1, tiflash: 1 } });
  return { ...view, remains: remainsOfWest(view) };
};

function made(plan: { refusals: string[] } | UnhashedPlan): UnhashedPlan {
  if ('refusals' in plan) throw new Error(plan.refusals.join('; '));
  return plan;
}

const exit = (view: ClusterView, more: object = {}): UnhashedPlan => made(planExit(view, exitClusterRunbook.contract().parse({ cluster: 'shop', leaving: 'west', ...more })));
const migration = (view: ClusterView, more: object = {}): UnhashedPlan => made(planMigration(view, { cluster: 'shop', clusterDomain: DOMAIN, ...more }));

const planners: Record<string, { view: () => ClusterView; plan: (view: ClusterView) => UnhashedPlan }> = {
  upgradeCluster: { view: cluster, plan: (view) => made(planUpgrade(view, { cluster: 'shop', version: NEW })) },
  restartCluster: { view: cluster, plan: (view) => made(planRestart(view, { cluster: 'shop' })) },
  exitCluster: { view: cluster, plan: exit },
  migrateCluster: { view: makeAlone, plan: migration },
};

/** What changes by itself from one look to the next, and is reason to refuse nothing. */
const figures = fc.record({
  regionCount: fc.nat(100_000),
  leaderCount: fc.nat(50_000),
  usedSize: fc.integer({ min: 1, max: 20 * GIBIBYTE }),
  available: fc.integer({ min: 70 * GIBIBYTE, max: 99 * GIBIBYTE }),
  lastHeartbeatLaterMs: fc.nat(60_000),
  laterMs: fc.nat(600_000),
  missing: fc.nat(3),
  isAMemberIll: fc.boolean(),
  storeState: fc.constantFrom('Up' as const, 'Disconnected' as const),
  backupLaterMs: fc.nat(600_000),
});
type Figures = typeof figures extends fc.Arbitrary<infer Value> ? Value : never;

function measuredAnew(view: ClusterView, seen: Figures): ClusterView {
  const { stores, members, regions } = database(view);
  for (const store of stores) Object.assign(store, { regionCount: seen.regionCount, leaderCount: seen.leaderCount, usedSize: seen.usedSize, available: seen.available, lastHeartbeatMs: store.lastHeartbeatMs + seen.lastHeartbeatLaterMs });
  Object.assign(stores[0] ?? {}, { state: seen.storeState });
  Object.assign(members[0] ?? {}, { healthy: !seen.isAMemberIll });
  regions['miss-peer'] = seen.missing;
  const backups = Array.isArray(view.backups) ? view.backups.map((backup) => ({ ...backup, name: `${backup.name}-${seen.backupLaterMs}`, completedAtMs: (backup.completedAtMs ?? 0) + seen.backupLaterMs })) : view.backups;
  return { ...view, backups, nowMs: view.nowMs + seen.laterMs };
}

test.each(Object.entries(planners))('the hash of a plan of %s does not depend on what is measured', (_name, { view, plan }) => {
  const hash = hashOf(plan(view()));
  fc.assert(fc.property(figures, (seen) => hashOf(plan(measuredAnew(view(), seen))) === hash), { numRuns: 200 });
});

test('the figures of an exit are in its plan all the same', () => {
  const seen = { regionCount: 4_711, leaderCount: 1, usedSize: GIBIBYTE, available: 80 * GIBIBYTE, lastHeartbeatLaterMs: 0, laterMs: 0, missing: 0, isAMemberIll: true, storeState: 'Disconnected' as const, backupLaterMs: 0 };
  expect(exit(measuredAnew(cluster(), seen)).figures?.join('\n')).toMatch(/1 of 2 PD members are healthy and 3 of 4 TiKV stores are Up\.\nTiKV: 9422 region replicas \(2\.0 GiB\)/);
});

describe('the hash changes with', () => {
  const plan = exit(cluster());
  const others: Record<string, UnhashedPlan> = {
    'the target': exit(makeWith((view) => (tidbCluster(view, 'west').object.metadata.uid = 'another')), {}),
    'a step that is done by now': { ...plan, steps: plan.steps.map((step, index) => (index === 0 ? { ...step, alreadyDone: true } : step)) },
    'the order of steps': { ...plan, steps: plan.steps.toReversed() },
    'a step less': { ...plan, steps: plan.steps.slice(1) },
    'the number of pods that is taken to zero': exit(makeWith((view) => (specOf(view, 'west', 'tidb').replicas = 2))),
    'a field of the TidbCluster': exit(makeWith((view) => (tidbCluster(view, 'west').object.spec['timezone'] = 'UTC'))),
    'what is deleted': exit(cluster(), { reclaim: { data: 'claims' } }),
    'the list of what is deleted': exit({ ...cluster(), remains: remainsOfWest(cluster(), { claims: [] }) }),
    'the words of a gate': { ...plan, steps: plan.steps.map((step) => (step.gate ? { ...step, gate: 'Delete?' } : step)) },
    'what must be known': { ...plan, notes: plan.notes.slice(1) },
    'how many stores remain': exit(cluster(['east', 'west', 'north', 'south'])),
    'the anchor': { ...plan, anchor: { kubernetesCluster: 'north', namespace: 'shop', name: 'shop-north' } },
    'another database': { ...plan, clusterId: '1' },
  };

  test.each(Object.entries(others))('%s', (_what, other) => expect(hashOf(other)).not.toBe(hashOf(plan)));

  test('a consent: the waiver of a backup, and its words', () => {
    const hashes = [{}, { backupWaiver: 'an empty test cluster' }, { backupWaiver: 'restored yesterday' }].map((more) => hashOf(migration(makeAlone(), more)));
    expect(new Set(hashes).size).toBe(3);
  });

  function makeWith(change: (view: ClusterView) => unknown): ClusterView {
    const view = cluster();
    change(view);
    return { ...view, remains: remainsOfWest(view) };
  }
});
