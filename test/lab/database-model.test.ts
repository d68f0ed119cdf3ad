/** The database twin as a model in time: PD's leader and quorum, stores' states, regions under eviction and loss. */
import fc from 'fast-check';
import { Database } from '../../lab/database/database.ts';
import { undisturbed } from '../../lab/database/model.ts';
import { poisonOf } from '../../lab/database/peer-names.ts';
import type { Disturbances, Engine, Member, Origin } from '../../lab/database/model.ts';
import type { Fact } from '../../lab/event-log.ts';
import { presets } from '../../lab/settings.ts';

const origin = (pod: string): Origin => ({ kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop-east', pod });

class World {
  now = 1_000_000;
  readonly facts: Fact[] = [];
  disturbances: Partial<Disturbances> = {};
  readonly database = new Database({
    name: 'shop', speeds: presets.fast, record: (fact) => this.facts.push(fact),
    disturbances: {
      ...undisturbed,
      leadersFrozen: (store) => this.disturbances.leadersFrozen?.(store) ?? false,
      neverDrains: (store) => this.disturbances.neverDrains?.(store) ?? false,
      movedUrlUnresolvable: (member) => this.disturbances.movedUrlUnresolvable?.(member) ?? false,
      leaderLost: () => this.disturbances.leaderLost?.() ?? false,
    },
  });

  member(pod: string): Member {
    const joining = { origin: origin(pod), name: `${pod}.peer`, peerUrl: `http://${pod}:2380`, clientUrl: `http://${pod}:2379`, version: 'v8.5.3' };
    const member = this.database.addMember(joining);
    this.database.startMember(member, joining);
    return member;
  }
  store(pod: string, engine: Engine = 'tikv', id?: number): number {
    return this.database.startStore({ engine, origin: origin(pod), address: `${pod}:20160`, statusAddress: `${pod}:20180`, version: '8.5.3' }, id, this.now);
  }
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (; this.now < end; this.now += presets.fast.tick) this.database.advance(this.now);
  }
  state(id: number): string {
    const store = this.database.stores.all.get(id);
    return store ? this.database.stateName(store) : 'unknown';
  }
}

function settled(members = 3, stores = 4): { world: World; members: Member[]; stores: number[] } {
  const world = new World();
  const all = Array.from({ length: members }, (_, index) => world.member(`pd-${index}`));
  const ids = Array.from({ length: stores }, (_, index) => world.store(`tikv-${index}`));
  world.pass(3_000);
  return { world, members: all, stores: ids };
}

describe('PD', () => {
  test('ids are too large for a JavaScript number', () => {
    const { members } = settled();
    for (const { id } of members) expect(BigInt(Number(id)) === id && id <= BigInt(Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  test('loses its leader with the leader\'s process and elects another after a gap', () => {
    const { world, members } = settled();
    world.database.stopMember(members[0]!);
    expect(world.database.members.leader).toBeUndefined();
    world.pass(presets.fast.pdElection / 2);
    expect(world.database.members.leader).toBeUndefined();
    world.pass(presets.fast.pdElection);
    expect(world.database.members.leader).toBeDefined();
  });

  test('has no leader while the second of two members was added but has not started', () => {
    const world = new World();
    world.member('pd-0');
    world.pass(1_000);
    const joining = { origin: origin('pd-1'), name: 'pd-1.peer', peerUrl: 'http://pd-1:2380', clientUrl: 'http://pd-1:2379', version: 'v8.5.3' };
    const second = world.database.addMember(joining);
    world.pass(5_000);
    expect(world.database.members.leader).toBeUndefined();
    world.database.startMember(second, joining);
    world.pass(1_000);
    expect(world.database.members.leader).toBeDefined();
  });

  test('never has a leader without a majority, whatever dies and returns', () => {
    fc.assert(fc.property(fc.array(fc.record({ who: fc.nat(4), alive: fc.boolean(), wait: fc.nat(600) }), { maxLength: 40 }), (steps) => {
      const { world, members } = settled(5, 0);
      for (const { who, alive, wait } of steps) {
        const member = members[who]!;
        if (alive) member.alive = true;
        else world.database.stopMember(member);
        world.pass(wait);
        const { leader } = world.database.members;
        const living = members.filter((one) => one.alive).length;
        expect(leader === undefined || (leader.alive && living * 2 > members.length)).toBe(true);
      }
    }), { numRuns: 60 });
  });

  test('lists every store as Disconnected after a change of leader, until its next heartbeat', () => {
    const { world, stores, members } = settled();
    world.database.transferLeader(members[1]!.name);
    expect(stores.map((id) => world.state(id))).toEqual(stores.map(() => 'Disconnected'));
    world.pass(presets.fast.storeHeartbeat * 2);
    expect(stores.map((id) => world.state(id))).toEqual(stores.map(() => 'Up'));
  });

  test('does the same when the leader died', () => {
    const { world, stores, members } = settled();
    world.database.stopMember(members[0]!);
    // Longer than the election, so that the tick of the election itself is among those looked at.
    const seen = Array.from({ length: 20 }, () => (world.pass(presets.fast.tick), stores.map((id) => world.state(id))));
    expect(seen.some((states) => states.includes('Disconnected'))).toBe(true);
    expect(seen.at(-1)).toEqual(stores.map(() => 'Up'));
  });

  test('keeps the peer URL of a member over a restart and takes its new name and client URL', () => {
    const { world, members } = settled();
    const [member] = members;
    world.database.stopMember(member!);
    world.database.startMember(member!, { origin: member!.origin, name: 'pd-0.domain', peerUrl: 'http://pd-0.domain:2380', clientUrl: 'http://pd-0.domain:2379', version: 'v8.5.4' });
    expect(member).toMatchObject({ name: 'pd-0.domain', clientUrls: ['http://pd-0.domain:2379'], peerUrls: ['http://pd-0:2380'], version: 'v8.5.4' });
  });
});

describe('the peer URL of a member', () => {
  const east = (pod: string): string => `http://${pod}.pd-peer.shop.svc.east.local:2380`;
  /** Two members in one Kubernetes cluster, one in another, all with a domain; `pd-2` joined without. */
  const spread = (): { world: World; members: Member[] } => {
    const world = new World();
    const members = ['pd-0', 'pd-1', 'pd-2'].map((pod, index) => {
      const where = { ...origin(pod), kubernetesCluster: index === 1 ? 'west' : 'east' };
      const joining = { origin: where, name: pod, peerUrl: pod === 'pd-2' ? `http://${pod}.pd-peer.shop.svc:2380` : east(pod), clientUrl: east(pod).replace('2380', '2379'), version: 'v8.5.3' };
      const member = world.database.addMember(joining);
      world.database.startMember(member, joining);
      return member;
    });
    world.pass(2_000);
    return { world, members };
  };
  const healthy = ({ world, members }: { world: World; members: Member[] }): boolean[] => members.map((member) => world.database.isHealthy(member));

  test('that resolves everywhere costs nothing, not even the leader', () => {
    const { world, members } = spread();
    const leader = world.database.members.leader;
    world.database.moveMember(members[2]!, [east('pd-2')]);
    world.pass(1_000);
    expect(healthy({ world, members })).toEqual([true, true, true]);
    expect(world.database.members.leader).toBe(leader);
  });

  test.each([
    ['of an unknown host', 'http://pd-0.elsewhere:2380'],
    ['without a domain, for peers in another Kubernetes cluster', 'http://pd-0.pd-peer.shop.svc:2380'],
  ])('%s loses the member for the others, its leadership too, until it is mended', (_, url) => {
    const { world, members } = spread();
    expect(world.database.members.leader).toBe(members[0]);
    world.database.moveMember(members[0]!, [url]);
    world.pass(1_000);
    expect(healthy({ world, members })).toEqual([false, true, true]);
    expect(world.database.members.leader).toBe(members[1]);
    world.database.moveMember(members[0]!, [east('pd-0')]);
    world.pass(1_000);
    expect(healthy({ world, members })).toEqual([true, true, true]);
  });

  test('of two of three members that do not resolve leaves no leader', () => {
    const { world, members } = spread();
    for (const member of members.slice(0, 2)) world.database.moveMember(member, ['http://nowhere:2380']);
    world.pass(5_000);
    expect(world.database.members.leader).toBeUndefined();
  });

  test('that is new does not resolve under the fault, while the old one does', () => {
    const { world, members } = spread();
    world.disturbances = { movedUrlUnresolvable: (member) => member === members[2] };
    world.pass(1_000);
    expect(healthy({ world, members })).toEqual([true, true, true]);
    world.database.moveMember(members[2]!, [east('pd-2')]);
    world.database.moveMember(members[2]!, ['http://pd-2.pd-peer.shop.svc.x:2380']);
    world.pass(1_000);
    expect(healthy({ world, members })).toEqual([true, true, false]);
    world.disturbances = {};
    world.database.moveMember(members[2]!, [east('pd-2')]);
    world.pass(1_000);
    expect(healthy({ world, members })).toEqual([true, true, true]);
  });

  test('that is garbage stops all others, and nothing is elected any more', () => {
    const { world, members } = spread();
    world.database.moveMember(members[2]!, ['garbage']);
    expect(members.map(({ alive }) => alive)).toEqual([false, false, true]);
    expect(members.map((member) => poisonOf(member, members) !== undefined)).toEqual([true, true, false]);
    world.pass(5_000);
    expect(world.database.members.leader).toBeUndefined();
  });

  test('can be changed again after a leader was lost and elected between two members', () => {
    const { world, members } = spread();
    world.database.moveMember(members[2]!, [east('pd-2')]);
    world.disturbances = { leaderLost: () => true };
    world.pass(1_000);
    expect(world.database.members.leader).toBeUndefined();
    world.disturbances = {};
    world.pass(1_000);
    expect(world.database.members.leader).toBeDefined();
    expect(members[2]!.peerUrls).toEqual([east('pd-2')]);
  });
});

describe('stores', () => {
  test('a store that stops stays Up for a while, then is Disconnected, then Down', () => {
    const { world, stores } = settled();
    world.database.stopStore(stores[0]!, world.now);
    world.pass(presets.fast.storeDisconnected / 2);
    expect(world.state(stores[0]!)).toBe('Up');
    world.pass(presets.fast.storeDisconnected);
    expect(world.state(stores[0]!)).toBe('Disconnected');
    world.pass(presets.fast.storeDown);
    expect(world.state(stores[0]!)).toBe('Down');
  });

  test('a store of a restarted pod keeps its id and tells its new version only when it registers', () => {
    const { world, stores } = settled();
    world.database.stopStore(stores[0]!, world.now);
    expect(world.database.stores.all.get(stores[0]!)?.version).toBe('8.5.3');
    world.database.startStore({ engine: 'tikv', origin: origin('tikv-0'), address: 'tikv-0:20160', statusAddress: 'tikv-0:20180', version: '8.5.4' }, stores[0], world.now);
    expect(world.database.stores.all.get(stores[0]!)).toMatchObject({ id: stores[0], version: '8.5.4', startTimestamp: Math.floor(world.now / 1_000) });
  });

  test('an Offline store hands its peers over and then becomes a Tombstone', () => {
    const { world, stores } = settled();
    expect(world.database.removeStore(stores[0]!, world.now)).toBeUndefined();
    expect(world.state(stores[0]!)).toBe('Offline');
    world.pass(10_000);
    expect(world.state(stores[0]!)).toBe('Tombstone');
    expect(world.database.regions.peersOn(stores[0]!)).toBe(0);
    expect(world.database.missing()).toBe(0);
  });

  test('PD refuses to delete a store when fewer than max-replicas would stay up', () => {
    const { world, stores } = settled(3, 3);
    expect(world.database.removeStore(stores[0]!, world.now)).toMatch(/can not remove store/);
  });
});

describe('regions', () => {
  test('are whole with enough stores and lack a peer for ever with two stores and three replicas', () => {
    expect(settled(3, 4).world.database.missing()).toBe(0);
    expect(settled(3, 2).world.database.missing()).toBe(presets.fast.regions);
  });

  test('every region has a leader on a store that serves, also after one store died', () => {
    const { world, stores } = settled();
    world.database.stopStore(stores[0]!, world.now);
    world.pass(presets.fast.regionElection * 3);
    expect(world.database.regions.all.every((region) => region.leader !== undefined && region.leader !== stores[0])).toBe(true);
  });

  test('leaders leave a store under eviction at a rate, and come back after it', () => {
    const { world, stores } = settled();
    const before = world.database.regions.leadersOn(stores[0]!);
    world.database.evict(stores[0]!);
    world.pass(presets.fast.tick);
    expect(world.database.regions.leadersOn(stores[0]!)).toBeLessThan(before);
    world.pass(1_000);
    expect(world.database.regions.leadersOn(stores[0]!)).toBe(0);
    world.database.endEviction(stores[0]!);
    world.pass(1_000);
    expect(world.database.regions.leadersOn(stores[0]!)).toBeGreaterThan(0);
  });

  test('leaders do not flee to another store under eviction', () => {
    const { world, stores } = settled(3, 5);
    for (const id of stores.slice(0, 2)) world.database.evict(id);
    world.pass(2_000);
    expect(stores.slice(0, 2).map((id) => world.database.regions.leadersOn(id))).toEqual([0, 0]);
  });

  test('leaders do not move while a fault freezes them, nor from a store with the only voter', () => {
    const frozen = settled();
    frozen.world.disturbances = { leadersFrozen: () => true };
    const before = frozen.world.database.regions.leadersOn(frozen.stores[0]!);
    frozen.world.database.evict(frozen.stores[0]!);
    frozen.world.pass(5_000);
    expect(frozen.world.database.regions.leadersOn(frozen.stores[0]!)).toBe(before);
    const lonely = settled(1, 1);
    lonely.world.database.evict(lonely.stores[0]!);
    lonely.world.pass(5_000);
    expect(lonely.world.database.regions.leadersOn(lonely.stores[0]!)).toBe(presets.fast.regions);
  });

  test('peers of a store that is away count as pending, and later as down', () => {
    const { world, stores } = settled();
    world.database.stopStore(stores[0]!, world.now);
    world.pass(presets.fast.peerPending * 3);
    expect(world.database.pending()).toBeGreaterThan(0);
    expect(world.database.regions.down()).toHaveLength(0);
    world.pass(presets.fast.peerDown);
    expect(world.database.regions.down().length).toBeGreaterThan(0);
  });

  test('no region ever has two peers on one store, or more voters than wanted for long', () => {
    fc.assert(fc.property(fc.array(fc.record({ who: fc.nat(4), what: fc.constantFrom('stop', 'start', 'evict', 'end', 'remove'), wait: fc.nat(2_000) }), { maxLength: 25 }), (steps) => {
      const { world, stores } = settled(3, 5);
      for (const { who, what, wait } of steps) {
        const id = stores[who]!;
        if (what === 'stop') world.database.stopStore(id, world.now);
        else if (what === 'start' && world.state(id) !== 'Tombstone') world.store(`tikv-${who}`, 'tikv', id);
        else if (what === 'evict') world.database.evict(id);
        else if (what === 'end') world.database.endEviction(id);
        else if (what === 'remove') world.database.removeStore(id, world.now);
        world.pass(wait);
        for (const { peers, leader } of world.database.regions.all) {
          expect(new Set(peers.map((peer) => peer.store)).size).toBe(peers.length);
          expect(leader === undefined || peers.some((peer) => peer.store === leader && !peer.learner)).toBe(true);
        }
      }
    }), { numRuns: 30 });
  });
});

describe('the diary', () => {
  test('tells of all that one look sees as of one moment: each fact counts the others already', () => {
    const { world, members } = settled();
    const [, second, third] = members;
    if (second && third) second.alive = third.alive = false;
    world.pass(1_000);
    const down = world.facts.filter(({ kind }) => kind === 'member-down');
    expect(down.map(({ alive }) => alive)).toEqual([1, 1]);
    expect(down[0]?.['time']).toBeDefined();
    expect(new Set(down.map(({ time }) => time)).size).toBe(1);
  });

  test('tells of members with how many of how many are alive', () => {
    const { world, members } = settled();
    world.database.stopMember(members[2]!);
    world.pass(presets.fast.tick);
    expect(world.facts.filter(({ kind }) => kind === 'member-down')).toEqual([expect.objectContaining({ member: 'pd-2.peer', alive: 2, members: 3 })]);
  });

  test('tells when a store ceased to serve, long before PD calls it Disconnected', () => {
    const { world, stores } = settled();
    const before = world.facts.length;
    world.database.stopStore(stores[0]!, world.now);
    world.pass(presets.fast.tick);
    expect(world.facts.slice(before)).toEqual([expect.objectContaining({ kind: 'store-away', store: stores[0], serving: 3, stores: 4 })]);
  });

  test('tells once when DDL is paused, and refuses a second pause', () => {
    const { world } = settled();
    expect([world.database.pauseDdl(true, origin('tidb-0')), world.database.pauseDdl(true, origin('tidb-1'))]).toEqual([true, false]);
    expect(world.facts.filter(({ kind }) => kind === 'ddl-paused')).toHaveLength(1);
  });
});
