/**
 * Kind `set-across-k8s`: the fields, and the strategy without which they roll nothing, in one merge patch (Ⓞ23); the revisions from before stand
 * in an annotation of the same patch. The proof: every StatefulSet has another revision, the six points of each component, and PD and the stores
 * are known by their new names.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { noDriftSince } from '../../tidb/drift.ts';
import { discoveryWillServe } from '../../tidb/guards/discovery.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeRoll } from '../../tidb/guards/index.ts';
import { acrossPatch, isAsked, notAcross, recordOf } from '../../tidb/migration/across.ts';
import { missingFor, podsAreThrough, proofFacts } from '../../tidb/proof.ts';
import { notRolledSince } from '../../tidb/rolled.ts';
import { isRolling } from '../../tidb/rolling.ts';
import type { TidbClusterView } from '../../tidb/view.ts';
import { nameOf } from '../../tidb/view.ts';
import { deletions, probeInput } from './probe-domain.ts';
import { rollTarget } from './roll-component.ts';
import type { Scene, StepKind } from './step-kind.ts';

const inputSchema = probeInput.extend({ targets: z.array(rollTarget), baseline: z.record(z.string(), z.string()), own: z.array(z.string()), byHand: z.boolean() });

/** While one of them restarts, the others keep the majority. */
const THREE = 3;

/** With fewer than three members the database stops while one restarts, and one wrong peer URL is the end of it. */
export const threeMembers: Guard = ({ database }, { member }) =>
  !database || database.members.length >= THREE ? [] : [standing(`pd-majority/${member.key}`, `PD has ${database.members.length} member${database.members.length === 1 ? '' : 's'}: the database stops while one restarts, and one member with a wrong peer URL would be its end; scale PD to three first, or retry to accept that`)];

/** Somebody chose another domain after the plan was made: that is nobody's to change back. */
function domainAsPlanned(domain: string): Guard {
  return (_view, { member }) => {
    const now = member.object.spec.clusterDomain;
    return now === '' || now === domain ? [] : [standing(`drift/${member.key}/clusterDomain/${now}`, `spec.clusterDomain of TidbCluster ${nameOf(member)} became ${now} after the plan was made, which is for ${domain || 'none'}: abort, and look at who did it`)];
  };
}

export function setAcrossK8s(step: PlannedStep): StepKind {
  const { domain, targets, baseline, own, byHand } = inputSchema.parse(step.input);
  const standing = [noDriftSince(baseline, own), domainAsPlanned(domain)];
  const missing = (scene: Scene): string[] => {
    if (!isAsked(scene.member.object.spec, domain)) return [`spec does not ask for acrossK8s${domain ? ` with clusterDomain ${domain}` : ''} yet`];
    // What a hand has asked for rolled nothing: the restarts that follow prove the rest.
    if (byHand && !recordOf(scene.member.object, domain)) return [];
    return targets.flatMap((target) => missingOf(scene, target, domain));
  };
  return {
    rolls: undefined,
    rollsNow: ({ member }) => targets.find(({ component }) => isRolling(member, component) || notRolled(member, component, domain).length > 0)?.component,
    stallMs: Math.max(...targets.map(({ component }) => components[component].stallMs)),
    guards: [...beforeRoll, threeMembers, discoveryWillServe, ...standing],
    standing,
    more: { probes: true },
    change: (scene) => (isAsked(scene.member.object.spec, domain) ? [] : [...deletions(scene), { write: 'patch-tidb-cluster', patch: acrossPatch(scene.member, domain) }]),
    missing,
    almostDone: ({ view, member }) => targets.every((target) => notRolled(member, target.component, domain).length === 0 && podsAreThrough(view, member, target)),
    proof: ({ view, member }) => ({ domain, components: Object.fromEntries(targets.map((target) => [target.component, proofFacts(view, member, target)])) }),
  };
}

/** Without a record of ours nothing can be compared: PD's and the stores' names and the pods' ages then speak (`notAcross`). */
function notRolled(member: TidbClusterView, component: Component, domain: string): string[] {
  const before = recordOf(member.object, domain)?.revisions[component];
  return before === undefined ? [] : notRolledSince(member, component, before);
}

function missingOf({ view, member }: Scene, target: z.infer<typeof rollTarget>, domain: string): string[] {
  const { component } = target;
  const open = notRolled(member, component, domain);
  if (open.length > 0) return open;
  return [...missingFor(view, member, target), ...notAcross(view, member, { component, domain })].map((sentence) => `${components[component].title}: ${sentence}`);
}
