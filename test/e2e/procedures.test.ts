/** The same upgrade in three ways, each measured from the members' own view; only ours must keep what it promises. One TiDB cluster for all, upgraded again and again. */
import { Scenario, clusters, hurriedMs, to } from '../faults/scenario.ts';
import { expectStraightUpgrade } from './ground/straight.ts';
import { engineOf } from './measure/engine.ts';
import { measure } from './measure/measure.ts';
import { upgradeAllAtOnce, upgradeByHand } from './measure/procedures.ts';
import type { Seat } from './measure/procedures.ts';

jest.setTimeout(1_200_000);

/** The next versions after `to`. */
const afterwards = { allAtOnce: 'v8.5.5', byHand: 'v8.5.6' };

let scenario: Scenario;
let seats: Seat[];
beforeAll(async () => {
  scenario = await Scenario.begin('measured');
  seats = clusters.map((cluster) => ({ api: scenario.admin(cluster), namespace: scenario.name, tidbCluster: `${scenario.name}-${cluster}` }));
});
afterAll(() => scenario.end());

test('tidb-runbooks: PD never below its majority, never two TidbClusters with a component going down, and the oracle finds every invariant held', async () => {
  await scenario.worker();
  const { figures, told } = await measure(scenario, { id: 'runbook', version: to, engine: () => engineOf(scenario, hurriedMs) }, async () => scenario.report(await scenario.upgrade()));
  await expectStraightUpgrade(scenario, told);
  expect(figures.pd.leastHealthy).toBeGreaterThanOrEqual(figures.pd.majority);
  expect(figures.tidbClusters.mostAtOnce).toBe(1);
});

test('all TidbClusters at once: measured', async () => {
  const { figures } = await measure(scenario, { id: 'all-at-once', version: afterwards.allAtOnce }, () => upgradeAllAtOnce(seats, afterwards.allAtOnce));
  expect(figures.mostAway.pd).toBeGreaterThan(0);
});

test('the documented procedure by hand: measured', async () => {
  const { figures } = await measure(scenario, { id: 'by-hand', version: afterwards.byHand }, () => upgradeByHand(seats, afterwards.byHand));
  expect(figures.mostAway.pd).toBeGreaterThan(0);
});
