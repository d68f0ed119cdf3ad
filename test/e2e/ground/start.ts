/** Before the scenarios with the real operator: as for the others, but one lab for all, which runs the real tidb-operator. Only in a private network (`../run.ts`). */
import { startGroundsOf } from '../../faults/ground/start.ts';

export default async function startGround(): Promise<void> {
  await startGroundsOf(1, '--operator', 'real');
}
