/**
 * Brakes: `spec.paused` that somebody else set is never released by us. A brake of our own is released, or stands at the end;
 * both are said.
 */
import type { Evidence } from '../evidence.ts';
import { isWithin } from '../evidence.ts';
import { clock, finding, seconds } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { Place } from '../places.ts';
import type { Change } from '../tidb-cluster-history.ts';

interface Turn {
  change: Change;
  isOurs: boolean;
  paused: boolean;
}

export function foreignBrakesStand(evidence: Evidence): Finding {
  const examined = evidence.places.map((place) => examine(evidence, place));
  return finding('brakes of others are not released', {
    broken: examined.flatMap(({ broken }) => broken),
    seen: examined.flatMap(({ seen }) => seen),
    nothing: 'no brake (spec.paused) seen',
  });
}

function examine(evidence: Evidence, place: Place): { broken: string[]; seen: string[] } {
  const broken: string[] = [];
  const seen: string[] = [];
  let standing: Turn | undefined;
  for (const turn of turnsOf(evidence, place)) {
    if (turn.paused) standing = turn;
    else {
      const sentence = describeRelease(turn, standing);
      if (turn.isOurs && !standing?.isOurs && isWithin(evidence.span, turn.change.asked)) broken.push(sentence);
      else seen.push(sentence);
      standing = undefined;
    }
  }
  if (standing) seen.push(`the brake on ${place.id} that ${ownerOf(standing)} set at ${clock(standing.change.asked)} stands at the end`);
  return { broken, seen };
}

/** Only what truly changes `spec.paused`; absent and false are the same. */
function turnsOf(evidence: Evidence, place: Place): Turn[] {
  return evidence.changes.filter((change) => change.place === place).flatMap((change) => {
    const path = change.paths.find((one) => one.path === 'spec.paused');
    const [was, paused] = [path?.from === 'true', path?.to === 'true'];
    return path && was !== paused ? [{ change, isOurs: evidence.isAuthors(change.request), paused }] : [];
  });
}

function describeRelease({ change: { asked, place }, isOurs }: Turn, standing: Turn | undefined): string {
  const who = isOurs ? 'the author' : 'somebody else';
  if (!standing) return `at ${clock(asked)} ${who} released a brake on ${place.id} whose setter is not in the log`;
  return `at ${clock(asked)} ${who} released the brake on ${place.id} that ${ownerOf(standing)} had set ${seconds(asked - standing.change.asked)} before`;
}

const ownerOf = ({ isOurs, change: { request } }: Turn): string => (isOurs ? 'the author' : `${request.user}${request.userAgent === '' ? '' : ` (${request.userAgent})`}`);
