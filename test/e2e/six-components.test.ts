/** The main job against the real operator: three Kubernetes clusters with every component, nothing goes wrong. */
import { Scenario, hurriedMs, to } from '../faults/scenario.ts';
import { expectStraightUpgrade } from './ground/straight.ts';
import { engineOf } from './measure/engine.ts';
import { measure } from './measure/measure.ts';

jest.setTimeout(1_200_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('upgrades 3 TidbClusters of the real operator with one of each component, and the oracle finds every invariant held', async () => {
  scenario = await Scenario.begin('one', { replicas: { pd: 1, tiflash: 1, tikv: 1, pump: 1, tidb: 1, ticdc: 1 } });
  await scenario.worker();
  const { told } = await measure(scenario, { id: 'runbook-six', version: to, engine: () => engineOf(scenario, hurriedMs) }, async () => scenario.report(await scenario.upgrade()));
  await expectStraightUpgrade(scenario, told);
});
