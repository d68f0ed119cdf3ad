/** What the oracle needs to judge one of several scenarios that go on beside each other in one lab. */
import { readFileSync } from 'node:fs';
import type { Scenario } from '../../faults/scenario.ts';

/** Namespaces of the other TiDB clusters that the lab has seen. */
function beside({ name, lab }: Scenario): string[] {
  const births = readFileSync(lab.lab.events, 'utf8').split('\n').filter((line) => line.includes('"database-bootstrapped"'));
  const namespaces = births.map((line) => (JSON.parse(line) as { namespace: string }).namespace);
  return [...new Set(namespaces)].filter((namespace) => namespace !== name);
}

export const evidenceOf = (scenario: Scenario): Scenario['evidence'] & { beside: string[] } => ({ ...scenario.evidence, beside: beside(scenario) });
