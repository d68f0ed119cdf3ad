/**
 * Judges the peer URLs of PD members as they are found, and what two members say of them. A restart never changes a peer URL (§5.4), so they
 * are written one by one; what a hand has written wrong is mended only where that is safe.
 */
import { podOf, parseHost } from '../names.ts';
import { expectedPeerUrl, peerUrlProblems } from '../peer-url.ts';
import type { ClusterView, EtcdMemberView, MemberApiView, TidbClusterView } from '../view.ts';
import { peerPlaceOf } from './across.ts';

/** The pod of a member, by what it says of itself; before it ever started, by nothing. */
export function podOfMember(member: EtcdMemberView): string {
  return podOf(member.clientUrls[0] ?? '');
}

/** What one voice lists; the first one where all agree. */
export function membersSeen(api: MemberApiView | undefined): EtcdMemberView[] {
  return api?.voices[0]?.members ?? [];
}

/** Why the membership cannot be relied on, in sentences; empty: every member that was asked says the same, and all are well in each one's eyes. */
export function doubts({ memberApi: api, database }: ClusterView): string[] {
  if (!api) return ["etcd's member list was not read"];
  if (api.served === 'none') return ["PD serves neither etcd's v3 gateway nor its v2 members API: set enable-grpc-gateway to true in PD's configuration"];
  const [first, ...others] = api.voices;
  if (!first) return [`no PD member lists etcd's members: ${api.silent.join('; ')}`];
  const few = first.members.length > 1 && others.length === 0 ? [`only ${first.by} lists etcd's members, and a second view is needed: ${api.silent.join('; ')}`] : [];
  const other = others.filter((voice) => textOf(voice.members) !== textOf(first.members)).map((voice) => `${voice.by} lists other members or URLs than ${first.by}`);
  const unwell = api.voices.flatMap((voice) => voice.unhealthy.map((name) => `PD member ${name || 'without a name'} is not healthy in the eyes of ${voice.by}`));
  const count = database && database.members.length !== first.members.length ? [`PD lists ${database.members.length} members, etcd ${first.members.length}`] : [];
  return [...few, ...other, ...unwell, ...count];
}

function textOf(members: EtcdMemberView[]): string {
  return JSON.stringify(members.map(({ id, name, peerUrls, clientUrls }) => [id, name, peerUrls, clientUrls]).sort());
}

/** What stands between this member and its right peer URL: nothing, a write, or a reason why no write may mend it. */
export type PeerUrlState = { is: 'right' } | { is: 'to-write'; why: string } | { is: 'unmendable'; why: string };

export function peerUrlState(view: ClusterView, member: TidbClusterView, of: EtcdMemberView, domain: string): PeerUrlState {
  const pod = podOfMember(of);
  const place = peerPlaceOf(member, pod, domain);
  const expected = expectedPeerUrl(place);
  const others = membersSeen(view.memberApi).filter((other) => other.id !== of.id);
  if (!of.name || of.learner) return { is: 'unmendable', why: `member ${of.id} ${of.learner ? 'is a learner' : 'was added and has never started'}: let it start, or remove it from PD first` };
  if (of.peerUrls.length === 1 && of.peerUrls[0] === expected) return { is: 'right' };
  const unsound = of.peerUrls.length !== 1 ? 'it must have exactly one peer URL' : whyUnsound(of.peerUrls[0] ?? '', pod);
  if (unsound) return { is: 'unmendable', why: `PD member ${pod} has peer URL ${of.peerUrls.map((url) => JSON.stringify(url)).join(', ') || 'none'}: ${unsound}` };
  const wrong = peerUrlProblems(expected, place, others);
  if (wrong.length > 0) return { is: 'unmendable', why: `PD member ${pod} cannot be given ${expected}: ${wrong.join('; ')}` };
  if (isOldForm(of.peerUrls[0] ?? '', expected, domain)) return { is: 'to-write', why: '' };
  const healthy = view.database?.members.find((each) => each.id === of.id)?.healthy === true;
  const by = `PD member ${pod} has peer URL ${of.peerUrls[0]}, written by hand and not what it should be`;
  return healthy ? { is: 'to-write', why: `${by}; it is healthy, so that is mended` } : { is: 'unmendable', why: `${by}, and it is not healthy: bring it back first (a URL that the others reach), then run this again` };
}

/** etcd could not parse it, and the other members panic at every start (§5.4), or it leads to another pod. */
function whyUnsound(url: string, pod: string): string | undefined {
  if (!/^https?:\/\/[a-z0-9.-]+:\d+$/.test(url)) return 'etcd cannot use that as a URL, and the other members die of it at their next start: no write mends it; restore PD (pd-recover) before anything else';
  if (parseHost(url)?.pod !== pod) return 'that is the address of something else';
  return undefined;
}

/** As the start script without a domain wrote it: the same host, port and scheme. */
function isOldForm(url: string, expected: string, domain: string): boolean {
  return domain !== '' && url === expected.replace(`.svc.${domain}:`, '.svc:');
}

/** Discovery hands this to a PD that joins: each member's first peer URL, with PD's client port (§4.2; tidb-operator v1.6 discovery.go). */
export function joinArgument(members: EtcdMemberView[]): string {
  return `--join=${members.map((member) => (member.peerUrls[0] ?? '').replace(':2380', ':2379')).join(',')}`;
}
