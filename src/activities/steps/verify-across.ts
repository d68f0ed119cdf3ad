/** Kind `verify-across`: changes nothing; proves at the end that PD is known by its new names everywhere, and what a PD that joins would be told. */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { leftBehind } from '../../tidb/leftovers.ts';
import { isAsked, notAcross, peerPlaceOf } from '../../tidb/migration/across.ts';
import { doubts, joinArgument, membersSeen, podOfMember } from '../../tidb/migration/peer-urls.ts';
import { expectedPeerUrl } from '../../tidb/peer-url.ts';
import { missingFor } from '../../tidb/proof.ts';
import { rollTarget } from './roll-component.ts';
import type { Scene, StepKind } from './step-kind.ts';

const inputSchema = z.object({ domain: z.string(), targets: z.array(rollTarget) });

export function verifyAcross(step: PlannedStep): StepKind {
  const { domain, targets } = inputSchema.parse(step.input);
  const missing = ({ view, member }: Scene): string[] => [
    ...(isAsked(member.object.spec, domain) ? [] : ['spec does not ask for acrossK8s any more']),
    ...targets.flatMap((target) => [...missingFor(view, member, target), ...notAcross(view, member, { component: target.component, domain })]),
    ...doubts(view),
    ...peerUrlsMissing({ view, member }, domain),
    ...(view.database?.leader ? [] : ['PD has no leader']),
    ...leftBehind(view),
  ];
  return {
    rolls: undefined,
    provesOnly: true,
    guards: [],
    standing: [],
    more: { memberApi: true },
    change: () => [],
    missing,
    almostDone: () => false,
    proof: ({ view }) => ({
      members: membersSeen(view.memberApi).map((each) => `${each.id} ${each.name} peer ${each.peerUrls.join(',')} client ${each.clientUrls.join(',')}`),
      stores: (view.database?.stores ?? []).filter((store) => store.state !== 'Tombstone').map((store) => `${store.id} ${store.address} ${store.state}`),
      aJoiningPdIsTold: joinArgument(membersSeen(view.memberApi)),
    }),
  };
}

function peerUrlsMissing({ view, member }: Scene, domain: string): string[] {
  return membersSeen(view.memberApi).flatMap((each) => {
    const expected = expectedPeerUrl(peerPlaceOf(member, podOfMember(each), domain));
    return each.peerUrls.length === 1 && each.peerUrls[0] === expected ? [] : [`PD member ${podOfMember(each) || each.id} has peer URL ${each.peerUrls.join(', ') || 'none'}, not ${expected}`];
  });
}
