/** A TidbCluster after the writes of a change: what the API server would store. */
import type { Write } from '../../../src/activities/steps/step-kind.ts';
import { tidbClusterSchema } from '../../../src/tidb/objects.ts';
import type { TidbCluster } from '../../../src/tidb/objects.ts';
import { mergePatch } from '../../tidb/merge-patch.ts';

export function written(object: TidbCluster, writes: Write[]): TidbCluster {
  return writes.reduce((before, write) => (isOf(write, before) ? tidbClusterSchema.parse(mergePatch(before, write.patch)) : before), object);
}

function isOf(write: Write, { metadata }: TidbCluster): write is Write & { write: 'patch-tidb-cluster' | 'patch-object' } {
  return write.write === 'patch-tidb-cluster' || (write.write === 'patch-object' && write.object.uid === metadata.uid);
}
