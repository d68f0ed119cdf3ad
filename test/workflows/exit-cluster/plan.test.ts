/** The plan of an exit and of its way back. */
import type { UnhashedPlan } from '../../../src/workflows/runbook.ts';
import { planExit } from '../../../src/workflows/exit-cluster/plan.ts';
import type { ExitWish } from '../../../src/workflows/exit-cluster/plan.ts';
import { exitClusterRunbook } from '../../../src/workflows/exit-cluster/contract.ts';
import { departedAnnotation } from '../../../src/tidb/exit/departed.ts';
import type { ClusterView, Remains } from '../../../src/tidb/view.ts';
import { database, defaultRule, makeView, specOf, tidbCluster } from '../../tidb/make-view.ts';
import { drain, leave, remainsOfWest } from '../../tidb/exit/exiting.ts';

const wish = (more: object = {}): ExitWish => exitClusterRunbook.contract().parse({ cluster: 'shop', leaving: 'west', ...more });
const cluster = (kubernetesClusters = ['east', 'west', 'north']): ClusterView => {
  const view = makeView({ kubernetesClusters, replicas: { pd: 1, tikv: 2, tidb: 1, tiflash: 1, pump: 1, ticdc: 1 } });
  return { ...view, remains: remainsOfWest(view) };
};
const planned = (view: ClusterView, more: object = {}): UnhashedPlan => {
  const plan = planExit(view, wish(more));
  if ('refusals' in plan) throw new Error(plan.refusals.join('; '));
  return plan;
};
const refused = (view: ClusterView, more: object = {}): string[] => {
  const plan = planExit(view, wish(more));
  return 'refusals' in plan ? plan.refusals : [];
};

describe('the way out', () => {
  test('has a stage per component that is there: clients first, data before PD, then the deletion', () => {
    expect(planned(cluster()).steps.map(({ id }) => id)).toEqual(['tidb/west', 'ticdc/west', 'pump/west', 'tiflash/west', 'tikv/west', 'pd/west', 'delete/west']);
  });

  test('asks before the deletion at every level of gates but none, and names what goes and what stays', () => {
    const [last] = planned(cluster()).steps.slice(-1);
    expect(last?.gate).toBe(
      'Delete TidbCluster shop/shop-west in west? There is no way back. Its StatefulSets, Services, ConfigMaps and discovery go with it. PersistentVolumeClaims that stay (2): pd-shop-west-pd-0, tikv-shop-west-tikv-0. PersistentVolumes that stay (2): pv-1 (Retain), pv-2 (Delete). Secrets that stay (1): shop-west-cluster-client-secret. TidbMonitors that stay (1): watch-west.',
    );
  });

  test('reclaims by name and uid what the input asks for, and says so at the gate', () => {
    const { steps } = planned(cluster(), { reclaim: { data: 'volumes', secrets: true, monitor: true } });
    expect(steps.slice(-3).map(({ id }) => id)).toEqual(['reclaim-claims/west', 'reclaim-secrets/west', 'reclaim-monitors/west']);
    expect(steps.at(-3)?.input).toMatchObject({ what: 'claims', objects: [{ name: 'pd-shop-west-pd-0', uid: 'uid-of-pd-shop-west-pd-0' }, {}], volumes: [{ name: 'pv-1', uid: 'uid-of-pv-1' }, {}] });
    expect(steps.at(-4)?.gate).toMatch(/PersistentVolumeClaims to be deleted \(2\).*PersistentVolumes to be deleted \(2\): pv-1 \(Retain\), pv-2 \(Delete\)\. Secrets to be deleted \(1\).*TidbMonitors to be deleted \(1\)/);
  });

  test('with claims alone says which volumes go by their policy and which stay', () => {
    const { steps } = planned(cluster(), { reclaim: { data: 'claims' } });
    expect(steps.at(-2)?.gate).toMatch(/PersistentVolumes that go with their claims by their policy Delete, to be deleted \(1\): pv-2\. PersistentVolumes that stay \(1\): pv-1 \(Retain\)\./);
  });

  test('keeps the label of what is its, where that is not its name: without the object nothing else tells', () => {
    const view = cluster();
    tidbCluster(view, 'west').object.metadata.labels['app.kubernetes.io/instance'] = 'release-7';
    const places = planned(view, { reclaim: { data: 'claims' } }).steps.slice(-2).map(({ input }) => input['place']);
    expect(places).toEqual(Array.from({ length: 2 }, () => ({ kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west', instance: 'release-7' })));
  });

  test('without deletion leaves the TidbCluster at zero and says what its operator does then', () => {
    const plan = planned(cluster(), { deleteTidbCluster: false });
    expect(plan.steps.at(-1)?.id).toBe('pd/west');
    expect(plan.notes.join('\n')).toMatch(/stays at zero pods.*logs "context deadline exceeded" in every pass/);
  });

  test('simulates what would remain', () => {
    const view = cluster();
    Object.assign(database(view), { locationLabels: ['zone'] });
    for (const store of database(view).stores) store.labels['zone'] = store.address.includes('east') ? 'a' : 'b';
    const plan = planned(view);
    const notes = plan.notes.join('\n');
    expect(notes).toMatch(/PD: 2 members would remain \(shop-east-pd-0, shop-north-pd-0\); their majority is 2, so the loss of 0 is borne. Warning: an even number bears no more losses than 1 would\./);
    expect(notes).toMatch(/TiKV: 2 stores leave, 4 remain; max-replicas is 3\./);
    expect(plan.figures).toEqual([
      'Of what remains 2 of 2 PD members are healthy and 4 of 4 TiKV stores are Up.',
      'TiKV: 60 region replicas (20.0 GiB) are on the stores that leave; those that remain have room for 280.0 GiB before PD calls one low on space.',
    ]);
    expect(notes).toMatch(/TiKV stores that remain per location label: zone: a 2, b 2\./);
    expect(notes).toMatch(/TiFlash: 2 stores would remain; the largest number of replicas that a table asks for is 0\./);
    expect(notes).toMatch(/TiDB: 2 servers would remain \(1 in east, 1 in north\)/);
  });

  test('warns when no TiDB server or only one PD member would remain', () => {
    const view = makeView({ kubernetesClusters: ['east', 'west'], replicas: { pd: 1, tikv: 4, tidb: 1 } });
    specOf(view, 'east', 'tidb').replicas = 0;
    const notes = planned({ ...view, remains: remainsOfWest(view) }).notes.join('\n');
    expect(notes).toMatch(/Warning: with one member its loss stops the database/);
    expect(notes).toMatch(/Warning: no TiDB server would remain/);
  });

  test('of the initial one re-points the others first, keeps a surviving anchor, and says what the inventory must name', () => {
    const view = cluster(['west', 'east', 'north']);
    const plan = planned(view);
    expect(plan.steps.slice(0, 3).map(({ title }) => title)).toEqual([
      'spec.cluster in west: names shop/shop-east in east, nothing rolls', 'spec.cluster in east: names shop/shop-north in north, nothing rolls', 'spec.cluster in north: names shop/shop-east in east, nothing rolls',
    ]);
    expect(plan.anchor).toEqual({ kubernetesCluster: 'east', namespace: 'shop', name: 'shop-east' });
    expect(plan.notes.join('\n')).toMatch(/shop\/shop-west in west is the initial one in the inventory: after the exit the inventory must name another there, such as \{ kubernetesCluster: east, namespace: shop, name: shop-east \}/);
  });

  test('lets a sole survivor stand alone after the deletion', () => {
    const view = makeView({ kubernetesClusters: ['west', 'east'], replicas: { pd: 1, tikv: 4 } });
    expect(planned({ ...view, remains: remainsOfWest(view) }).steps.map(({ id }) => id)).toEqual(['reference/west', 'tikv/west', 'pd/west', 'delete/west', 'reference/east']);
  });

  test('adopts stages that are done', () => {
    const view = cluster();
    leave(view, 'west', 'tidb');
    leave(view, 'west', 'tiflash');
    expect(planned(view).steps.filter(({ alreadyDone }) => alreadyDone).map(({ id }) => id)).toEqual(['tidb/west', 'tiflash/west']);
  });

  test('does not call a stage done whose store is still being emptied', () => {
    const view = cluster();
    drain(view, 'west', 3);
    expect(planned(view).steps.filter(({ alreadyDone }) => alreadyDone)).toEqual([]);
  });

  test('is held, not refused, for what passes', () => {
    const view = cluster();
    const [store] = database(view).stores.filter(({ address }) => address.includes('east'));
    if (store) store.state = 'Disconnected';
    expect(planned(view).holds.map(({ key }) => key)).toEqual(expect.arrayContaining(['exit/tikv-up', `store/${store?.id}/Disconnected`]));
  });
});

describe('refused', () => {
  test('is an unknown TidbCluster, with those that are known', () => {
    expect(refused(cluster(), { leaving: 'wset' })).toEqual(['the TiDB cluster shop has no TidbCluster in "wset"; it has them in: east, west, north']);
  });

  test('is a second data cluster, leaving or staying: what of it is whose is not known', () => {
    for (const key of ['west', 'north']) {
      const view = cluster();
      tidbCluster(view, key).object.status.clusterID = '99';
      expect(refused(view)).toEqual([expect.stringMatching(/^two TiDB clusters with data are never connected: .*99/)]);
    }
  });

  test('is the last TidbCluster', () => {
    const view = makeView({ kubernetesClusters: ['west'], replicas: { pd: 3, tikv: 6 } });
    expect(refused({ ...view, remains: remainsOfWest(view) }).join('; ')).toMatch(/is the only TidbCluster of shop/);
  });

  test('comes with all reasons at once', () => {
    const view = cluster();
    database(view).maxReplicas = 4;
    database(view).placementRules = [{ ...defaultRule(5), id: 'five' }];
    tidbCluster(view, 'north').object.spec.paused = true;
    const sentences = refused(view, { reclaim: { data: 'claims' } });
    expect(sentences).toEqual([expect.stringMatching(/north is paused/), expect.stringMatching(/4 TiKV stores would remain and max-replicas is 4/), expect.stringMatching(/rule pd\/five wants 5 voters, and 4 would remain/)]);
  });

  test('is reclaiming what the worker may not even read', () => {
    const view = cluster();
    const remains = remainsOfWest(view, { claims: [], volumes: [], unread: ['persistentvolumeclaims'] });
    expect(refused({ ...view, remains }, { reclaim: { data: 'claims' } })).toEqual([expect.stringMatching(/may not read persistentvolumeclaims in west.*tidb-runbooks-exit/)]);
    expect(planned({ ...view, remains }).steps.at(-1)?.gate).toMatch(/Not known, since the worker may not read them: persistentvolumeclaims/);
  });
});

describe('after the deletion', () => {
  const departed = { key: 'west', place: { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west' }, uid: 'uid-of-west' };
  /** West has left and is deleted, as `east` has recorded it. */
  const after = (more: Partial<Remains> = {}, kubernetesClusters?: string[]): ClusterView => {
    const view = cluster(kubernetesClusters);
    const remains = remainsOfWest(view, { object: undefined, pods: [], ...more });
    for (const component of ['tidb', 'ticdc', 'pump', 'tiflash', 'tikv', 'pd'] as const) leave(view, 'west', component);
    tidbCluster(view, 'east').object.metadata.annotations[departedAnnotation] = JSON.stringify([departed]);
    return { ...view, tidbClusters: view.tidbClusters.filter(({ key }) => key !== 'west'), remains };
  };
  const reclaim = { reclaim: { data: 'volumes', secrets: true } };

  test('goes on with what is to be reclaimed, behind a gate of its own with the exact list', () => {
    const { steps, summary, holds } = planned(after(), reclaim);
    expect(steps.map(({ id, alreadyDone }) => [id, alreadyDone])).toEqual([['delete/west', true], ['reclaim-claims/west', false], ['reclaim-secrets/west', false]]);
    expect(steps.map(({ gate }) => gate)).toEqual([undefined, expect.stringMatching(/^Delete what TidbCluster shop\/shop-west in west has left\? There is no way back\. PersistentVolumeClaims to be deleted \(2\): pd-shop-west-pd-0, tikv-shop-west-tikv-0\..*TidbMonitors that stay \(1\)/), undefined]);
    expect(steps[1]?.input).toMatchObject({ place: departed.place, objects: [{ uid: 'uid-of-pd-shop-west-pd-0' }, {}], volumes: [{ name: 'pv-1' }, { name: 'pv-2' }] });
    expect(summary).toMatch(/has left TiDB cluster shop and is deleted: 2 kinds of what it left are to be reclaimed/);
    expect(holds).toEqual([]);
  });

  test('has nothing to do when nothing is to be reclaimed, or nothing is left', () => {
    expect(planned(after()).steps.map(({ id, alreadyDone }) => [id, alreadyDone])).toEqual([['delete/west', true]]);
    expect(planned(after({ claims: [], volumes: [], secrets: [], monitors: [] }), reclaim).steps).toHaveLength(1);
  });

  test('waits for what the deletion has not taken away yet', () => {
    const going = after({ pods: [{ name: 'shop-west-discovery-7d9f', uid: '1' }] });
    expect(planned(going, reclaim).steps[0]).toMatchObject({ id: 'delete/west', alreadyDone: false, input: { uid: 'uid-of-west' } });
  });

  test('is the same while the object waits for its finalizers', () => {
    const view = after();
    const west = tidbCluster(cluster(), 'west');
    west.object.metadata.deletionTimestamp = '2026-03-01T11:59:00Z';
    const there = { ...view, tidbClusters: [...view.tidbClusters, west] };
    const going = { ...there, remains: remainsOfWest(there) };
    expect(planned(going, reclaim).steps.map(({ id, alreadyDone }) => [id, alreadyDone])).toEqual([['delete/west', false], ['reclaim-claims/west', false], ['reclaim-secrets/west', false]]);
  });

  test('lets a sole survivor stand alone, when the run before did not come to that', () => {
    const view = after({}, ['west', 'east']);
    expect(planned(view).steps.map(({ id }) => id)).toEqual(['delete/west', 'reference/east']);
    delete tidbCluster(view, 'east').object.spec.cluster;
    expect(planned(view).steps.map(({ id }) => id)).toEqual(['delete/west']);
  });

  test('still refuses a name that was never there', () => {
    expect(refused(after(), { leaving: 'wset' })).toEqual(['the TiDB cluster shop has no TidbCluster in "wset"; it has them in: east, north']);
  });

  test('knows no way back', () => {
    expect(refused(after(), { way: 'back' })).toEqual(['TidbCluster shop/shop-west in west has left and is deleted: there is no way back']);
  });

  test('refuses what another TidbCluster of its name would lose', () => {
    const { object } = tidbCluster(cluster(), 'west');
    expect(refused(after({ object: { ...object, metadata: { ...object.metadata, uid: 'of-another-life' } } }), reclaim)).toEqual([expect.stringMatching(/stands there and is not connected/)]);
    expect(refused(after({ object }), reclaim)).toEqual([expect.stringMatching(/stands there and is not connected/)]);
  });

  test('refuses while PD counts on a store of it: somebody brought it back, and took only the object away', () => {
    const view = after();
    const [store] = database(view).stores.filter(({ address }) => address.includes('shop-west-'));
    if (store) store.state = 'Up';
    expect(refused(view, reclaim)).toEqual([expect.stringMatching(/unknown part of this cluster: store \d+ at shop-west-/)]);
  });

  test('refuses to reclaim what the worker may not even read', () => {
    expect(refused(after({ claims: [], unread: ['persistentvolumeclaims'] }), reclaim)).toEqual([expect.stringMatching(/may not read persistentvolumeclaims in west/)]);
  });

  test('takes one that is there again out anew', () => {
    const view = cluster();
    tidbCluster(view, 'east').object.metadata.annotations[departedAnnotation] = JSON.stringify([{ ...departed, uid: 'of-another-life' }]);
    expect(planned(view).steps[0]?.id).toBe('tidb/west');
  });
});

describe('the way back', () => {
  const stopped = (): ClusterView => {
    const view = cluster();
    leave(view, 'west', 'tidb');
    specOf(view, 'west', 'tikv').replicas = 0;
    drain(view, 'west', 12);
    tidbCluster(view, 'west').object.metadata.annotations['tidb-runbooks.io/replicas-before-exit'] = '{"pd":1,"tidb":1,"tikv":2}';
    return view;
  };

  test('restores the recorded pods, keeps the stores that are being emptied, and forgets the exit', () => {
    const plan = planned(stopped(), { way: 'back' });
    expect(plan.steps.map(({ title }) => title)).toEqual([`Pods in west as before the exit: TiDB 1, TiKV 2; stores ${storesOfWest(stopped())} stay`, 'Everything runs in west: no store is being emptied, no leaders are evicted', 'The record of the exit in west is removed']);
  });

  test('is refused without a record', () => {
    expect(refused(cluster(), { way: 'back' })).toEqual(['TidbCluster shop/shop-west in west has no record of an exit: nothing is to be taken back']);
  });

  test('is refused when its PD has left', () => {
    const view = stopped();
    leave(view, 'west', 'pd');
    expect(refused(view, { way: 'back' })).toEqual([expect.stringMatching(/PD members of TidbCluster shop\/shop-west in west have left/)]);
  });
});

const storesOfWest = (view: ClusterView): string => database(view).stores.filter(({ address }) => address.includes('shop-west-')).map(({ id }) => id).join(', ');

describe('the input', () => {
  const problems = (input: object): string => exitClusterRunbook.contract().safeParse({ cluster: 'shop', leaving: 'west', ...input }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') ?? '';

  test('keeps everything but the TidbCluster by default', () => {
    expect(wish()).toMatchObject({ way: 'out', deleteTidbCluster: true, reclaim: { data: 'keep', secrets: false, monitor: false } });
  });

  test.each([
    [{ reclaim: { data: 'claims' }, deleteTidbCluster: false }, /^reclaim: can be asked for only when the TidbCluster is deleted/],
    [{ reclaim: { secrets: true }, way: 'back' }, /^reclaim: is not for the way back/],
    [{ reclaim: { volumes: true } }, /volumes/],
    [{ leaving: 7 }, /^leaving: needs the Kubernetes cluster whose TidbCluster leaves/],
  ])('%j is refused in a sentence', (input, says) => {
    expect(problems(input)).toMatch(says);
  });
});
