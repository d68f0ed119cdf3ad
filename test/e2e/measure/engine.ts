/** The engine's own share of an upgrade, from the oracle's latencies. */
import { latenciesOf, ownTimeOf } from '../../../lab/oracle/latency.ts';
import type { Scenario } from '../../faults/scenario.ts';
import { evidenceOf } from '../ground/evidence.ts';
import type { Measured } from './record.ts';

/** `patienceMs`: settle and soak of each step. */
export async function engineOf(scenario: Scenario, patienceMs: number): Promise<Measured['engine']> {
  const { list, p50 = 0 } = await latenciesOf(evidenceOf(scenario));
  const { ownMs, othersMs } = ownTimeOf(list, patienceMs);
  return othersMs > 0 ? { p50Ms: Math.round(Math.max(0, p50 - patienceMs)), percent: Number(((100 * ownMs) / othersMs).toFixed(1)) } : undefined;
}
