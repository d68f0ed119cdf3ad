/** Thousands of clusters, most of them ill in some way: what the guards of an exit let through is judged by trying everything out. */
import fc from 'fast-check';
import { refusing, survivorsWhole } from '../../../src/tidb/exit/guards.ts';
import { misfits } from '../../../src/tidb/exit/placement.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { ClusterView, PlacementRule, Store, StoreState } from '../../../src/tidb/view.ts';
import { database, defaultRule, makeView, specOf, tidbCluster } from '../make-view.ts';
import { everyRegionFindsItsStores } from './brute-force.ts';

const zones = ['a', 'b', 'c'] as const;

const constraint = fc.oneof(
  fc.record({ key: fc.constant('engine'), op: fc.constant('in'), values: fc.constant<string[]>(['tiflash']) }),
  fc.record({ key: fc.constant('zone'), op: fc.constantFrom('in', 'notIn'), values: fc.subarray([...zones], { minLength: 1 }) }),
  fc.record({ key: fc.constant('disk'), op: fc.constantFrom('exists', 'notExists'), values: fc.constant<string[]>([]) }),
);

const rule: fc.Arbitrary<PlacementRule> = fc
  .record({ groupId: fc.constantFrom('pd', 'more'), index: fc.integer({ min: 0, max: 2 }), override: fc.boolean(), count: fc.integer({ min: 1, max: 3 }), range: fc.constantFrom(['', ''], ['', '5'], ['3', '8'], ['5', '']), constraints: fc.array(constraint, { maxLength: 2 }), isolation: fc.constantFrom('', '', 'zone', 'host') })
  .map(({ groupId, index, override, count, range, constraints, isolation }) => ({ ...defaultRule(count), groupId, index, override, startKey: range[0] ?? '', endKey: range[1] ?? '', labelConstraints: constraints, locationLabels: isolation === '' ? [] : ['zone', 'host'], isolationLevel: isolation }));

const rules = fc.array(rule, { minLength: 1, maxLength: 3 }).map((list) => list.map((each, number) => ({ ...each, id: `r${number}` })));

/** Not every store has every label, and a few are TiFlash. */
const labels = fc
  .record({ zone: fc.option(fc.constantFrom(...zones), { nil: '' }), host: fc.constantFrom('1', '2'), disk: fc.constantFrom('', 'ssd'), engine: fc.constantFrom('', '', '', '', 'tiflash') })
  .map((all): Record<string, string> => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')));

test('rules are called satisfiable exactly when trying every store for every peer finds a place for all', () => {
  const whole = database(makeView());
  const template = whole.stores[0] as Store;
  fc.assert(
    fc.property(rules, fc.array(labels, { maxLength: 6 }), (list, sets) => {
      const stores = sets.map((each, number): Store => ({ ...template, id: String(number), labels: each }));
      const given = { ...whole, placementRules: list };
      expect(misfits(given, stores).length === 0).toBe(everyRegionFindsItsStores(list, stores));
    }),
    { numRuns: 3_000 },
  );
});

const states = fc.constantFrom<StoreState>('Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Up', 'Disconnected', 'Down', 'Offline', 'Tombstone');

interface Ills {
  states: StoreState[];
  labels: Record<string, string>[];
  healthy: (boolean | undefined)[];
  pd: number[];
  maxReplicas: number;
  rules: PlacementRule[] | undefined;
  leaving: number;
}

const keys = ['west', 'east', 'north'];

const ills: fc.Arbitrary<Ills> = fc.record({
  states: fc.array(states, { minLength: 12, maxLength: 12 }),
  labels: fc.array(labels, { minLength: 12, maxLength: 12 }),
  healthy: fc.array(fc.constantFrom(true, true, true, true, true, true, true, false, undefined), { minLength: 9, maxLength: 9 }),
  pd: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 }),
  maxReplicas: fc.constantFrom(1, 3, 3, 5),
  rules: fc.option(rules, { nil: undefined }),
  leaving: fc.integer({ min: 0, max: 2 }),
});

/** By the number of TiKV: making one is slow, copying it is not. */
const healthy = new Map([1, 2, 3, 4].map((tikv) => [tikv, makeView({ replicas: { pd: 3, tikv } })]));

/** Three TidbClusters of up to four TiKV, with these ills. */
function cluster(tikv: number, given: Ills): ClusterView {
  const view = structuredClone(healthy.get(tikv) as ClusterView);
  const { stores, members } = database(view);
  stores.forEach((each, number) => Object.assign(each, { state: given.states[number], labels: given.labels[number] }));
  members.forEach((each, number) => Object.assign(each, { healthy: given.healthy[number] }));
  keys.forEach((key, number) => (specOf(view, key, 'pd').replicas = given.pd[number] ?? 0));
  const kept = members.filter(({ name }) => keys.some((key, number) => Array.from({ length: given.pd[number] ?? 0 }, (_, ordinal) => `shop-${key}-pd-${ordinal}.`).some((pod) => name.startsWith(pod))));
  Object.assign(database(view), { members: kept, leader: kept[0]?.name, maxReplicas: given.maxReplicas, placementRules: given.rules ?? [defaultRule(given.maxReplicas)] });
  return view;
}

test('an exit that is allowed never leaves max-replicas Up TiKV or fewer, a minority of PD, or a rule that cannot be satisfied', () => {
  let allowed = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), ills, (tikv, given) => {
      const view = cluster(tikv, given);
      const leaving = keys[given.leaving] ?? '';
      if (askAll([...refusing, ...survivorsWhole], view, { member: tidbCluster(view, leaving) }).length > 0) return;
      allowed += 1;
      const { stores, members } = database(view);
      const staying = stores.filter(({ address, state }) => !address.includes(`shop-${leaving}-`) && state !== 'Tombstone');
      expect(staying.filter(({ state }) => state === 'Up').length).toBeGreaterThanOrEqual(given.maxReplicas + 1);
      const votes = members.filter(({ name }) => !name.includes(`shop-${leaving}-`)).map(({ healthy }) => healthy === true);
      expect(votes.filter(Boolean).length).toBeGreaterThan(votes.length / 2);
      expect(everyRegionFindsItsStores(given.rules ?? [defaultRule(given.maxReplicas)], staying.filter(({ state }) => state === 'Up'))).toBe(true);
    }),
    { numRuns: 6_000 },
  );
  // An attack that nothing survives would show nothing.
  expect(allowed).toBeGreaterThan(100);
});
