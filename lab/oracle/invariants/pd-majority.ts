/**
 * PD majority: the PD members that serve are never fewer than a majority of all members. What faults alone took away, or what a
 * fault took away after our last change of PD, is not our doing and is said.
 */
import type { Evidence } from '../evidence.ts';
import { isWithin } from '../evidence.ts';
import type { Fact } from '../facts.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { isDuring, seatOf } from '../troubles.ts';

/** Enough to tell a roll from a crash. */
const lastFacts = 4;

export function pdKeepsItsMajority(evidence: Evidence, mustSee: boolean): Finding {
  const counts = evidence.facts.filter(({ kind }) => ['member-joined', 'member-left', 'member-up', 'member-down', 'pd-leader'].includes(kind));
  const judged = inSpan(evidence, counts.filter(({ alive, members }) => alive !== undefined && members !== undefined));
  const lost = judged.filter(({ alive = 0, members = 0 }) => alive < majorityOf(members));
  const sentences = lost.map((fact) => ({ sentence: sentenceOf(evidence, fact), excuse: excuseFor(evidence, fact) }));
  const lowest = judged.length === 0 ? [] : [`at least ${Math.min(...judged.map(({ alive = 0 }) => alive))} PD members served, of up to ${Math.max(...judged.map(({ members = 0 }) => members))}`];
  return finding('PD keeps its majority', {
    broken: sentences.filter(({ excuse }) => excuse === undefined).map(({ sentence }) => sentence),
    seen: [...sentences.flatMap(({ sentence, excuse }) => (excuse === undefined ? [] : [`${sentence}: ${excuse}`])), ...lowest],
    nothing: 'no PD member seen', mustSee,
  });
}

/** Names the members that are away, and what happened last to each one's pod. */
function sentenceOf({ troubles, facts }: Evidence, { time, alive, members = 0 }: Fact): string {
  const absent = troubles.filter((trouble) => trouble.kind === 'member' && isDuring(trouble, time));
  const ofPods = facts.filter((fact) => fact.time <= time && fact.kind.startsWith('pod-'));
  const lastOf = (seat: string): string => ofPods.filter((fact) => seatOf(fact) === seat).slice(-lastFacts).map((fact) => `, ${fact.kind} ${clock(fact.time)}`).join('');
  const who = absent.map(({ name, title, state, from }) => `${title} ${state} since ${clock(from)}${lastOf(name)}`).join('; ');
  return `at ${clock(time)} ${alive} of ${members} PD members served, ${majorityOf(members)} are a majority${who ? ` (${who})` : ''}`;
}

const majorityOf = (members: number): number => Math.floor(members / 2) + 1;

/** The facts in the span, and the last one before it: it says how the span began. */
function inSpan({ span }: Evidence, facts: Fact[]): Fact[] {
  const before = facts.filter(({ time }) => time < span.from).at(-1);
  return [...(before ? [before] : []), ...facts.filter(({ time }) => isWithin(span, time))];
}

function excuseFor({ troubles, steps }: Evidence, { time, members = 0 }: Fact): string | undefined {
  const down = troubles.filter((trouble) => trouble.kind === 'member' && isDuring(trouble, time));
  const faulted = down.filter(({ fault }) => fault);
  const titles = [...new Set(faulted.map(({ fault }) => fault?.title))].join(', ');
  if (members - faulted.length < majorityOf(members)) return `taken away by ${titles} alone`;
  const lastChange = steps.filter(({ asked, versions }) => asked <= time && versions.some(({ component }) => component === 'pd')).at(-1);
  const cameLater = faulted.length > 0 && faulted.every(({ fault }) => lastChange !== undefined && (fault?.from ?? 0) > lastChange.asked);
  return cameLater ? `${titles} came after our change` : undefined;
}
