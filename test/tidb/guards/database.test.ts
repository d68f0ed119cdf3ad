import type { Reason } from '../../../src/protocol/outcome.ts';
import type { Component } from '../../../src/tidb/components.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { Guard } from '../../../src/tidb/guards/guard.ts';
import { databaseAnswers, leaderExists, majorityStays, membersHealthy, nobodyEvicts, regionsWhole, storesUp } from '../../../src/tidb/guards/database.ts';
import { databaseIsWhole } from '../../../src/tidb/guards/index.ts';
import type { ClusterView, RegionCheck } from '../../../src/tidb/view.ts';
import { regionChecks } from '../../../src/tidb/view.ts';
import { database, hostOf, makeView, member, specOf, store, tidbCluster, usual } from '../make-view.ts';

const ask = (guard: Guard | readonly Guard[], view: ClusterView, component?: Component): Reason[] =>
  askAll([guard].flat(), view, { member: tidbCluster(view, 'west'), ...(component ? { component } : {}) });
const keys = (reasons: Reason[]): string[] => reasons.map((reason) => reason.key);
const silent = makeView();

it.each<[string, Guard]>([
  ['databaseAnswers', databaseAnswers],
  ['membersHealthy', membersHealthy],
  ['leaderExists', leaderExists],
  ['storesUp', storesUp],
  ['regionsWhole', regionsWhole],
  ['nobodyEvicts', nobodyEvicts],
  ['majorityStays', majorityStays],
])('%s is silent on a healthy view, and leaves a silent PD to databaseAnswers', (_name, guard) => {
  expect(ask(guard, silent, 'pd')).toEqual([]);
  if (guard !== databaseAnswers) expect(ask(guard, { ...silent, database: undefined }, 'pd')).toEqual([]);
});

it('says why PD is unknown', () => {
  expect(ask(databaseAnswers, { ...silent, database: undefined, databaseProblem: 'no answer in 3 s' })).toEqual([
    { key: 'pd-unknown', message: 'PD of shop does not answer, so the state of the database is unknown: no answer in 3 s', clears: 'itself' },
  ]);
});

describe('PD members', () => {
  it('holds while one is not healthy', () => {
    const view = makeView();
    member(view, 'east').healthy = false;
    expect(keys(ask(membersHealthy, view))).toEqual(['pd-member/shop-east-pd-0']);
  });

  it('holds while PD says nothing about one: unknown is not healthy', () => {
    const view = makeView();
    member(view, 'east').healthy = undefined;
    expect(ask(membersHealthy, view)[0]?.message).toContain('not reported by PD (unknown)');
  });

  it('holds while one that was added has not started, and tells two such apart', () => {
    const view = makeView();
    for (const key of ['east', 'north']) Object.assign(member(view, key), { name: '', clientUrls: [], healthy: undefined });
    expect(keys(ask(membersHealthy, view))).toEqual(['pd-member/shop-east-pd-0', 'pd-member/shop-north-pd-0']);
  });

  it.each([
    ['one too few', (view: ClusterView) => database(view).members.splice(2, 1), 'PD has 0 members of TidbCluster shop-north in north, 1 are asked for'],
    ['one too many', (view: ClusterView) => (specOf(view, 'east', 'pd').replicas = 0), 'PD has 1 members of TidbCluster shop-east in east, 0 are asked for'],
    ['a TidbCluster that has left its member behind', (view: ClusterView) => delete tidbCluster(view, 'east').object.spec.pd, 'PD has 1 members of TidbCluster shop-east in east, 0 are asked for'],
    ['a stranger in the place of a lost one', (view: ClusterView) => (member(view, 'east').clientUrls = ['http://10.0.0.7:2379']), 'PD has 0 members of TidbCluster shop-east in east, 1 are asked for'],
  ])('holds with %s', (_name, change, words) => {
    const view = makeView();
    change(view);
    expect(ask(membersHealthy, view).map((reason) => reason.message)).toEqual([words]);
  });

  it('holds while one loads its regions', () => {
    const view = makeView();
    database(view).notReady = [hostOf('west', 'pd', 0)];
    expect(keys(ask(membersHealthy, view))).toEqual(['pd-loading/shop-west-pd-0']);
  });

  it.each([undefined, ''])('holds without a leader (%p)', (leader) => {
    const view = makeView();
    database(view).leader = leader;
    expect(keys(ask(leaderExists, view))).toEqual(['pd-no-leader']);
  });
});

describe('the majority of PD', () => {
  const withMembers = (count: number): ClusterView => makeView({ kubernetesClusters: ['west', 'east', 'north'].slice(0, count) });
  it.each([
    [1, 'PD has 1 member: while one restarts there is no majority and the database stops; retry accepts that'],
    [2, 'PD has 2 members: while one restarts there is no majority and the database stops; retry accepts that'],
  ])('with %d a person must say so', (count, message) => {
    expect(ask(majorityStays, withMembers(count), 'pd')).toEqual([{ key: 'pd-majority/west', message, clears: 'decision' }]);
  });
  it('with 3 it stays', () => expect(ask(majorityStays, withMembers(3), 'pd')).toEqual([]));
  it('a roll of anything else does not touch it', () => expect(ask(majorityStays, withMembers(1), 'tikv')).toEqual([]));
  it('what a person accepted is not said again', () => {
    const view = withMembers(1);
    expect(askAll([majorityStays], view, { member: tidbCluster(view, 'west'), component: 'pd' }, ['pd-majority/west'])).toEqual([]);
  });
});

describe('stores', () => {
  it.each(['Disconnected', 'Down', 'Offline', 'Unknown'] as const)('holds while one is %s', (state) => {
    const view = makeView();
    store(view, 'east').state = state;
    expect(keys(ask(storesUp, view))).toEqual([`store/2/${state}`]);
  });

  it('a Tombstone holds nothing while its TidbCluster has the stores it asks for', () => {
    const view = makeView();
    database(view).stores.push({ ...store(view, 'east'), id: '99', state: 'Tombstone' });
    expect(ask(storesUp, view)).toEqual([]);
  });

  it.each(['tikv', 'tiflash'] as const)('holds while PD does not know one that is asked for (%s)', (engine) => {
    const view = makeView({ replicas: { pd: 1, tikv: 1, tiflash: 1 } });
    const gone = store(view, 'east', { engine });
    database(view).stores = database(view).stores.filter((each) => each !== gone);
    expect(ask(storesUp, view)).toEqual([{ key: `store-count/east/${engine}`, message: `PD knows 0 ${engine} stores of TidbCluster shop-east in east, 1 are asked for`, clears: 'itself' }]);
  });

  it('after a change of the leader of PD all look Disconnected: all are said, none needs a person (Ⓞ6)', () => {
    const view = makeView({ replicas: usual });
    for (const each of database(view).stores) each.state = 'Disconnected';
    const reasons = ask(databaseIsWhole, view);
    expect(reasons).toHaveLength(9);
    expect(new Set(reasons.map((reason) => reason.clears))).toEqual(new Set(['itself']));
  });
});

describe('regions', () => {
  it.each(regionChecks)('holds while there are any with a %s', (check) => {
    const view = makeView();
    database(view).regions[check] = 7;
    expect(ask(regionsWhole, view)).toEqual([{ key: `regions/${check}`, message: `7 regions have a ${check.replace('-', ' ')} in PD's view`, clears: 'itself' }]);
  });

  const few = (check: RegionCheck): ClusterView => {
    const view = makeView({ kubernetesClusters: ['west', 'east'] });
    database(view).regions[check] = 7;
    return view;
  };
  it('with fewer stores than max-replicas replicas must be missing, and that holds nothing', () => expect(ask(regionsWhole, few('miss-peer'))).toEqual([]));
  it.each(['down-peer', 'pending-peer', 'offline-peer'] as const)('that explains no %s', (check) => expect(keys(ask(regionsWhole, few(check)))).toEqual([`regions/${check}`]));
  it('TiFlash stores do not count for it', () => {
    const view = makeView({ kubernetesClusters: ['west', 'east'], replicas: { pd: 1, tikv: 1, tiflash: 1 } });
    database(view).regions['miss-peer'] = 7;
    expect(ask(regionsWhole, view)).toEqual([]);
  });
  it.each(['Down', 'Disconnected'] as const)('a store that is %s explains nothing: it may come back', (state) => {
    const view = makeView();
    store(view, 'east').state = state;
    database(view).regions['miss-peer'] = 7;
    expect(keys(ask(databaseIsWhole, view))).toEqual([`store/2/${state}`, 'regions/miss-peer']);
  });
});

describe('evictions', () => {
  it('names the pod', () => {
    const view = makeView();
    database(view).evictingStores = ['2'];
    expect(ask(nobodyEvicts, view)[0]).toMatchObject({ key: 'evicting/2', message: expect.stringContaining('store 2 (shop-east-tikv-0)') });
  });
  it('one for a store that PD does not list is left as well', () => {
    const view = makeView();
    database(view).evictingStores = ['77'];
    expect(ask(nobodyEvicts, view)[0]?.message).toContain('for store 77 although');
  });
});
