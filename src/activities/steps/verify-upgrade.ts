/** Kind `verify-upgrade`: changes nothing; proves at the end that the whole TiDB cluster runs the target and that nothing was left behind. */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import type { ClusterView } from '../../tidb/view.ts';
import { findByKey, nameOf } from '../../tidb/view.ts';
import { missingFor } from '../../tidb/proof.ts';
import { rollTarget } from './roll-component.ts';
import type { StepKind } from './step-kind.ts';

const inputSchema = z.object({ targets: z.array(rollTarget.extend({ key: z.string() })) });

/** Prefix of the annotations with which the operator (v1.6.6) remembers that it paused DDL (§2.6). */
const smoothUpgrade = 'tidb.pingcap.com/smooth-upgrade-';

/** DDL may stay paused after an upgrade although everything looks ready (tidb-operator #7067). */
function ddlHeld(view: ClusterView): string[] {
  return view.tidbClusters
    .filter((each) => Object.keys(each.object.metadata.annotations).some((name) => name.startsWith(smoothUpgrade)))
    .map((each) => `DDL is still held by the operator's smooth upgrade of TidbCluster ${nameOf(each)} in ${each.kubernetesCluster}; if it stays, POST /upgrade/finish to the status port of one of its TiDB servers`);
}

function leftSchedulers({ database }: ClusterView): string[] {
  return (database?.evictingStores ?? []).map((id) => `an evict-leader-scheduler is left for store ${id}`);
}

export function verifyUpgrade(step: PlannedStep): StepKind {
  const { targets } = inputSchema.parse(step.input);
  const missing = (view: ClusterView): string[] => [
    ...targets.flatMap((target) => {
      const member = findByKey(view, target.key);
      return member ? missingFor(view, member, target) : [`TidbCluster in ${target.key} is gone`];
    }),
    ...ddlHeld(view),
    ...leftSchedulers(view),
  ];
  return {
    rolls: undefined,
    provesOnly: true,
    guards: [],
    standing: [],
    change: () => undefined,
    missing: ({ view }) => missing(view),
    almostDone: () => true,
    proof: ({ view }) => ({
      members: (view.database?.members ?? []).map((member) => `${member.name} ${member.version}`),
      stores: (view.database?.stores ?? []).filter((store) => store.state !== 'Tombstone').map((store) => `${store.id} ${store.engine} ${store.version} ${store.state}`),
      regionsShort: view.database?.regions ?? {},
    }),
  };
}
