/**
 * An exit goes in stages: only the leaving TidbCluster is scaled in, in the order in which its components may leave, all before it is deleted, and it
 * is deleted only when PD no longer has a member of it and every store of it is a Tombstone.
 */
import { exitOrder } from '../component-versions.ts';
import { isWithin } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../places.ts';
import type { Place, TidbClusterName } from '../places.ts';

interface Stage {
  place: Place;
  component: string;
  asked: number;
}

const rank = ({ component }: Stage): number => exitOrder.findIndex((names) => names.includes(component));

export function exitInStages(evidence: Evidence, mustSee: boolean, leaving: TidbClusterName): Finding {
  const own = evidence.changes.filter(({ request, asked }) => evidence.isAuthors(request) && isWithin(evidence.span, asked));
  const stages = own.flatMap(({ place, asked, scaled }) => scaled.filter(({ to }) => to === 0).map(({ component }) => ({ place, component, asked })));
  const where = placeOf(evidence.places, { ...leaving, tidbCluster: leaving.name });
  const elsewhere = stages.filter(({ place }) => place !== where).map(({ place, component, asked }) => `at ${clock(asked)} ${component} of ${place.id} was scaled to zero, which does not leave`);
  const disorder = stages.slice(1).flatMap((stage, index) => outOfOrder(stages[index], stage));
  const deletions = own.filter(({ request }) => request.verb.startsWith('delete'));
  const early = deletions.flatMap(({ place, asked }) => livesAt(evidence, place, asked).map((what) => `TidbCluster ${place.id} was deleted at ${clock(asked)} while ${what}`));
  const seen = stages.length === 0 ? [] : [`${stages.map(({ component, place }) => `${component}/${place.id}`).join(', ')}${deletions.length > 0 ? ', then the deletion' : ''}`];
  return finding('an exit goes in stages', { broken: [...elsewhere, ...disorder, ...early], seen, nothing: 'no scale-in to zero by the author seen', mustSee });
}

function outOfOrder(before: Stage | undefined, stage: Stage): string[] {
  return before && rank(before) > rank(stage) ? [`${before.component} (${clock(before.asked)}) left before ${stage.component} (${clock(stage.asked)}), against ${exitOrder.flat().join(', ')}`] : [];
}

/** Members and stores of it that the database still had. */
function livesAt({ facts }: Evidence, place: Place, time: number): string[] {
  const own = facts.filter((fact) => fact.time <= time && placeOf([place], fact));
  const members = new Set<string>();
  const stores = new Map<number, string>();
  for (const { kind, member = '', store, to = '' } of own) {
    if (kind === 'member-joined') members.add(member);
    if (kind === 'member-left') members.delete(member);
    if (kind === 'store-state' && store !== undefined) stores.set(store, to);
  }
  return [...[...members].map((member) => `PD had its member ${member}`), ...[...stores].filter(([, state]) => state !== 'Tombstone').map(([store, state]) => `its store ${store} was ${state}`)];
}
