/** Kind `forget-exit`: the last step of the way back removes the record of the exit. */
import { replicasAnnotation } from '../../tidb/exit/record.ts';
import { databaseIsWhole } from '../../tidb/guards/index.ts';
import type { StepKind } from './step-kind.ts';

export function forgetExit(): StepKind {
  return {
    rolls: undefined,
    guards: databaseIsWhole,
    standing: [],
    change: ({ member }) => (member.object.metadata.annotations[replicasAnnotation] === undefined ? [] : [{ write: 'patch-tidb-cluster', patch: { metadata: { annotations: { [replicasAnnotation]: null } } } }]),
    missing: ({ member }) => (member.object.metadata.annotations[replicasAnnotation] === undefined ? [] : [`the annotation ${replicasAnnotation} is there`]),
    almostDone: () => true,
    proof: () => ({ removed: replicasAnnotation }),
  };
}
