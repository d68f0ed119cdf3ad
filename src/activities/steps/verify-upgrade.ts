/** Kind `verify-upgrade`: changes nothing; proves at the end that the whole TiDB cluster runs the target and that nothing was left behind. */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { leftBehind } from '../../tidb/leftovers.ts';
import { missingFor } from '../../tidb/proof.ts';
import type { ClusterView } from '../../tidb/view.ts';
import { findByKey } from '../../tidb/view.ts';
import { rollTarget } from './roll-component.ts';
import type { StepKind } from './step-kind.ts';

const inputSchema = z.object({ targets: z.array(rollTarget.extend({ key: z.string() })) });

export function verifyUpgrade(step: PlannedStep): StepKind {
  const { targets } = inputSchema.parse(step.input);
  const missing = (view: ClusterView): string[] => [
    ...targets.flatMap((target) => {
      const member = findByKey(view, target.key);
      return member ? missingFor(view, member, target) : [`TidbCluster in ${target.key} is gone`];
    }),
    ...leftBehind(view),
  ];
  return {
    rolls: undefined,
    provesOnly: true,
    guards: [],
    standing: [],
    change: () => [],
    missing: ({ view }) => missing(view),
    almostDone: () => true,
    proof: ({ view }) => ({
      members: (view.database?.members ?? []).map((member) => `${member.name} ${member.version}`),
      stores: (view.database?.stores ?? []).filter((store) => store.state !== 'Tombstone').map((store) => `${store.id} ${store.engine} ${store.version} ${store.state}`),
      regionsShort: view.database?.regions ?? {},
    }),
  };
}
