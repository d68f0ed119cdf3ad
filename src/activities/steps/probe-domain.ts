/** Kind `probe-domain`: a pod of ours looks up PD's names in the wished domain; the proof is that the answers are these pods' own addresses. */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { resources } from '../../kubernetes/resources.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeSettling } from '../../tidb/guards/index.ts';
import { namesToResolve, probeOf, probePod, unresolved } from '../../tidb/migration/probe.ts';
import type { ProbeWish } from '../../tidb/migration/probe.ts';
import type { ProbeView } from '../../tidb/view.ts';
import type { Scene, StepKind, Write } from './step-kind.ts';

export const probeInput = z.object({ domain: z.string(), image: z.string().optional() });

/** An image pull and a lookup take seconds. */
const STALL_MS = 90_000;

export function probeWish({ domain, image }: z.infer<typeof probeInput>): ProbeWish {
  return { domain, image };
}

export function probeDomain(step: PlannedStep): StepKind {
  const wish = probeWish(probeInput.parse(step.input));
  return {
    rolls: undefined,
    guards: beforeSettling,
    standing: [saysNo(wish)],
    more: { probes: true },
    stallMs: STALL_MS,
    change: (scene) => changeOf(scene, wish),
    missing: ({ view, member }) => missingOf(probeOf(view, member, wish), (probe) => unresolved(member, wish.domain, probe)),
    almostDone: () => true,
    explainStall: ({ view, member }) => [standing(`probe-stalled/${member.key}`, `the pod that looks names up does not end: ${probeOf(view, member, wish)?.waiting || 'nothing is said of it'}`)],
    proof: ({ view, member }) => ({ domain: wish.domain, pod: probeOf(view, member, wish)?.name ?? '', resolved: namesToResolve(member, wish.domain).map(({ name, address }) => `${name} ${address}`) }),
  };
}

function missingOf(probe: ProbeView | undefined, judge: (probe: ProbeView) => string[]): string[] {
  if (!probe) return ['no pod has looked up the names yet'];
  return probe.exitCode === undefined ? [`pod ${probe.name} has not ended yet (${probe.waiting || probe.phase})`] : judge(probe);
}

/** A new pod unless one is at it; what an earlier try has left goes. */
function changeOf({ view, member }: Scene, wish: ProbeWish): Write[] {
  const probe = probeOf(view, member, wish);
  if (probe && probe.exitCode === undefined) return [];
  return [...deletions({ view, member }), { write: 'create-object', kubernetesCluster: member.kubernetesCluster, object: { ...resources.pod, namespace: member.object.metadata.namespace }, body: probePod(view, member, wish) }];
}

/** Every probe of this TiDB cluster. */
export function deletions({ view, member }: Scene): Write[] {
  const { namespace } = member.object.metadata;
  return (view.probes ?? []).map(({ name, uid }) => ({ write: 'delete-object', kubernetesCluster: member.kubernetesCluster, object: { ...resources.pod, namespace, name, uid } }));
}

/** Its answer is final: only another try, or a person's word, goes on from it. */
function saysNo(wish: ProbeWish): Guard {
  return (view, { member }) => {
    const probe = probeOf(view, member, wish);
    if (probe?.exitCode === undefined) return [];
    return unresolved(member, wish.domain, probe).map((why, index) => standing(`probe/${probe.uid}/${index}`, `${wish.domain} is not the domain of ${member.kubernetesCluster}, or its DNS does not answer: ${why}; retry looks again, skip takes your word for it`));
  };
}
