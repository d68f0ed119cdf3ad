/**
 * TiKV: never more than one store of the database is not Up in PD's view, and stores of two TidbClusters are never away at the
 * same time; the Up stores stay above a floor where one is given. Stores that a fault met are left out and said. Two stores of
 * one TidbCluster that are away together while PD calls them Up are the operator's own pace (observed row 5), and are said.
 */
import type { Evidence } from '../evidence.ts';
import { isWithin } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../places.ts';
import type { Place } from '../places.ts';
import { isDuring } from '../troubles.ts';
import type { Trouble } from '../troubles.ts';

export function storesStayUp(evidence: Evidence, mustSee: boolean, floor?: number): Finding {
  const stores = storesOf(evidence);
  const troubles = evidence.troubles.filter(({ kind, component, isEcho }) => kind !== 'member' && component === 'tikv' && !isEcho);
  const moments = [...momentsOf(evidence, troubles), ...(floor === undefined ? [] : burials(evidence))];
  const broken = moments.flatMap((time) => {
    const lasting = troubles.filter((trouble) => isDuring(trouble, time));
    return [...tooMany(evidence.places, lasting, time), ...belowFloor(stores(time), lasting, time, floor)];
  });
  const total = stores(Infinity);
  const seen = total === 0 ? [] : [`${total} TiKV stores, ${new Set(troubles.filter(({ from }) => isWithin(evidence.span, from)).map(({ name }) => name)).size} of them away or not Up for a time`];
  return finding('TiKV stores stay Up but one', { broken, seen: [...seen, ...saidOf(evidence, troubles, moments)], nothing: 'no TiKV store seen', mustSee });
}

/** How many TiKV stores there are at a time: seen, and not yet Tombstones. */
function storesOf({ facts }: Evidence): (time: number) => number {
  const ofTikv = facts.filter(({ kind, engine }) => engine === 'tikv' && kind.startsWith('store-'));
  return (time) => {
    const known = new Set<number | undefined>();
    for (const { store, to, kind } of ofTikv.filter((fact) => fact.time <= time)) {
      if (to === 'Tombstone') known.delete(store);
      // The process of a Tombstone goes away after it.
      else if (kind !== 'store-away') known.add(store);
    }
    return known.size;
  };
}

/** The times at which it can get worse: when a trouble begins, and when the span does. */
function momentsOf({ span }: Evidence, troubles: readonly Trouble[]): number[] {
  const begins = troubles.map(({ from }) => from).filter((time) => isWithin(span, time));
  return [...new Set(Number.isFinite(span.from) ? [span.from, ...begins] : begins)];
}

/** When a store left for good: the number of stores is then smaller for ever. */
function burials({ facts, span }: Evidence): number[] {
  return facts.filter(({ kind, engine, to, time }) => kind === 'store-state' && engine === 'tikv' && to === 'Tombstone' && isWithin(span, time)).map(({ time }) => time);
}

const titles = (troubles: readonly Trouble[]): string => [...new Set(troubles.map(({ title, state }) => `${title} ${state}`))].join(', ');
const distinct = (troubles: readonly Trouble[]): number => new Set(troubles.map(({ name }) => name)).size;

function tooMany(places: readonly Place[], lasting: readonly Trouble[], time: number): string[] {
  const ours = lasting.filter(({ fault }) => !fault);
  const notUp = ours.filter(({ kind }) => kind === 'not-up');
  if (distinct(notUp) > 1) return [`at ${clock(time)} ${distinct(notUp)} stores were not Up at once: ${titles(notUp)}`];
  const where = new Set(ours.map(({ origin }) => placeOf(places, origin)?.id ?? origin.tidbCluster));
  return where.size > 1 ? [`at ${clock(time)} stores of ${[...where].join(' and ')} were away at once: ${titles(ours)}`] : [];
}

function belowFloor(stores: number, lasting: readonly Trouble[], time: number, floor: number | undefined): string[] {
  const up = stores - distinct(lasting);
  return floor === undefined || up > floor ? [] : [`at ${clock(time)} ${up} TiKV stores were Up, which is not above ${floor}: ${titles(lasting)}`];
}

function saidOf({ troubles: all, span }: Evidence, troubles: readonly Trouble[], moments: readonly number[]): string[] {
  const faulted = troubles.filter(({ fault, from, until }) => fault && from <= span.until && until >= span.from).map(({ title, from, fault }) => `${title} was left out from ${clock(from)}: ${fault?.title}`);
  const together = moments.filter((time) => distinct(troubles.filter((trouble) => !trouble.fault && isDuring(trouble, time))) > 1);
  const echoes = all.filter(({ isEcho, from }) => isEcho && isWithin(span, from));
  return [
    ...new Set(faulted),
    ...(together.length > 0 ? [`${together.length} times a second store of the same TidbCluster went away before the first was back: the operator's own pace`] : []),
    ...(echoes.length > 0 ? [`${echoes.length} times a new PD leader had not yet heard of a store and called it Disconnected: left out`] : []),
  ];
}
