import fc from 'fast-check';
import type { Component } from '../../../src/tidb/components.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import { guardsDuringRoll } from '../../../src/tidb/guards/during-roll.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NEW, askFor, beginRoll, database, goDown, hostOf, makeView, member, podGone, pod, podNotReady, podName, podTerminating, podsOf, refreshStatus, roll, startPod, store, tidbCluster } from '../make-view.ts';
import type { Seat } from '../make-view.ts';
import { runs } from '../runs.ts';

const shape = { replicas: { pd: 3, tikv: 3, tiflash: 2, tidb: 2 } };

/** The roll of a component in west, with so many pods done, from the highest ordinal down. */
function rolling(component: Component, pods: number): ClusterView {
  const view = makeView(shape);
  askFor(view, 'west', component, NEW);
  roll(view, 'west', component, { version: NEW, pods });
  return view;
}

const said = (view: ClusterView, component: Component): string[] => askAll(guardsDuringRoll, view, { member: tidbCluster(view, 'west'), component }).map((reason) => reason.key);
const next = (component: Component): Seat => ({ key: 'west', component, ordinal: 1 });
const storeKey = (view: ClusterView, ordinal: number, state: string, key = 'west'): string => `store/${store(view, key, { ordinal }).id}/${state}`;

describe('the one pod that the roll has down does not count', () => {
  it.each<Component>(['pd', 'tikv'])('%s: deleted, and gone from PD', (component) => {
    const view = rolling(component, 1);
    podGone(view, podName('west', component, 1));
    goDown(view, next(component));
    expect(said(view, component)).toEqual([]);
  });

  it.each<Component>(['pd', 'tikv'])('%s: terminating', (component) => {
    const view = rolling(component, 1);
    podTerminating(view, podName('west', component, 1));
    goDown(view, next(component));
    expect(said(view, component)).toEqual([]);
  });

  it.each<Component>(['pd', 'tikv'])('%s: back with the new revision, on its way to PD (Ⓞ2, Ⓞ4)', (component) => {
    const view = rolling(component, 2);
    goDown(view, next(component));
    expect(said(view, component)).toEqual([]);
  });

  it('nor do the regions that miss its replicas', () => {
    const view = rolling('tikv', 1);
    podGone(view, 'shop-west-tikv-1');
    goDown(view, next('tikv'));
    Object.assign(database(view).regions, { 'down-peer': 30, 'miss-peer': 30, 'pending-peer': 3 });
    expect(said(view, 'tikv')).toEqual([]);
  });

  it('a TiDB pod has nothing in PD', () => {
    const view = rolling('tidb', 1);
    podGone(view, 'shop-west-tidb-0');
    expect(said(view, 'tidb')).toEqual([]);
  });
});

describe('everything else that turns bad does', () => {
  it('a second store of the same roll: both are said', () => {
    const view = rolling('tikv', 2);
    for (const ordinal of [1, 2]) goDown(view, { ...next('tikv'), ordinal });
    expect(said(view, 'tikv').sort()).toEqual([storeKey(view, 1, 'Disconnected'), storeKey(view, 2, 'Disconnected')].sort());
  });

  it('the store of a pod of the old revision that is up', () => {
    const view = rolling('tikv', 1);
    goDown(view, next('tikv'), 'Down');
    expect(said(view, 'tikv')).toEqual([storeKey(view, 1, 'Down')]);
  });

  it('a store that somebody takes out of the cluster, even of a pod that was rolled', () => {
    const view = rolling('tikv', 1);
    goDown(view, { ...next('tikv'), ordinal: 2 }, 'Offline');
    expect(said(view, 'tikv')).toEqual([storeKey(view, 2, 'Offline')]);
  });

  it('a store of another TidbCluster, besides the pod that is down', () => {
    const view = rolling('tikv', 1);
    podGone(view, 'shop-west-tikv-1');
    goDown(view, next('tikv'));
    goDown(view, { key: 'east', component: 'tikv', ordinal: 0 });
    expect(said(view, 'tikv')).toEqual([storeKey(view, 0, 'Disconnected', 'east')]);
  });

  it('a member of a TidbCluster of the same name in another Kubernetes cluster, whose pod is called the same', () => {
    const view = rolling('pd', 1);
    podGone(view, 'shop-west-pd-1');
    const foreign = hostOf('west', 'pd', 1).replace('west.example', 'south.example');
    database(view).members.push({ ...member(view, 'west', 1), id: '7', name: foreign, clientUrls: [`https://${foreign}:2379`], healthy: false });
    expect(said(view, 'pd')).toEqual(['pd-member/shop-west-pd-1']);
  });

  it('a TiFlash store while TiKV rolls', () => {
    const view = rolling('tikv', 1);
    goDown(view, { key: 'west', component: 'tiflash', ordinal: 1 });
    expect(said(view, 'tikv')).toHaveLength(1);
  });

  it('a PD member while TiKV rolls, also one that PD says nothing about', () => {
    const view = rolling('tikv', 1);
    member(view, 'west', 2).healthy = undefined;
    expect(said(view, 'tikv')).toEqual(['pd-member/shop-west-pd-2']);
  });

  it('a member that was added and has not started', () => {
    const view = rolling('tikv', 1);
    Object.assign(member(view, 'east'), { name: '', clientUrls: [], healthy: undefined });
    expect(said(view, 'tikv')).toEqual(['pd-member/shop-east-pd-0']);
  });

  it.each([[{ leader: undefined }, 'pd-no-leader']])('no leader: %j', (change, key) => {
    const view = rolling('pd', 1);
    Object.assign(database(view), change);
    expect(said(view, 'pd')).toEqual([key]);
  });

  it('silence: unknown is not healthy', () => {
    const view = rolling('pd', 1);
    view.database = undefined;
    expect(said(view, 'pd')).toEqual(['pd-unknown']);
  });
});

describe('between two pods', () => {
  it.each(['miss-peer', 'down-peer', 'offline-peer'] as const)('no region may have a %s', (check) => {
    const view = rolling('tikv', 1);
    database(view).regions[check] = 5;
    expect(said(view, 'tikv')).toEqual([`regions/${check}`]);
  });

  it('a pending peer delays the next step, not the next pod', () => {
    const view = rolling('tikv', 1);
    database(view).regions['pending-peer'] = 5;
    expect(said(view, 'tikv')).toEqual([]);
  });
});

// A rolling operator, and a world in which stores and members fall ill by themselves.

interface Event {
  /** What happens next: the operator takes its next pod or brings it back, or an accident somewhere. */
  what: 'operator' | 'accident' | 'recovery' | 'pod accident';
  seat: Seat;
}

const components = ['pd', 'tikv', 'tiflash'] as const;
const seats: Seat[] = ['west', 'east', 'north'].flatMap((key) => components.flatMap((component) => Array.from({ length: shape.replicas[component] }, (_, ordinal) => ({ key, component, ordinal }))));

class Operator {
  readonly view = makeView(shape);
  readonly component: Component;
  /** Of the pod that it has down. */
  down: number | undefined;
  #done = 0;
  readonly #replicas: number;

  constructor(component: (typeof components)[number]) {
    this.component = component;
    this.#replicas = shape.replicas[component];
    askFor(this.view, 'west', component, NEW);
    beginRoll(this.view, 'west', component, NEW);
  }

  /** Its turn has not come: the pod is up with the old revision. */
  isUntouched(host: string): boolean {
    const reached = this.down ?? this.#replicas - this.#done;
    return Array.from({ length: reached }, (_, ordinal) => ordinal).some((ordinal) => host === hostOf('west', this.component, ordinal) && isUp(this.view, podName('west', this.component, ordinal)));
  }

  act(): void {
    if (this.down !== undefined) {
      startPod(this.view, { key: 'west', component: this.component, ordinal: this.down }, NEW, this.view.nowMs);
      this.down = undefined;
      this.#done += 1;
    } else if (this.#done < this.#replicas) {
      this.down = this.#replicas - 1 - this.#done;
      podGone(this.view, podName('west', this.component, this.down));
      goDown(this.view, { key: 'west', component: this.component, ordinal: this.down });
    }
    refreshStatus(this.view, 'west', this.component);
  }
}

function isUp(view: ClusterView, name: string): boolean {
  return pod(view, name).status.conditions.every((each) => each.status === 'True');
}

function happen(operator: Operator, { what, seat }: Event): void {
  const { view } = operator;
  const host = hostOf(seat.key, seat.component, seat.ordinal);
  const isDown = seat.key === 'west' && seat.component === operator.component && seat.ordinal === operator.down;
  const there = podsOf(view, seat.key, seat.component).some((each) => each.metadata.name === podName(seat.key, seat.component, seat.ordinal));
  if (what === 'operator') operator.act();
  if (what === 'accident' || what === 'pod accident') goDown(view, seat);
  if (what === 'pod accident' && there) podNotReady(view, podName(seat.key, seat.component, seat.ordinal));
  if (what === 'recovery' && !isDown) {
    for (const each of database(view).members) if (each.name === host) each.healthy = true;
    for (const each of database(view).stores) if (each.address.startsWith(`${host}:`)) each.state = 'Up';
  }
}

/** Hosts of all that is not well, counted without the guards' code. */
function bad(view: ClusterView): string[] {
  const members = database(view).members.filter((each) => each.healthy !== true).map((each) => each.name);
  const stores = database(view).stores.filter((each) => each.state !== 'Up').map((each) => each.address.split(':')[0] as string);
  return [...members, ...stores];
}

it('whatever happens during a roll: two bad ones, or one that is not the rolling pod, are never kept quiet; the rolling pod alone always is', () => {
  const event = fc.record({ what: fc.constantFrom<Event['what']>('operator', 'operator', 'accident', 'recovery', 'pod accident'), seat: fc.constantFrom(...seats) });
  let [loud, quiet] = [0, 0];
  fc.assert(
    fc.property(fc.constantFrom(...components), fc.array(event, { maxLength: 12 }), (component, events) => {
      const operator = new Operator(component);
      for (const each of events) {
        happen(operator, each);
        const now = bad(operator.view);
        const own = hostOf('west', component, 0).replace(/^[^.]+\./, '.');
        const foreign = now.filter((host) => !host.endsWith(own));
        const rollingPod = operator.down === undefined ? undefined : hostOf('west', component, operator.down);
        const reasons = said(operator.view, component);
        if (now.length > 1 || foreign.length > 0 || now.some((host) => operator.isUntouched(host))) expect(reasons.length).toBeGreaterThan(0);
        if (now.length === 0 || (now.length === 1 && now[0] === rollingPod)) expect(reasons).toEqual([]);
        if (reasons.length > 0) loud++;
        else quiet++;
      }
    }),
    runs,
  );
  expect(Math.min(loud, quiet)).toBeGreaterThan(500);
});
