/**
 * Peer URLs are written with care: every one that etcd was given is one URL that etcd can use, of that member's own pod, and it came while all PD
 * members were up and one led. Only what a fault took away too shortly before to be seen is excused, and said.
 */
import { isWithin } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import type { Fact } from '../facts.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readingWindow } from '../reading-window.ts';
import { isDuring } from '../troubles.ts';

export function peerUrlsWithCare(evidence: Evidence, mustSee: boolean): Finding {
  const moves = evidence.facts.filter(({ kind, time }) => kind === 'member-moved' && isWithin(evidence.span, time));
  const broken: string[] = [];
  const seen = moves.length === 0 ? [] : [`${moves.length} peer URLs were written: ${moves.map(({ peerUrls }) => peerUrls ?? '').join(', ')}`];
  for (const move of moves) {
    if (!isOwnUrl(move)) broken.push(`${describe(move)} is no URL of that member's pod`);
    if (leaderAt(evidence.facts, move.time) === undefined) broken.push(`${describe(move)} came while PD had no leader`);
    for (const { title, state, fault } of evidence.troubles.filter((trouble) => trouble.kind === 'member' && isDuring(trouble, move.time))) {
      const isTooFresh = fault !== undefined && move.time - fault.from < readingWindow;
      (isTooFresh ? seen : broken).push(`${describe(move)} came while ${title} was ${state}${isTooFresh ? '; that had begun too shortly before to be seen' : ''}`);
    }
  }
  return finding('peer URLs are written with care', { broken, seen, nothing: 'no peer URL was written', mustSee });
}

const describe = ({ time, pod = 'a member', peerUrls = '' }: Fact): string => `the peer URL "${peerUrls}" that ${pod} was given at ${clock(time)}`;

const isOwnUrl = ({ pod, peerUrls = '' }: Fact): boolean => pod !== undefined && new RegExp(`^https?://${pod}\\.[a-z0-9.-]+:2380$`).test(peerUrls);

const leaderAt = (facts: readonly Fact[], time: number): string | undefined => facts.findLast((fact) => fact.kind === 'pd-leader' && fact.time <= time)?.leader ?? undefined;
