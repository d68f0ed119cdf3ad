/**
 * Kind `member-peer-url`: gives one PD member its one right peer URL. etcd takes any text there and a wrong one kills the cluster, so before the
 * write everything must be certain, and at the first doubt afterwards the run holds.
 *
 * That the others will reach the new URL is proved without it: the name resolves and its certificate fits, since they find the member healthy under
 * its client URL, which has the same host and the same certificate; port 2380 of that pod is open, since Raft talks to it under the old name.
 */
import { z } from 'zod';
import type { PlannedStep } from '../../protocol/plan.ts';
import { noDriftSince } from '../../tidb/drift.ts';
import { leaderExists, membersHealthy } from '../../tidb/guards/database.ts';
import { passing, standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { beforeSettling } from '../../tidb/guards/index.ts';
import { isAsked, notAcross, peerPlaceOf } from '../../tidb/migration/across.ts';
import { doubts, membersSeen, peerUrlState, podOfMember } from '../../tidb/migration/peer-urls.ts';
import { peerUrlProblems } from '../../tidb/peer-url.ts';
import type { ClusterView, EtcdMemberView, TidbClusterView } from '../../tidb/view.ts';
import type { Scene, StepKind } from './step-kind.ts';

const inputSchema = z.object({ domain: z.string(), memberId: z.string(), pod: z.string(), url: z.string(), baseline: z.record(z.string(), z.string()), own: z.array(z.string()) });
type Input = z.infer<typeof inputSchema>;

/** Two members say the same of the membership, and everybody is well in the eyes of each. */
const noDoubt: Guard = (view) => doubts(view).map((doubt, index) => passing(`pd-members-doubt/${index}`, doubt));

/** Peer URLs come after the roll: a member that is not known by its new name would not be found under it. */
function knownByNewNames({ domain }: Input): Guard {
  return (view, { member }) =>
    isAsked(member.object.spec, domain)
      ? notAcross(view, member, { component: 'pd', domain }).map((old, index) => passing(`old-name/${index}`, old))
      : [passing(`across/${member.key}`, `spec of TidbCluster ${member.object.metadata.name} does not ask for acrossK8s${domain ? ` and ${domain}` : ''}: peer URLs are written after that`)];
}

/** The very text that would be written, judged once more. */
function urlIsSound(input: Input): Guard {
  return (view, { member }) => {
    const own = find(membersSeen(view.memberApi), input);
    if (!own) return [standing(`no-member/${input.memberId}`, `PD has no member ${input.memberId} any more: it was replaced after the plan was made; abort and make a new plan`)];
    if (podOfMember(own) !== input.pod) return [standing(`other-pod/${input.memberId}`, `PD member ${input.memberId} is ${podOfMember(own) || 'nobody'} now, and not ${input.pod}: abort and make a new plan`)];
    const state = peerUrlState(view, member, own, input.domain);
    const others = membersSeen(view.memberApi).filter((each) => each.id !== input.memberId);
    const problems = [...peerUrlProblems(input.url, peerPlaceOf(member, input.pod, input.domain), others), ...(state.is === 'unmendable' ? [state.why] : [])];
    return problems.map((problem, index) => standing(`peer-url/${input.pod}/${index}`, `the peer URL ${input.url} is not written: ${problem}`));
  };
}

/** The plan has the leader of its time last; a roll since then has moved the lead. */
function leaderGivesWay(view: ClusterView, member: TidbClusterView, { memberId, pod, domain }: Input): string | undefined {
  const all = membersSeen(view.memberApi);
  const others = all.filter((each) => each.id !== memberId && peerUrlState(view, member, each, domain).is !== 'right');
  const leads = all.some((each) => each.id === memberId && each.name === view.database?.leader);
  return leads && others.length > 0 ? `${pod} leads PD now, and the followers come first` : undefined;
}

function find(members: EtcdMemberView[], { memberId }: Input): EtcdMemberView | undefined {
  return members.find((each) => each.id === memberId);
}

function isRight(members: EtcdMemberView[], input: Input): boolean {
  const urls = find(members, input)?.peerUrls ?? [];
  return urls.length === 1 && urls[0] === input.url;
}

export function memberPeerUrl(step: PlannedStep): StepKind {
  const input = inputSchema.parse(step.input);
  const missing = ({ view }: Scene): string[] => [
    ...(view.memberApi?.voices ?? []).filter((voice) => !isRight(voice.members, input)).map((voice) => `${voice.by} lists ${find(voice.members, input)?.peerUrls.join(', ') ?? 'no such member'} for ${input.pod}, not ${input.url}`),
    ...doubts(view),
  ];
  return {
    rolls: undefined,
    guards: [...beforeSettling, noDoubt, knownByNewNames(input), urlIsSound(input), noDriftSince(input.baseline, input.own)],
    // The first doubt holds the run; it does not wait for a stall.
    standing: [membersHealthy, leaderExists],
    more: { memberApi: true },
    postponed: ({ view, member }) => leaderGivesWay(view, member, input),
    change: ({ view, member }) => (isRight(membersSeen(view.memberApi), input) ? [] : [{ write: 'member-peer-url', memberId: input.memberId, peerUrl: input.url, place: peerPlaceOf(member, input.pod, input.domain) }]),
    missing,
    almostDone: () => false,
    proof: ({ view }) => ({ memberId: input.memberId, pod: input.pod, peerUrl: input.url, seenBy: (view.memberApi?.voices ?? []).map((voice) => voice.by), leader: view.database?.leader ?? '' }),
  };
}
