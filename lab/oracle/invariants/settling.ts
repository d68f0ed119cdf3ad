/**
 * Settling rolls nothing: after our patch of `spec.version` no StatefulSet of that TidbCluster gets a new revision, until
 * somebody changes its spec again.
 */
import { isWithin } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../places.ts';
import type { Change } from '../tidb-cluster-history.ts';

export function settlingRollsNothing(evidence: Evidence): Finding {
  const settlings = evidence.steps.filter(({ settles, asked }) => settles && isWithin(evidence.span, asked));
  return finding('settling rolls nothing', {
    broken: settlings.flatMap((settling) => rollsAfter(evidence, settling)),
    seen: settlings.map(({ asked, place }) => `${place.id} was settled at ${clock(asked)}`),
    nothing: 'no patch of spec.version by the author seen',
  });
}

function rollsAfter({ facts, changes }: Evidence, { place, asked }: Change): string[] {
  const next = changes.find((change) => change.place === place && change.asked > asked && change.paths.some(({ path }) => path.startsWith('spec.')))?.asked ?? Infinity;
  return facts
    .filter(({ kind, time, ...fact }) => kind === 'component-rolling' && time >= asked && time < next && placeOf([place], fact))
    .map(({ time, component }) => `${component ?? 'a component'} of ${place.id} began to roll at ${clock(time)}, after settling at ${clock(asked)}`);
}
