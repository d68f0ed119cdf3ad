/**
 * Order: our changes of versions go by component (PD, its microservices, TiProxy, TiFlash, TiKV, Pump, TiDB, TiCDC), and within a
 * component by TidbCluster: the initial one first, then as they were given. Settling comes after all of them.
 */
import { upgradeOrder } from '../component-versions.ts';
import { stepsInSpan } from '../evidence.ts';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { Place } from '../places.ts';

interface Stop {
  id: string;
  asked: number;
  componentRank: number;
  placeRank: number;
}

/** In which order our changes came, such as `pd/east`, `pd/west`, `tikv/east`. */
export const orderOf = (evidence: Evidence): string[] => stopsOf(evidence).map(({ id }) => id);

function stopsOf(evidence: Evidence): Stop[] {
  return stepsInSpan(evidence).filter(({ scaled }) => scaled.length === 0).flatMap(({ place, asked, versions }) => {
    const placeRank = evidence.places.indexOf(place);
    if (versions.length === 0) return [{ id: `settle/${place.id}`, asked, componentRank: upgradeOrder.length, placeRank }];
    return versions.map(({ component }) => ({ id: `${component}/${place.id}`, asked, componentRank: upgradeOrder.findIndex((names) => names.includes(component)), placeRank }));
  });
}

export function upgradeInOrder(evidence: Evidence, mustSee: boolean): Finding {
  const stops = stopsOf(evidence);
  const broken = stops.slice(1).flatMap((stop, index) => {
    const before = stops[index];
    return before && isAfter(before, stop) ? [`${before.id} (${clock(before.asked)}) came before ${stop.id} (${clock(stop.asked)})`] : [];
  });
  const seen = stops.length === 0 ? [] : [`${stops.length} changes in this order: ${stops.map(({ id }) => id).join(', ')}`];
  return finding('changes come in the documented order', { broken: broken.map((sentence) => `${sentence}, against ${orderInWords(evidence.places)}`), seen, nothing: 'no change of versions by the author seen', mustSee });
}

const isAfter = (a: Stop, b: Stop): boolean => a.componentRank > b.componentRank || (a.componentRank === b.componentRank && a.placeRank > b.placeRank);

const orderInWords = (places: readonly Place[]): string => `${upgradeOrder.map((names) => names.join('/')).join(', ')}, each in ${places.map(({ id }) => id).join(', ')}`;
