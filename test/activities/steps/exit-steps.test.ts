/** The kinds of step of an exit: what each writes, what its proof misses, and what holds it. */
import { kindOf } from '../../../src/activities/steps/index.ts';
import type { StepKind } from '../../../src/activities/steps/step-kind.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import { digestsOf } from '../../../src/tidb/drift.ts';
import { replicasAnnotation } from '../../../src/tidb/exit/record.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { KubernetesEvent } from '../../../src/tidb/objects.ts';
import { eventSchema } from '../../../src/tidb/objects.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NOW_MS, database, makeView, specOf, statefulSet, statusOf, store, tidbCluster } from '../../tidb/make-view.ts';
import { askForNone, drain, leave, remainsOfWest } from '../../tidb/exit/exiting.ts';
import { written } from './written.ts';

const place = { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west' };
const cluster = (): ClusterView => makeView({ kubernetesClusters: ['east', 'west', 'north'], replicas: { pd: 1, tikv: 2, tidb: 1 } });
const scene = (view: ClusterView, key = 'west') => ({ view, member: tidbCluster(view, key) });
const step = (kind: string, input: PlannedStep['input'], key = 'west'): StepKind => kindOf({ id: `x/${key}`, kind, title: 'x', component: 'x', kubernetesCluster: key, alreadyDone: false, input });
const iso = (ms: number): string => new Date(ms).toISOString();
const keysOf = (kind: StepKind, which: 'guards' | 'standing', view: ClusterView, key = 'west'): string[] => askAll(kind[which], view, scene(view, key)).map((reason) => reason.key);

describe('scale-to-zero', () => {
  const kind = (view: ClusterView, component: 'tikv' | 'tidb' | 'pd' = 'tikv'): StepKind => step('scale-to-zero', { component, from: component === 'tikv' ? 2 : 1, place, baseline: digestsOf(tidbCluster(view, 'west').object) });

  test('asks for zero pods, and its first patch records the numbers from before', () => {
    const view = cluster();
    expect(kind(view).change(scene(view))).toEqual([
      { write: 'patch-tidb-cluster', patch: { spec: { tikv: { replicas: 0 } }, metadata: { annotations: { [replicasAnnotation]: '{"pd":1,"tidb":1,"tikv":2}' } } } },
    ]);
  });

  test('keeps what was recorded of a component that is at zero already', () => {
    const view = cluster();
    tidbCluster(view, 'west').object = written(tidbCluster(view, 'west').object, kind(view, 'tidb').change(scene(view)));
    expect(specOf(view, 'west', 'tidb').replicas).toBe(0);
    expect(kind(view).change(scene(view))).toEqual([{ write: 'patch-tidb-cluster', patch: { spec: { tikv: { replicas: 0 } } } }]);
    expect(tidbCluster(view, 'west').object.metadata.annotations[replicasAnnotation]).toBe('{"pd":1,"tidb":1,"tikv":2}');
  });

  test('writes the list of microservices whole', () => {
    const view = makeView({ kubernetesClusters: ['east', 'west', 'north'], replicas: { pd: 1, tikv: 2, tso: 2, scheduling: 1 } });
    const [write] = step('scale-to-zero', { component: 'tso', from: 2, place, baseline: {} }).change(scene(view));
    expect(write).toMatchObject({ patch: { spec: { pdms: [{ name: 'tso', replicas: 0, baseImage: 'pingcap/pd' }, { name: 'scheduling', replicas: 1, baseImage: 'pingcap/pd' }] } } });
  });

  test('writes nothing when zero is asked for already', () => {
    const view = cluster();
    askForNone(view, 'west', 'tikv');
    expect(kind(view).change(scene(view))).toEqual([]);
  });

  test('is proved only when pods are gone and a surviving PD counts its stores as Tombstones', () => {
    const view = cluster();
    askForNone(view, 'west', 'tikv');
    drain(view, 'west', 12);
    database(view).removing = { progress: 0.6, leftSeconds: 100 };
    expect(kind(view).missing(scene(view))).toEqual([
      'store 3 (shop-west-tikv-0) is Offline, 12 regions left', 'store 4 (shop-west-tikv-1) is Offline, 12 regions left', 'PD has moved 60 %, about 2 min left',
      'the operator keeps 2 pods in the StatefulSet of TiKV', '2 pods are there: shop-west-tikv-0, shop-west-tikv-1',
    ]);
    leave(view, 'west', 'tikv');
    expect(kind(view).missing(scene(view))).toEqual([]);
    expect(kind(view).proof(scene(view))).toEqual({ replicas: 0, buried: ['store 3 (shop-west-tikv-0) is a Tombstone', 'store 4 (shop-west-tikv-1) is a Tombstone'], saidBy: 'PD of the TidbClusters that stay' });
  });

  test('is not proved by Kubernetes alone', () => {
    const view = cluster();
    leave(view, 'west', 'tikv');
    store(view, 'west').state = 'Offline';
    expect(kind(view).missing(scene(view))).toEqual(['store 3 (shop-west-tikv-0) is Offline, 0 regions left']);
    expect(kind(view).missing(scene({ ...view, database: undefined, databaseProblem: 'silent' }))).toContain('no PD of the others answers: silent');
  });

  test('of PD is not proved while PD lists a member of it', () => {
    const view = cluster();
    const members = [...database(view).members];
    leave(view, 'west', 'pd');
    expect(kind(view, 'pd').missing(scene(view))).toEqual([]);
    database(view).members = members;
    expect(kind(view, 'pd').missing(scene(view))).toEqual(['PD still lists member shop-west-pd-0']);
  });

  test('never takes Ready or a pod that is still leaving for the end', () => {
    const view = cluster();
    const [pod] = tidbCluster(view, 'west').pods.filter(({ metadata }) => metadata.name.includes('tidb'));
    leave(view, 'west', 'tidb');
    if (pod) tidbCluster(view, 'west').pods.push({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: iso(NOW_MS) } });
    Object.assign(tidbCluster(view, 'west').object.status, { conditions: [{ type: 'Ready', status: 'True' }] });
    expect(kind(view, 'tidb').missing(scene(view))).toEqual(['1 pods are there: shop-west-tidb-0']);
  });

  test('does not ask the PD that leaves', () => {
    expect(kind(cluster()).more).toEqual({ notThroughPdOf: 'west', warnings: true, removing: true });
  });

  test('holds before its change when what would remain has become too little', () => {
    const view = cluster();
    expect(keysOf(kind(view), 'guards', view)).toEqual([]);
    database(view).maxReplicas = 4;
    expect(keysOf(kind(view), 'guards', view)).toEqual(['exit/tikv-count/4']);
  });

  test('calls for the brake when a survivor fails while it drains', () => {
    const view = cluster();
    askForNone(view, 'west', 'tikv');
    drain(view, 'west', 12);
    expect(askAll(kind(view).alarms ?? [], view, scene(view))).toEqual([]);
    store(view, 'east').state = 'Down';
    expect(askAll(kind(view).alarms ?? [], view, scene(view)).map(({ key }) => key)).toEqual(['exit/tikv-up', 'store/1/Down']);
  });

  test('holds when somebody asked for another number of pods', () => {
    const view = cluster();
    const planned = kind(view);
    specOf(view, 'west', 'tikv').replicas = 5;
    expect(keysOf(planned, 'standing', view)).toEqual(['drift/west/tikv.replicas/5']);
  });

  test('does not take its own changes for drift', () => {
    const view = cluster();
    const planned = kind(view);
    for (const component of ['tidb', 'tikv', 'pd'] as const) askForNone(view, 'west', component);
    tidbCluster(view, 'west').object.spec.cluster = { name: 'shop-north', namespace: 'shop', clusterDomain: '' };
    expect(keysOf(planned, 'standing', view)).toEqual([]);
  });

  test('names the stores that keep their regions, and for how long nothing moved', () => {
    const view = cluster();
    drain(view, 'west', 7);
    expect(kind(view).explainStall?.(scene(view), 90_000).map(({ message }) => message)[0]).toBe(
      'store 3 (shop-west-tikv-0) is Offline and keeps 7 regions, none has left it for 90 s: look at placement rules and location labels, at free space, and at PD\'s operators and store limits',
    );
  });

  describe('an event of the operator that it does not scale in', () => {
    const refusal = (ms: number, message = "can't scale in TiKV of TidbCluster [shop/shop-west], cause the number of up stores is equal to MaxReplicas in PD configuration(3)"): KubernetesEvent =>
      eventSchema.parse({ metadata: { name: 'e' }, type: 'Warning', reason: 'FailedScaleIn', message, lastTimestamp: iso(ms), involvedObject: { kind: 'TidbCluster', name: 'shop-west' } });
    const asked = (): ClusterView => {
      const view = cluster();
      askForNone(view, 'west', 'tikv');
      tidbCluster(view, 'west').object.metadata.managedFields.push({ manager: 'tidb-runbooks', time: iso(NOW_MS - 60_000) });
      return view;
    };
    const said = (view: ClusterView, event: KubernetesEvent, component: 'tikv' | 'pd' = 'tikv'): string[] => {
      tidbCluster(view, 'west').events = [event];
      return keysOf(kind(cluster(), component), 'standing', view);
    };

    test('newer than our patch is a reason', () => expect(said(asked(), refusal(NOW_MS - 1_000))).toEqual(['refused/west/tikv']));
    test('older than our patch is none', () => expect(said(asked(), refusal(NOW_MS - 61_000))).toEqual([]));
    test('that has not been repeated for longer than client-go repeats it is none', () => {
      const view = asked();
      tidbCluster(view, 'west').object.metadata.managedFields.pop();
      expect(said(view, refusal(NOW_MS - 7 * 60_000))).toEqual([]);
    });
    test('is none any more while PD empties a store', () => {
      const view = asked();
      drain(view, 'west', 3);
      expect(said(view, refusal(NOW_MS - 1_000))).toEqual([]);
    });
    test('about PD is a reason for PD alone', () => {
      const message = 'The PD is in use by TidbCluster [shop/shop-west], can not scale in PD, reason: upComponents 2';
      expect(said(asked(), refusal(NOW_MS - 1_000, message))).toEqual([]);
      const view = asked();
      askForNone(view, 'west', 'pd');
      expect(said(view, refusal(NOW_MS - 1_000, message), 'pd')).toEqual(['refused/west/pd']);
    });
  });
});

describe('repoint-reference', () => {
  const kind = step('repoint-reference', { to: { name: 'shop-north', namespace: 'shop', clusterDomain: 'north.example' }, place: { ...place, kubernetesCluster: 'east', name: 'shop-east' }, baseline: digestsOf(tidbCluster(cluster(), 'east').object) }, 'east');

  test('writes the reference and the revisions from before, and is proved when nothing rolled', () => {
    const view = cluster();
    const east = tidbCluster(view, 'east');
    expect(kind.missing(scene(view, 'east'))).toEqual(['spec.cluster does not name shop/shop-north yet']);
    east.object = written(east.object, kind.change(scene(view, 'east')));
    expect(kind.missing(scene(view, 'east'))).toEqual([]);
    statefulSet(view, 'east', 'tikv').status.updateRevision = 'other';
    expect(kind.missing(scene(view, 'east')).join('; ')).toMatch(/tikv has revision other instead of .*: the patch rolled it/);
  });

  test('is held for a TidbCluster without PD of its own: there it would roll', () => {
    const view = cluster();
    specOf(view, 'east', 'pd').replicas = 0;
    expect(keysOf(kind, 'guards', view, 'east')).toContain('reference/east/no-pd');
  });

  test('takes the reference of a sole survivor away', () => {
    const view = cluster();
    const alone = step('repoint-reference', { place, baseline: {} });
    const west = tidbCluster(view, 'west');
    west.object = written(west.object, alone.change(scene(view)));
    expect(west.object.spec.cluster).toBeUndefined();
    expect(alone.missing(scene(view))).toEqual([]);
    expect(alone.change(scene(view))).toEqual([]);
  });
});

describe('delete-tidb-cluster', () => {
  const kind = step('delete-tidb-cluster', { place, uid: 'uid-of-west' });
  const emptied = (): ClusterView => {
    const view = cluster();
    for (const component of ['tidb', 'tikv', 'pd'] as const) leave(view, 'west', component);
    return { ...view, remains: remainsOfWest(view) };
  };

  test('deletes the object of the plan, by its uid, when a survivor has recorded where it was', () => {
    const [record, ...others] = kind.change(scene(emptied()));
    expect(record).toMatchObject({ write: 'patch-object', kubernetesCluster: 'east', object: { kind: 'TidbCluster', namespace: 'shop', name: 'shop-east', uid: 'uid-of-east' } });
    expect(others).toEqual([{ write: 'delete-object', kubernetesCluster: 'west', object: expect.objectContaining({ kind: 'TidbCluster', namespace: 'shop', name: 'shop-west', uid: 'uid-of-west' }) }]);
  });

  test('records nothing twice', () => {
    const view = emptied();
    tidbCluster(view, 'east').object = written(tidbCluster(view, 'east').object, kind.change(scene(view)));
    expect(kind.change(scene(view)).map(({ write }) => write)).toEqual(['delete-object']);
  });

  test('leaves another object of the same name alone', () => {
    const view = emptied();
    const other = structuredClone(tidbCluster(view, 'west').object);
    other.metadata.uid = 'of-another-life';
    expect(kind.change(scene({ ...view, remains: remainsOfWest(view, { object: other }) }))).toEqual([]);
  });

  test('is proved when no pod, discovery included, and no StatefulSet is left', () => {
    const view = emptied();
    const without = { ...view, tidbClusters: view.tidbClusters.filter(({ key }) => key !== 'west') };
    const left = (more: object): string[] => kind.missing({ view: { ...without, remains: remainsOfWest(view, { object: undefined, ...more }) }, member: tidbCluster(view, 'east') });
    expect(left({})).toEqual(['pods are left: shop-west-discovery-7d9f']);
    expect(left({ pods: [], statefulSets: [{ name: 'shop-west-pd', uid: '1' }] })).toEqual(['StatefulSets are left: shop-west-pd']);
    expect(left({ pods: [] })).toEqual([]);
    expect(kind.missing(scene(view))).toContain('the object is there');
    expect(kind.missing(scene({ ...view, remains: undefined }))).toEqual(['what is left of it is unknown']);
  });

  test('is held while anything of it lives', () => {
    expect(keysOf(kind, 'guards', emptied())).toEqual([]);
    const view = cluster();
    expect(keysOf(kind, 'guards', { ...view, remains: remainsOfWest(view) })).toEqual(expect.arrayContaining(['delete/lives/tidb', 'delete/store/3', expect.stringMatching(/^delete\/member\/shop-west-pd-0/)]));
  });
});

describe('reclaim', () => {
  const named = (...names: string[]) => names.map((name) => ({ name, uid: `uid-of-${name}` }));
  const kind = step('reclaim', { what: 'claims', place, objects: named('pd-shop-west-pd-0', 'tikv-shop-west-tikv-0'), volumes: named('pv-1', 'pv-2') });
  const gone = (more: object = {}): ClusterView => {
    const view = cluster();
    return { ...view, tidbClusters: view.tidbClusters.filter(({ key }) => key !== 'west'), remains: remainsOfWest(view, { object: undefined, ...more }) };
  };

  test('gives volumes that would be kept the policy Delete before their claims go', () => {
    expect(kind.change(scene(gone(), 'east')).map((write) => [write.write, 'object' in write ? write.object.name : ''])).toEqual([['patch-object', 'pv-1'], ['delete-object', 'pd-shop-west-pd-0'], ['delete-object', 'tikv-shop-west-tikv-0']]);
    expect(kind.change(scene(gone(), 'east'))[0]).toMatchObject({ patch: { spec: { persistentVolumeReclaimPolicy: 'Delete' } } });
  });

  test('deletes nothing that appeared after the plan, and reports it', () => {
    const later = { name: 'tikv-shop-west-tikv-9', uid: 'later', volume: '' };
    const view = gone({ claims: [later], volumes: [] });
    expect(kind.change(scene(view, 'east'))).toEqual([]);
    expect(kind.missing(scene(view, 'east'))).toEqual([]);
    expect(kind.proof(scene(view, 'east'))).toMatchObject({ keptSince: ['tikv-shop-west-tikv-9'] });
  });

  test('is proved when claims and volumes are gone', () => {
    expect(kind.missing(scene(gone(), 'east'))).toEqual(['2 persistentvolumeclaims are left: pd-shop-west-pd-0, tikv-shop-west-tikv-0', '2 volumes are left: pv-1, pv-2']);
    expect(kind.missing(scene(gone({ claims: [] }), 'east'))).toEqual(['2 volumes are left: pv-1, pv-2']);
    expect(kind.missing(scene(gone({ claims: [], volumes: [] }), 'east'))).toEqual([]);
    expect(kind.more).toMatchObject({ volumes: ['pv-1', 'pv-2'] });
  });

  test('is held while the TidbCluster is there', () => {
    const view = cluster();
    expect(keysOf(kind, 'guards', { ...view, remains: remainsOfWest(view) })).toContain('reclaim/still-there');
  });

  test('is held while PD counts on what nobody owns: a store on these claims would belong to nobody', () => {
    expect(keysOf(kind, 'guards', gone(), 'east')).toContain('unknown-part/store/3');
  });

  test('says of a volume that Kubernetes could not delete', () => {
    const failed = gone({ claims: [], volumes: [{ name: 'pv-1', uid: 'uid-of-pv-1', reclaimPolicy: 'Delete', phase: 'Failed' }] });
    expect(kind.explainStall?.(scene(failed, 'east'), 1_000)[0]?.message).toMatch(/could not delete volume pv-1 \(phase Failed\)/);
  });
});

describe('the way back', () => {
  const stopped = (): ClusterView => {
    const view = cluster();
    leave(view, 'west', 'tidb');
    askForNone(view, 'west', 'tikv');
    drain(view, 'west', 12);
    database(view).evictingStores = ['3', '1'];
    tidbCluster(view, 'west').object.metadata.annotations[replicasAnnotation] = '{"pd":1,"tidb":1,"tikv":2}';
    return view;
  };
  const input = { replicas: { pd: 1, tidb: 1, tikv: 2 }, place, baseline: digestsOf(tidbCluster(stopped(), 'west').object) };
  const restore = step('restore-replicas', input);
  const keep = step('keep-stores', input);
  const restored = (): ClusterView => {
    const view = stopped();
    Object.assign(specOf(view, 'west', 'tidb'), { replicas: 1 });
    Object.assign(specOf(view, 'west', 'tikv'), { replicas: 2 });
    Object.assign(statefulSet(view, 'west', 'tidb').spec, { replicas: 1 });
    return view;
  };

  test('asks for the pods before it tells PD that the stores stay: else the operator would remove them again', () => {
    expect(restore.change(scene(stopped()))).toEqual([
      { write: 'patch-tidb-cluster', patch: { spec: { tidb: { replicas: 1 }, tikv: { replicas: 2 } } } }, { write: 'store-up', storeId: '3' }, { write: 'store-up', storeId: '4' }, { write: 'end-eviction', storeId: '3' },
    ]);
  });

  test('ends the eviction of its own stores only: the operator ends none of a scale-in that was taken back', () => {
    const view = restored();
    for (const id of ['3', '4']) Object.assign(database(view).stores.find((each) => each.id === id) ?? {}, { state: 'Up' });
    expect(keep.change(scene(view))).toEqual([{ write: 'end-eviction', storeId: '3' }]);
  });

  test('tells PD again what a death in between, or a late pass of the operator, has left undone', () => {
    const view = restored();
    expect(restore.change(scene(view))).toEqual([]);
    expect(keep.change(scene(view))).toEqual([{ write: 'store-up', storeId: '3' }, { write: 'store-up', storeId: '4' }, { write: 'end-eviction', storeId: '3' }]);
  });

  test('has restored the numbers when the spec asks for them and the operator has begun', () => {
    expect(restore.missing(scene(stopped()))).toEqual(['spec asks for 0 pods of TiDB, 1 were recorded', 'spec asks for 0 pods of TiKV, 2 were recorded']);
    const view = restored();
    expect(restore.missing(scene(view))).toEqual([]);
    statefulSet(view, 'west', 'tidb').spec.replicas = 0;
    expect(restore.missing(scene(view))).toEqual(['the operator has not begun with shop-west-tidb']);
  });

  test('is proved by the six points of every component, and not before PD calls the stores Up', () => {
    expect(keep.missing(scene(restored()))).toEqual(expect.arrayContaining(['store 3 is still being emptied', '0 of 1 pods are updated, 0 ready']));
    expect(keep.missing(scene(cluster()))).toEqual([]);
  });

  test('does not wait for what it is to mend: its own stores may be Offline', () => {
    const view = stopped();
    expect([...keysOf(restore, 'guards', view), ...keysOf(keep, 'guards', view)]).toEqual([]);
    expect(askAll(restore.whole ?? [], view, scene(view))).toEqual([]);
  });
});

test('forget-exit removes the record and nothing else', () => {
  const view = cluster();
  const kind = step('forget-exit', {});
  expect(kind.missing(scene(view))).toEqual([]);
  tidbCluster(view, 'west').object.metadata.annotations[replicasAnnotation] = '{}';
  expect(kind.missing(scene(view))).toHaveLength(1);
  expect(kind.change(scene(view))).toEqual([{ write: 'patch-tidb-cluster', patch: { metadata: { annotations: { [replicasAnnotation]: null } } } }]);
});

test('a stage waits for the survivors only: an ill part that leaves does not stop its own exit', () => {
  const view = cluster();
  store(view, 'west').state = 'Down';
  const kind = step('scale-to-zero', { component: 'tidb', from: 1, place, baseline: {} });
  expect(askAll(kind.whole ?? [], view, scene(view))).toEqual([]);
  statusOf(view, 'west', 'tidb').phase = 'Normal';
  store(view, 'north').state = 'Down';
  expect(askAll(kind.whole ?? [], view, scene(view)).map(({ key }) => key)).toEqual(['store/5/Down']);
});
