/**
 * Kind `repoint-reference`: `spec.cluster` of a TidbCluster with PD of its own names another TidbCluster, or nobody. That rolls nothing (Ⓞ37); the
 * revisions from before stand in an annotation of the same patch as the proof.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components } from '../../tidb/components.ts';
import { digest, noDriftSince } from '../../tidb/drift.ts';
import { hasPd, namesAsWanted, referencePatch } from '../../tidb/exit/references.ts';
import { presentReplicas } from '../../tidb/exit/record.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { databaseIsWhole } from '../../tidb/guards/index.ts';
import { notDeleting, notPaused, notSuspended, operatorAlive, passesValidation } from '../../tidb/guards/tidb-clusters.ts';
import { movedSince, presentComponents, revisionsOf, withRevisions } from '../../tidb/revisions.ts';
import { isRolling } from '../../tidb/rolling.ts';
import { nameOf } from '../../tidb/view.ts';
import { exitPaths } from './scale-to-zero.ts';
import type { StepKind } from './step-kind.ts';

export const referenceAnnotation = 'tidb-runbooks.io/revisions-before-reference';

const inputSchema = z.object({ to: z.object({ name: z.string(), namespace: z.string(), clusterDomain: z.string() }).optional(), baseline: z.record(z.string(), z.string()), place: z.unknown() });

/** Without PD of its own the reference stands in the start scripts: changing it would roll everything (§3.10). */
const hasOwnPd: Guard = (_view, { member }) =>
  hasPd(member) || Object.values(presentReplicas(member.object)).every((replicas) => replicas === 0) ? [] : [standing(`reference/${member.key}/no-pd`, `TidbCluster ${nameOf(member)} in ${member.kubernetesCluster} has no PD of its own any more: changing its spec.cluster would roll its pods`)];

export function repointReference(step: PlannedStep): StepKind {
  const { to, baseline } = inputSchema.parse(step.input);
  const of = digest(step.input);
  const drift = noDriftSince(baseline, exitPaths);
  return {
    rolls: undefined,
    guards: [...databaseIsWhole, notPaused, notSuspended, notDeleting, passesValidation, operatorAlive, hasOwnPd, drift],
    standing: [drift],
    change: ({ member }) => (namesAsWanted(member.object, to) ? [] : [{ write: 'patch-tidb-cluster', patch: withRevisions(referencePatch(to), member, referenceAnnotation, of) }]),
    missing: ({ member }) => [
      ...(namesAsWanted(member.object, to) ? [] : [`spec.cluster does not ${to ? `name ${to.namespace}/${to.name}` : 'go away'} yet`]),
      ...presentComponents(member).filter((component) => isRolling(member, component)).map((component) => `${components[component].title} is rolling`),
      ...movedSince(member, referenceAnnotation, of),
    ],
    almostDone: () => true,
    proof: ({ member }) => ({ cluster: to ? `${to.namespace}/${to.name}${to.clusterDomain ? ` of ${to.clusterDomain}` : ''}` : 'none', unchangedRevisions: revisionsOf(member) }),
  };
}
