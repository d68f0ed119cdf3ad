/** Before the scenarios with the real operator: as for the others, but the lab runs the real tidb-operator. Only in a private network (`../run.ts`). */
import { startGroundOf } from '../../faults/ground/start.ts';

export default async function startGround(): Promise<void> {
  await startGroundOf('--operator', 'real');
}
