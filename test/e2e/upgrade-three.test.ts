/** The main job against the real operator with three PD, TiKV and TiDB in each of three TidbClusters, measured from the members' own view. */
import { Scenario, hurriedMs, to } from '../faults/scenario.ts';
import { expectStraightUpgrade } from './ground/straight.ts';
import { engineOf } from './measure/engine.ts';
import { measure } from './measure/measure.ts';

jest.setTimeout(1_800_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('of 9 PD never less than a majority lives, never two TidbClusters have a component going down, and the oracle finds every invariant held', async () => {
  scenario = await Scenario.begin('three', { replicas: { pd: 3, tikv: 3, tidb: 3 } });
  await scenario.worker();
  const { figures, told } = await measure(scenario, { id: 'runbook-three', version: to, engine: () => engineOf(scenario, hurriedMs) }, async () => scenario.report(await scenario.upgrade()));
  await expectStraightUpgrade(scenario, told);
  expect(figures.pd.leastHealthy).toBeGreaterThanOrEqual(figures.pd.majority);
  expect(figures.tidbClusters.mostAtOnce).toBe(1);
});
