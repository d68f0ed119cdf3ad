/** Every guard of an exit: the test's name is the rule. */
import {
  beforeStage, neverTheLastPd, noAmbiguousParts, noDependentWithoutPd, noForgottenComponent, nobodyElseRolls, pdMajorityRemains, placementRulesFit, refusing, spaceSuffices, survivorsKeepUp, survivorsWhole,
  tiflashRulesFit, tikvStaysAboveMaxReplicas,
} from '../../../src/tidb/exit/guards.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { Guard } from '../../../src/tidb/guards/guard.ts';
import type { ClusterView, PlacementRule } from '../../../src/tidb/view.ts';
import { database, defaultRule, makeView, member, specOf, statefulSet, statusOf, store, tidbCluster } from '../make-view.ts';

/** Four TiKV and two PD remain when `west` leaves. */
const enough = (): ClusterView => makeView({ replicas: { pd: 1, tikv: 2, tidb: 1 } });
const west = (view: ClusterView) => ({ member: tidbCluster(view, 'west') });
const saying = (guard: Guard, view: ClusterView): string[] => guard(view, west(view)).map(({ message }) => message);
const clearing = (guard: Guard, view: ClusterView): string[] => guard(view, west(view)).map(({ clears }) => clears);

test('a healthy cluster with one TiKV more than max-replicas elsewhere may lose a TidbCluster: every guard is silent', () => {
  const view = enough();
  tidbCluster(view, 'east').object.spec.cluster = { name: 'shop-north', namespace: 'shop', clusterDomain: 'north.example' };
  expect(askAll([...beforeStage, ...refusing, ...survivorsKeepUp], view, west(view))).toEqual([]);
});

describe('remaining TiKV stores', () => {
  test('equal to max-replicas are refused, with the documented reason', () => {
    const view = enough();
    database(view).maxReplicas = 4;
    expect(saying(tikvStaysAboveMaxReplicas, view)).toEqual(['4 TiKV stores would remain and max-replicas is 4: there must be more (equal is documented as not enough, since the loss of one store could then not be made good)']);
    expect(clearing(tikvStaysAboveMaxReplicas, view)).toEqual(['decision']);
  });

  test('fewer than max-replicas are refused', () => {
    const view = enough();
    database(view).maxReplicas = 5;
    expect(saying(tikvStaysAboveMaxReplicas, view)[0]).toMatch(/4 TiKV stores would remain and max-replicas is 5/);
  });

  test.each(['Disconnected', 'Down'] as const)('that are %s for now do not count, and that may pass', (state) => {
    const view = enough();
    store(view, 'east').state = state;
    expect(saying(tikvStaysAboveMaxReplicas, view)).toEqual(['only 3 of the 4 TiKV stores that would remain are Up, and there must be more than max-replicas (3)']);
    expect(clearing(tikvStaysAboveMaxReplicas, view)).toEqual(['itself']);
  });

  test('that somebody else takes out (Offline) do not remain', () => {
    const view = enough();
    store(view, 'east').state = 'Offline';
    expect(clearing(tikvStaysAboveMaxReplicas, view)).toEqual(['decision']);
  });

  test('do not include TiFlash', () => {
    const view = makeView({ replicas: { pd: 1, tikv: 1, tiflash: 3 } });
    expect(saying(tikvStaysAboveMaxReplicas, view)[0]).toMatch(/2 TiKV stores would remain/);
  });

  test('matter only when the leaving TidbCluster takes TiKV away', () => {
    const view = makeView();
    specOf(view, 'west', 'tikv').replicas = 0;
    database(view).stores = database(view).stores.filter(({ address }) => !address.includes('west'));
    expect(saying(tikvStaysAboveMaxReplicas, view)).toEqual([]);
  });
});

describe('PD', () => {
  test('of the only TidbCluster never leaves', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    expect(saying(neverTheLastPd, view)).toEqual(['TidbCluster shop/shop-west in west is the only TidbCluster of shop: its exit would be the end of the database']);
  });

  test('that is the last of the TiDB cluster never leaves', () => {
    const view = makeView();
    for (const key of ['east', 'north']) {
      specOf(view, key, 'pd').replicas = 0;
      database(view).members = database(view).members.filter(({ name }) => !name.includes(key));
    }
    expect(saying(neverTheLastPd, view)).toEqual(['TidbCluster shop/shop-west in west has the last PD of shop: its exit would be the end of the database']);
  });

  test('that others only ask for, but do not have, does not count', () => {
    const view = makeView();
    database(view).members = database(view).members.filter(({ name }) => name.includes('west'));
    expect(saying(neverTheLastPd, view)).toHaveLength(1);
  });

  test('must have a healthy majority among the members that remain', () => {
    const view = enough();
    member(view, 'east').healthy = false;
    expect(saying(pdMajorityRemains, view)).toEqual(['1 of the 2 PD members that would remain are healthy, and their majority is 2']);
  });

  test('of unknown health counts as not healthy', () => {
    const view = enough();
    member(view, 'east').healthy = undefined;
    expect(saying(pdMajorityRemains, view)).toHaveLength(1);
  });

  test('that leaves may be ill', () => {
    const view = enough();
    member(view, 'west').healthy = false;
    expect(saying(pdMajorityRemains, view)).toEqual([]);
    expect(askAll(survivorsWhole, view, west(view))).toEqual([]);
  });
});

const tiflashRule = (count: number): PlacementRule => ({
  ...defaultRule(count), groupId: 'tiflash', id: 'table-107-r', role: 'learner', startKey: '7480000000000000ff6b00000000000000f8', endKey: '7480000000000000ff6c00000000000000f8',
  labelConstraints: [{ key: 'engine', op: 'in', values: ['tiflash'] }],
});

describe('TiFlash', () => {
  const withTiflash = (count: number): ClusterView => {
    const view = makeView({ replicas: { pd: 1, tikv: 2, tiflash: 1 } });
    database(view).placementRules = [defaultRule(3), tiflashRule(count)];
    return view;
  };

  test('replicas of a table up to the number of stores that remain are satisfied', () => {
    expect(saying(tiflashRulesFit, withTiflash(2))).toEqual([]);
  });

  test('replicas of a table beyond the stores that remain are refused, with the statement that mends it', () => {
    const [sentence] = saying(tiflashRulesFit, withTiflash(3));
    expect(sentence).toMatch(/^rule tiflash\/table-107-r wants 3 learners on stores with engine in tiflash, and 2 would remain: lower it with ALTER TABLE … SET TIFLASH REPLICA/);
    expect(saying(placementRulesFit, withTiflash(3))).toEqual([]);
  });
});

describe('placement rules', () => {
  const zoned = (zones: Record<string, string>): ClusterView => {
    const view = enough();
    for (const each of database(view).stores) each.labels = { zone: zones[/shop-(\w+)-/.exec(each.address)?.[1] ?? ''] ?? '' };
    return view;
  };

  test('that need a label value which leaves are refused', () => {
    const view = zoned({ west: 'a', east: 'b', north: 'c' });
    database(view).placementRules = [{ ...defaultRule(1), id: 'in-a', labelConstraints: [{ key: 'zone', op: 'in', values: ['a'] }] }];
    expect(saying(placementRulesFit, view)).toEqual(['rule pd/in-a wants 1 voters on stores with zone in a, and 0 would remain']);
  });

  test('with an isolation level need as many places as replicas', () => {
    const view = zoned({ west: 'a', east: 'b', north: 'c' });
    database(view).placementRules = [{ ...defaultRule(3), locationLabels: ['zone'], isolationLevel: 'zone' }];
    expect(saying(placementRulesFit, view)).toEqual(['rule pd/default wants 3 voters in different places by zone, and 2 would remain']);
  });

  test('without an isolation level spread as well as they can', () => {
    const view = zoned({ west: 'a', east: 'b', north: 'c' });
    database(view).placementRules = [{ ...defaultRule(3), locationLabels: ['zone'] }];
    expect(saying(placementRulesFit, view)).toEqual([]);
  });

  test('that are off leave the isolation level of the configuration in force', () => {
    const view = zoned({ west: 'a', east: 'b', north: 'c' });
    Object.assign(database(view), { placementRules: 'disabled', locationLabels: ['zone'], isolationLevel: 'zone' });
    expect(saying(placementRulesFit, view)).toEqual(['rule configuration/max-replicas wants 3 voters in different places by zone, and 2 would remain']);
  });

  test('of one key range that can be satisfied one by one but not together are refused', () => {
    const view = zoned({ west: 'a', east: 'b', north: 'c' });
    database(view).placementRules = [defaultRule(3), { ...defaultRule(2), id: 'more-in-b', labelConstraints: [{ key: 'zone', op: 'in', values: ['b'] }] }];
    expect(saying(placementRulesFit, view)).toEqual(['rules pd/default, pd/more-in-b together want 5 peers of a region on different stores, and only 4 would find one']);
  });

  test('with a constraint that is not understood count no store as fit', () => {
    const view = enough();
    database(view).placementRules = [{ ...defaultRule(1), labelConstraints: [{ key: 'zone', op: 'matches', values: ['a'] }] }];
    expect(saying(placementRulesFit, view)).toHaveLength(1);
  });
});

describe('free space', () => {
  const gibibyte = 1024 ** 3;

  test('must hold what is on the leaving stores without bringing a store below 20 % free', () => {
    const view = enough();
    for (const each of database(view).stores) Object.assign(each, { capacity: 100 * gibibyte, available: 25 * gibibyte, usedSize: 70 * gibibyte });
    expect(saying(spaceSuffices, view)).toEqual(['140.0 GiB are on the leaving TiKV stores and the remaining ones have room for 20.0 GiB before PD calls them low on space (20 % free)']);
    expect(clearing(spaceSuffices, view)).toEqual(['decision']);
  });

  test('that is not reported is unknown, never enough', () => {
    const view = enough();
    store(view, 'west').usedSize = undefined;
    expect(saying(spaceSuffices, view)[0]).toMatch(/sizes of TiKV stores 1 are not reported/);
    expect(clearing(spaceSuffices, view)).toEqual(['itself']);
  });

  test('on TiFlash matters only where a table has TiFlash replicas', () => {
    const view = makeView({ replicas: { pd: 1, tikv: 2, tiflash: 1 } });
    for (const each of database(view).stores.filter(({ engine }) => engine === 'tiflash')) each.available = 0;
    expect(saying(spaceSuffices, view)).toEqual([]);
    database(view).placementRules = [defaultRule(3), tiflashRule(1)];
    expect(saying(spaceSuffices, view)[0]).toMatch(/TiFlash/);
  });
});

describe('the survivors', () => {
  test.each(['Disconnected', 'Down', 'Offline'] as const)('hold the exit while a store of theirs is %s', (state) => {
    const view = enough();
    store(view, 'north', { ordinal: 1 }).state = state;
    expect(askAll(survivorsWhole, view, west(view)).map(({ key, clears }) => [key, clears])).toEqual([[`store/6/${state}`, 'itself']]);
  });

  test('do not care for a store of the leaving one that is down', () => {
    const view = enough();
    store(view, 'west').state = 'Down';
    expect(askAll([...survivorsWhole, ...survivorsKeepUp], view, west(view))).toEqual([]);
  });

  test('hold the exit while regions are short', () => {
    const view = enough();
    database(view).regions['miss-peer'] = 2;
    expect(askAll(survivorsWhole, view, west(view)).map(({ key }) => key)).toEqual(['regions/miss-peer']);
  });

  test('that have no PD of their own and name the leaving one refuse it', () => {
    const view = enough();
    specOf(view, 'east', 'pd').replicas = 0;
    expect(saying(noDependentWithoutPd, view)).toEqual(['TidbCluster shop/shop-east in east has no PD of its own and names shop/shop-west in spec.cluster: point it at another TidbCluster first, which rolls its pods']);
  });

  test('that have no PD of their own and name another do not', () => {
    const view = enough();
    specOf(view, 'east', 'pd').replicas = 0;
    tidbCluster(view, 'east').object.spec.cluster = { name: 'shop-north', namespace: 'shop', clusterDomain: 'north.example' };
    expect(saying(noDependentWithoutPd, view)).toEqual([]);
  });

  test('that roll hold the exit; what the leaving one scales to nothing does not', () => {
    const view = enough();
    statusOf(view, 'east', 'tidb').phase = 'Upgrade';
    statusOf(view, 'west', 'pd').phase = 'Scale';
    expect(nobodyElseRolls(view, west(view)).map(({ key }) => key)).toEqual(['rolling/west/pd', 'rolling/east/tidb']);
    specOf(view, 'west', 'pd').replicas = 0;
    expect(nobodyElseRolls(view, west(view)).map(({ key }) => key)).toEqual(['rolling/east/tidb']);
  });
});

test('a component whose block was taken out of the spec, while its pods run, refuses the exit', () => {
  const view = enough();
  delete tidbCluster(view, 'west').object.spec.tidb;
  expect(saying(noForgottenComponent, view)).toEqual(['TidbCluster shop/shop-west in west has no spec.tidb but a StatefulSet of TiDB with pods: put the block back, so that it can be scaled in']);
  statefulSet(view, 'west', 'tidb').spec.replicas = 0;
  expect(saying(noForgottenComponent, view)).toEqual([]);
});

test('an address that two TidbClusters of one name could have refuses the exit', () => {
  const view = enough();
  const twin = { ...tidbCluster(view, 'west'), key: 'east', kubernetesCluster: 'east' };
  expect(noAmbiguousParts({ ...view, tidbClusters: [tidbCluster(view, 'west'), twin] }, west(view)).length).toBeGreaterThan(0);
  expect(saying(noAmbiguousParts, view)).toEqual([]);
});

test('all reasons come together', () => {
  const view = makeView({ replicas: { pd: 1, tikv: 1, tidb: 1 } });
  tidbCluster(view, 'west').object.spec.suspendAction = { suspendStatefulSet: true };
  specOf(view, 'east', 'pd').replicas = 0;
  database(view).placementRules = [defaultRule(3)];
  for (const each of database(view).stores) each.available = 0;
  const keys = askAll(refusing, view, west(view)).map(({ key }) => key.split('/').slice(0, 2).join('/'));
  expect(keys).toEqual(expect.arrayContaining(['suspended/west', 'exit/tikv-count', 'exit/placement', 'exit/space', 'exit/dependent']));
});

test('unknown never counts as healthy: without PD the exit holds', () => {
  const view = { ...enough(), database: undefined, databaseProblem: 'nobody answers' };
  expect(askAll(beforeStage, view, west(view)).map(({ key }) => key)).toContain('pd-unknown');
});
