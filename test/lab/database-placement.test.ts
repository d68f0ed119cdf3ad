/** Placement in the database twin: rules, labels, isolation, and what they do to a store that is being removed. */
import fc from 'fast-check';
import { Database } from '../../lab/database/database.ts';
import { undisturbed } from '../../lab/database/model.ts';
import type { Disturbances, Engine } from '../../lab/database/model.ts';
import { roomOf } from '../../lab/database/pd-bodies.ts';
import { allows, fitsOf } from '../../lab/database/placement.ts';
import type { Rule } from '../../lab/database/placement.ts';
import { presets } from '../../lab/settings.ts';

const { tick, regions: regionCount } = presets.fast;
const long = 10_000;

/** Three PD members would change nothing: one leads. */
class World {
  now = 1_000_000;
  disturbances: Partial<Disturbances> = {};
  readonly database = new Database({
    name: 'shop', speeds: presets.fast, record: () => undefined,
    disturbances: { ...undisturbed, neverDrains: (store) => this.disturbances.neverDrains?.(store) ?? false },
  });

  constructor() {
    const joining = { origin: { kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop-east', pod: 'pd-0' }, name: 'pd-0', peerUrl: 'http://pd-0:2380', clientUrl: 'http://pd-0:2379', version: 'v8.5.3' };
    this.database.startMember(this.database.addMember(joining), joining);
  }

  /** Stores of a TidbCluster in a zone of the Kubernetes cluster's name. */
  stores(zone: string, count: number, engine: Engine = 'tikv'): number[] {
    this.database.configuration.change({ stores: [{ tidbCluster: `shop-${zone}`, labels: { zone } }] });
    return Array.from({ length: count }, (_, index) => {
      const origin = { kubernetesCluster: zone, namespace: 'shop', tidbCluster: `shop-${zone}`, pod: `${zone}-${engine}-${index}` };
      return this.database.startStore({ engine, origin, address: `${origin.pod}:20160`, statusAddress: `${origin.pod}:20180`, version: '8.5.3' }, undefined, this.now);
    });
  }
  pass(milliseconds = long): this {
    const end = this.now + milliseconds;
    for (; this.now < end; this.now += tick) this.database.advance(this.now);
    return this;
  }
  state(id: number): string {
    return this.database.stateName(this.database.stores.all.get(id)!);
  }
  peers(id: number): number {
    return this.database.regions.peersOn(id);
  }
}

const rule = (more: Partial<Rule> = {}): Rule => ({ group_id: 'pd', id: 'default', start_key: '', end_key: '', role: 'voter', count: 3, ...more });

describe('a rule allows a store', () => {
  it.each<[string, Rule['label_constraints'], Record<string, string>, boolean]>([
    ['without constraints', [], { zone: 'east' }, true],
    ['with the value', [{ key: 'zone', op: 'in', values: ['east', 'west'] }], { zone: 'east' }, true],
    ['not with another value', [{ key: 'zone', op: 'in', values: ['west'] }], { zone: 'east' }, false],
    ['not without the label, for in', [{ key: 'zone', op: 'in', values: ['west'] }], {}, false],
    ['without the label, for notIn', [{ key: 'zone', op: 'notIn', values: ['west'] }], {}, true],
    ['not with a value of notIn', [{ key: 'zone', op: 'notIn', values: ['west'] }], { zone: 'west' }, false],
    ['with the label, for exists', [{ key: 'zone', op: 'exists' }], { zone: 'x' }, true],
    ['not with the label, for notExists', [{ key: 'zone', op: 'notExists' }], { zone: 'x' }, false],
    ['not when one of two constraints fails', [{ key: 'zone', op: 'exists' }, { key: 'disk', op: 'exists' }], { zone: 'x' }, false],
    ['of TiFlash only when it names the engine', [], { engine: 'tiflash' }, false],
    ['of TiFlash when it names the engine', [{ key: 'engine', op: 'in', values: ['tiflash'] }], { engine: 'tiflash' }, true],
  ])('%s', (_, constraints, labels, expected) => expect(allows(rule({ label_constraints: constraints }), labels)).toBe(expected));

  it('is served by each peer for one rule only, the narrow rule first', () => {
    const labels: Record<number, Record<string, string>> = { 1: { zone: 'east' }, 2: { zone: 'west' } };
    const narrow = rule({ id: 'east', count: 1, label_constraints: [{ key: 'zone', op: 'in', values: ['east'] }] });
    const peers = [1, 2].map((store) => ({ store, learner: false, caughtUpAt: 0 }));
    const fits = fitsOf({ id: 1, leader: 1, peers }, [rule({ count: 2 }), narrow], (id) => ({ id, labels: labels[id]! }));
    expect(fits.map((fit) => [fit.rule.id, fit.peers.map(({ store }) => store), fit.lacking])).toEqual([['east', [1], 0], ['default', [2], 1]]);
  });
});

describe('peers', () => {
  it('stand in zones of their own under an isolation level', () => {
    const world = new World();
    world.database.configuration.change({ locationLabels: ['zone'], isolationLevel: 'zone' });
    const zones = ['east', 'west', 'north'].map((zone) => world.stores(zone, 2));
    world.pass();
    for (const { peers } of world.database.regions.all) {
      expect(zones.map((stores) => peers.filter(({ store }) => stores.includes(store)).length)).toEqual([1, 1, 1]);
    }
  });

  it('prefer zones of their own under location labels alone, and share one when there are too few', () => {
    const world = new World();
    world.database.configuration.change({ locationLabels: ['zone'] });
    const east = world.stores('east', 3);
    world.stores('west', 1);
    world.pass();
    expect(world.database.missing()).toBe(0);
    for (const { peers } of world.database.regions.all) expect(peers.filter(({ store }) => east.includes(store))).toHaveLength(2);
  });

  it('move when a rule sends them elsewhere', () => {
    const world = new World();
    const [east, west] = [world.stores('east', 3), world.stores('west', 3)];
    world.pass();
    world.database.configuration.change({ placementRules: [rule({ label_constraints: [{ key: 'zone', op: 'in', values: ['west'] }] })] });
    world.pass();
    expect(east.map((id) => world.peers(id))).toEqual([0, 0, 0]);
    expect(west.map((id) => world.peers(id))).toEqual([regionCount, regionCount, regionCount]);
    expect(world.database.regions.all.every(({ leader }) => west.includes(leader!))).toBe(true);
  });

  it('grow and shrink with max-replicas', () => {
    const world = new World();
    world.stores('east', 5);
    world.pass();
    for (const maxReplicas of [5, 3]) {
      world.database.configuration.change({ maxReplicas });
      world.pass();
      expect(world.database.regions.all.every(({ peers }) => peers.length === maxReplicas)).toBe(true);
    }
  });
});

describe('a store that is being removed', () => {
  it('never drains when the remaining zones are too few for the isolation level, and is never a Tombstone', () => {
    const world = new World();
    world.database.configuration.change({ locationLabels: ['zone'], isolationLevel: 'zone' });
    world.stores('east', 2);
    world.stores('west', 2);
    const [north] = world.stores('north', 1);
    world.pass();
    expect(world.database.removeStore(north!, world.now)).toBeUndefined();
    world.pass(60_000);
    expect([world.state(north!), world.peers(north!)]).toEqual(['Offline', regionCount]);
    world.stores('south', 1);
    world.pass();
    expect(world.state(north!)).toBe('Tombstone');
  });

  it('never drains when the only rule wants its label, and drains when the rule is changed', () => {
    const world = new World();
    const [first] = world.stores('east', 3);
    world.stores('west', 3);
    world.database.configuration.change({ placementRules: [rule({ label_constraints: [{ key: 'zone', op: 'in', values: ['east'] }] })] });
    world.pass();
    world.database.removeStore(first!, world.now);
    world.pass(60_000);
    expect(world.state(first!)).toBe('Offline');
    world.database.configuration.change({ placementRules: 'default' });
    world.pass();
    expect(world.state(first!)).toBe('Tombstone');
  });

  it('of TiFlash drains only when enough TiFlash stores remain for the tables, or the tables need fewer', () => {
    const world = new World();
    world.stores('east', 4);
    const [one] = world.stores('east', 2, 'tiflash');
    world.database.configuration.change({ tiflashReplicas: 2 });
    world.pass();
    world.database.removeStore(one!, world.now);
    world.pass(60_000);
    expect(world.state(one!)).toBe('Offline');
    world.database.configuration.change({ tiflashReplicas: 1 });
    world.pass();
    expect(world.state(one!)).toBe('Tombstone');
  });

  it('stays for ever under the fault that holds its peers', () => {
    const world = new World();
    const [first] = world.stores('east', 5);
    world.pass();
    world.disturbances = { neverDrains: ({ id }) => id === first };
    world.database.removeStore(first!, world.now);
    const before = world.peers(first!);
    world.pass(60_000);
    expect([world.state(first!), world.peers(first!)]).toEqual(['Offline', before]);
    world.disturbances = {};
    world.pass();
    expect(world.state(first!)).toBe('Tombstone');
  });

  it('is Up again and keeps its peers when the removal is taken back', () => {
    const world = new World();
    const [first] = world.stores('east', 5);
    world.pass();
    world.database.removeStore(first!, world.now);
    world.pass(tick);
    expect(world.database.keepStore(first!)).toBe(true);
    world.pass();
    expect(world.state(first!)).toBe('Up');
    expect(world.peers(first!)).toBeGreaterThan(0);
    world.database.removeStore(first!, world.now);
    world.pass();
    expect([world.state(first!), world.database.keepStore(first!)]).toEqual(['Tombstone', false]);
  });
});

it('a store is as full as its regions make it', () => {
  const world = new World();
  const [first] = world.stores('east', 4);
  world.pass();
  world.database.configuration.change({ stores: [{ pod: 'east-tikv-0', capacityGiB: 1 }] });
  const store = world.database.stores.all.get(first!)!;
  expect(roomOf(world.database, store)).toEqual({ capacity: 1_024 ** 3, used: world.peers(first!) * 96 * 1_024 ** 2, available: 0 });
});

it('no region ever has two peers in one zone under isolation, nor loses its quorum, whatever is removed and taken back', () => {
  fc.assert(fc.property(fc.array(fc.record({ who: fc.nat(7), what: fc.constantFrom('remove', 'keep', 'evict', 'end'), wait: fc.nat(2_000) }), { maxLength: 20 }), (steps) => {
    const world = new World();
    world.database.configuration.change({ locationLabels: ['zone'], isolationLevel: 'zone' });
    const ids = ['a', 'b', 'c', 'd'].flatMap((zone) => world.stores(zone, 2));
    world.pass(3_000);
    for (const { who, what, wait } of steps) {
      const id = ids[who]!;
      if (what === 'remove') world.database.removeStore(id, world.now);
      if (what === 'keep') world.database.keepStore(id);
      if (what === 'evict') world.database.evict(id);
      if (what === 'end') world.database.endEviction(id);
      world.pass(wait);
      const zoneOf = (store: number): string => world.database.configuration.labelsOf(world.database.stores.all.get(store)!)['zone']!;
      for (const { peers, leader } of world.database.regions.all) {
        const staying = peers.filter(({ store }) => world.state(store) === 'Up');
        expect(new Set(staying.map(({ store }) => zoneOf(store))).size).toBeGreaterThanOrEqual(Math.min(staying.length, 3));
        expect(peers.length).toBeGreaterThanOrEqual(3);
        expect(peers.some(({ store }) => store === leader)).toBe(true);
      }
    }
  }), { numRuns: 30 });
});
