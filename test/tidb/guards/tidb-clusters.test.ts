import type { Reason } from '../../../src/protocol/outcome.ts';
import { brakePatch } from '../../../src/tidb/brake.ts';
import type { Component } from '../../../src/tidb/components.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { Guard } from '../../../src/tidb/guards/guard.ts';
import {
  CERTIFICATE_MARGIN_MS, certificatesValid, noTiproxyAcross, noUnknownParts, nobodyRolls, oneDatabase, notDeleting, notPaused, notSuspended, operatorAlive, passesValidation, peersKnown,
} from '../../../src/tidb/guards/tidb-clusters.ts';
import type { KubernetesEvent } from '../../../src/tidb/objects.ts';
import { eventSchema } from '../../../src/tidb/objects.ts';
import type { ClusterView, TidbClusterView } from '../../../src/tidb/view.ts';
import { NEW, NOW_MS, beginRoll, database, makeView, member, specOf, statefulSet, statusOf, store, tidbCluster, usual } from '../make-view.ts';

const ask = (guard: Guard, view: ClusterView, { key = 'west', component }: { key?: string; component?: Component } = {}): Reason[] =>
  askAll([guard], view, { member: tidbCluster(view, key), ...(component ? { component } : {}) });
const changed = (change: (east: TidbClusterView, view: ClusterView) => unknown, shape: Parameters<typeof makeView>[0] = {}): ClusterView => {
  const view = makeView(shape);
  change(tidbCluster(view, 'east'), view);
  return view;
};
const isoTime = (ms: number): string => new Date(ms).toISOString();

it.each<[string, Guard]>([
  ['notPaused', notPaused],
  ['notSuspended', notSuspended],
  ['notDeleting', notDeleting],
  ['passesValidation', passesValidation],
  ['noTiproxyAcross', noTiproxyAcross],
  ['nobodyRolls', nobodyRolls],
  ['operatorAlive', operatorAlive],
  ['peersKnown', peersKnown],
  ['certificatesValid', certificatesValid],
  ['noUnknownParts', noUnknownParts],
  ['oneDatabase', oneDatabase],
])('%s is silent on a healthy view', (_name, guard) => {
  expect(ask(guard, makeView(), { component: 'pd' })).toEqual([]);
  expect(ask(guard, makeView({ replicas: { ...usual, tso: 1, tiflash: 1, ticdc: 1 } }))).toEqual([]);
});

describe('states in which the operator does not act', () => {
  it('paused by somebody else', () => {
    const view = changed((east) => (east.object.spec.paused = true));
    expect(ask(notPaused, view)).toEqual([{ key: 'paused/east', message: 'TidbCluster shop/shop-east in east is paused by somebody else (spec.paused): it is theirs to release', clears: 'itself' }]);
  });

  it('frozen by a brake, ours or of another run: it says whose, since when and why', () => {
    const view = changed((east) => {
      east.object.spec.paused = true;
      const patch = brakePatch({ namespace: 'default', workflowId: 'upgradeCluster/shop', runId: 'r-1' }, 'store 7 is Down', '2026-03-01T11:59:00Z') as { metadata: { annotations: Record<string, string> } };
      east.object.metadata.annotations = patch.metadata.annotations;
    });
    expect(ask(notPaused, view)).toEqual([
      { key: 'brake/east', message: 'TidbCluster shop/shop-east in east is frozen by the brake of run upgradeCluster/shop since 2026-03-01T11:59:00Z: store 7 is Down', clears: 'itself' },
    ]);
  });

  it.each<[string, (east: TidbClusterView, view: ClusterView) => unknown]>([
    ['as a whole', (east) => (east.object.spec.suspendAction = { suspendStatefulSet: true })],
    ['one component', (_east, view) => (specOf(view, 'east', 'tikv').suspendAction = { suspendStatefulSet: true })],
    ['one microservice', (_east, view) => (specOf(view, 'east', 'tso').suspendAction = { suspendStatefulSet: true })],
  ])('suspended %s', (_name, change) => {
    const view = changed(change, { replicas: { pd: 1, tikv: 1, tso: 1 } });
    expect(ask(notSuspended, view)).toEqual([{ key: 'suspended/east', message: 'TidbCluster shop/shop-east in east has a suspendAction', clears: 'itself' }]);
  });

  it('being deleted needs a person', () => {
    expect(ask(notDeleting, changed((east) => (east.object.metadata.deletionTimestamp = isoTime(NOW_MS))))).toMatchObject([{ key: 'deleting/east', clears: 'decision' }]);
  });

  it('TiProxy with acrossK8s needs a person; either alone does not', () => {
    expect(ask(noTiproxyAcross, changed(() => undefined, { replicas: { pd: 1, tiproxy: 1 } }))).toHaveLength(3);
    expect(ask(noTiproxyAcross, makeView({ replicas: { pd: 1, tiproxy: 1 }, acrossK8s: false }))).toEqual([]);
  });

  it.each([
    [true, undefined, []],
    [false, 'its Lease is 80 s old', ['TiDB Operator in west is down: its Lease is 80 s old']],
    [undefined, 'no Lease', ['TiDB Operator in west could not be judged: no Lease']],
  ])('operator alive: %p', (alive, detail, words) => {
    const view = makeView();
    Object.assign(tidbCluster(view, 'west').operator, { alive, detail: detail ?? '' });
    expect(ask(operatorAlive, view).map((reason) => reason.message)).toEqual(words);
    expect(ask(operatorAlive, view, { key: 'east' })).toEqual([]);
  });
});

describe('a refusal by validation', () => {
  const event = (more: object): KubernetesEvent =>
    eventSchema.parse({ metadata: { name: 'e' }, type: 'Warning', reason: 'FailedValidation', message: 'spec.tikv.storage: required', involvedObject: { kind: 'TidbCluster', name: 'shop-east' }, ...more });
  it.each<[string, object, number]>([
    ['newer than the last write stands', { lastTimestamp: isoTime(NOW_MS) }, 1],
    ['that is said again every five minutes stands', { lastTimestamp: isoTime(NOW_MS - 330_000) }, 1],
    ['that the operator has not repeated for so long is over: the wrong field is gone, and with it who had set it', { lastTimestamp: isoTime(NOW_MS - 361_000) }, 0],
    ['by eventTime stands', { eventTime: isoTime(NOW_MS) }, 1],
    ['without a time stands', {}, 1],
    ['older than the last write of the operator is over', { lastTimestamp: isoTime(NOW_MS - 31 * 60_000) }, 0],
    ['of another kind of event', { reason: 'FailedScaleIn', lastTimestamp: isoTime(NOW_MS) }, 0],
    ['of another kind of object', { involvedObject: { kind: 'TidbMonitor', name: 'shop-east' }, lastTimestamp: isoTime(NOW_MS) }, 0],
  ])('%s', (_name, more, count) => {
    const reasons = ask(passesValidation, changed((east) => east.events.push(event(more))));
    expect(reasons).toHaveLength(count);
    if (count > 0) expect(reasons[0]).toMatchObject({ key: 'validation/east', message: 'the operator refuses TidbCluster shop/shop-east in east: spec.tikv.storage: required' });
  });

  it('of the same second as the last write stands, of the second before it is over', () => {
    const view = changed((east) => {
      east.object.metadata.managedFields.push({ manager: 'kubectl', time: isoTime(NOW_MS - 10_000), fieldsV1: {} });
      east.events.push(event({ lastTimestamp: isoTime(NOW_MS - 10_000) }));
    });
    expect(ask(passesValidation, view)).toHaveLength(1);
    Object.assign(tidbCluster(view, 'east').events.at(-1) ?? {}, { lastTimestamp: isoTime(NOW_MS - 11_000) });
    expect(ask(passesValidation, view)).toEqual([]);
  });

  it('is not taken from a TidbCluster whose name contains this one', () => {
    const view = changed((east) => east.events.push(event({ involvedObject: { kind: 'TidbCluster', name: 'shop-east-2' }, lastTimestamp: isoTime(NOW_MS) })));
    expect(ask(passesValidation, view)).toEqual([]);
  });
});

describe('one disruption at a time', () => {
  it.each(['Upgrade', 'Scale', 'Suspend'])('holds while another component anywhere is in phase %s', (phase) => {
    const view = changed((_east, all) => (statusOf(all, 'east', 'tidb').phase = phase));
    expect(ask(nobodyRolls, view, { component: 'tikv' })).toEqual([{ key: 'rolling/east/tidb', message: `TiDB of TidbCluster shop/shop-east in east is rolling or scaling (phase ${phase})`, clears: 'itself' }]);
  });

  it('holds while the same component of another TidbCluster rolls', () => {
    const view = changed((_east, all) => beginRoll(all, 'east', 'tikv', NEW));
    expect(ask(nobodyRolls, view, { component: 'tikv' }).map((reason) => reason.key)).toEqual(['rolling/east/tikv']);
  });

  it('what is to be rolled may be rolling already: that is the half-made change itself', () => {
    const view = changed((_east, all) => beginRoll(all, 'east', 'tikv', NEW));
    expect(ask(nobodyRolls, view, { key: 'east', component: 'tikv' })).toEqual([]);
  });

  it('a change that rolls nothing waits for all', () => {
    const view = changed((_east, all) => beginRoll(all, 'east', 'tikv', NEW));
    expect(ask(nobodyRolls, view, { key: 'east' })).toHaveLength(1);
  });

  it.each<[string, (view: ClusterView) => unknown]>([
    ['revisions differ', (view) => (statefulSet(view, 'east', 'tikv').status.currentRevision = 'older')],
    ['the template was not seen', (view) => (statefulSet(view, 'east', 'tikv').metadata.generation += 1)],
    ['a pod is not ready', (view) => (statefulSet(view, 'east', 'tikv').status.readyReplicas = 0)],
    ['a pod is missing', (view) => (statefulSet(view, 'east', 'tikv').status.replicas = 0)],
  ])('phase Normal does not hide it: %s', (_name, change) => {
    expect(ask(nobodyRolls, changed((_east, view) => change(view)), { component: 'tidb' }).map((reason) => reason.key)).toEqual(['rolling/east/tikv']);
  });

  it('a component that is not in the spec any more rolls nothing', () => {
    const view = changed((east, all) => {
      statusOf(all, 'east', 'tidb').phase = 'Upgrade';
      delete east.object.spec.tidb;
    });
    expect(ask(nobodyRolls, view, { component: 'tikv' })).toEqual([]);
  });
});

describe('peers', () => {
  it.each<[Component, string]>([
    ['pd', 'status.pd.peerMembers'],
    ['tikv', 'status.tikv.peerStores'],
  ])('with one %s here the operator must know the others', (component, field) => {
    const view = changed((east) => Object.assign(east.object.status[component as 'pd'] ?? {}, { peerMembers: {}, peerStores: {} }));
    expect(ask(peersKnown, view, { key: 'east', component })[0]).toMatchObject({ key: `peers/east/${component}`, message: expect.stringContaining(`${field} is empty`), clears: 'itself' });
  });
  const empty = (east: TidbClusterView): unknown => Object.assign(east.object.status.pd ?? {}, { peerMembers: null });
  it('with several here it moves leaders among them', () => expect(ask(peersKnown, changed(empty, { replicas: usual }), { key: 'east', component: 'pd' })).toEqual([]));
  it('with nobody else there are no peers', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    expect(ask(peersKnown, view, { component: 'pd' })).toEqual([]);
  });
  it('others that have none of it are no peers', () => {
    const view = changed((east, all) => {
      empty(east);
      for (const key of ['west', 'north']) specOf(all, key, 'pd').replicas = 0;
    });
    expect(ask(peersKnown, view, { key: 'east', component: 'pd' })).toEqual([]);
  });
  it('TiDB needs none', () => expect(ask(peersKnown, changed(empty), { key: 'east', component: 'tidb' })).toEqual([]));
});

describe('certificates', () => {
  const ending = (notAfterMs: number): ClusterView => changed((east) => east.certificates.push({ secret: 'shop-east-pd-cluster-secret', dnsNames: [], notAfterMs }));
  it.each([
    ['valid for just the margin', NOW_MS + CERTIFICATE_MARGIN_MS, 0],
    ['ending a moment before', NOW_MS + CERTIFICATE_MARGIN_MS - 1, 1],
    ['ended', NOW_MS - 1, 1],
    ['of an unknown end', NaN, 1],
  ])('%s', (_name, notAfterMs, count) => expect(ask(certificatesValid, ending(notAfterMs))).toHaveLength(count));
  it('names Secret and end', () => {
    expect(ask(certificatesValid, ending(NOW_MS))).toEqual([
      { key: 'certificate/east/shop-east-pd-cluster-secret', message: 'the certificate in Secret shop-east-pd-cluster-secret of TidbCluster shop/shop-east in east ends at 2026-03-01T12:00:00.000Z: renew it before anything restarts', clears: 'decision' },
    ]);
  });
});

describe('unknown parts', () => {
  it('a PD member of nobody', () => {
    const view = changed((_east, all) => database(all).members.push({ ...member(all, 'east'), id: '5', name: 'x', clientUrls: ['https://x-pd-0.x-pd-peer.shop.svc.south.example:2379'] }));
    expect(ask(noUnknownParts, view)).toEqual([
      { key: 'unknown-part/pd/5', message: 'unknown part of this cluster: PD member x at https://x-pd-0.x-pd-peer.shop.svc.south.example:2379 belongs to no TidbCluster found through the inventory', clears: 'decision' },
    ]);
  });
  it('a member that has not started is known by its peer URL', () => {
    expect(ask(noUnknownParts, changed((_east, all) => Object.assign(member(all, 'east'), { name: '', clientUrls: [] })))).toEqual([]);
  });
  it('a member without any URL', () => {
    expect(ask(noUnknownParts, changed((_east, all) => Object.assign(member(all, 'east'), { name: '', peerUrls: [], clientUrls: [] })))).toHaveLength(1);
  });
  it('a store of nobody; its Tombstone is past', () => {
    const view = changed((_east, all) => database(all).stores.push({ ...store(all, 'east'), id: '9', address: '10.0.0.7:20160' }, { ...store(all, 'east'), id: '10', address: '10.0.0.8:20160', state: 'Tombstone' }));
    expect(ask(noUnknownParts, view).map((reason) => reason.key)).toEqual(['unknown-part/store/9']);
  });
  it('a TidbCluster that the inventory does not show any more leaves its parts unknown', () => {
    const view = makeView();
    view.tidbClusters = view.tidbClusters.filter((each) => each.key !== 'north');
    expect(ask(noUnknownParts, view)).toHaveLength(2);
  });
});

describe('a second data cluster', () => {
  it('is told by its cluster id, whichever of the two PD was asked of', () => {
    const view = changed((east) => (east.object.status.clusterID = '99'));
    const [reason] = ask(oneDatabase, view);
    expect(reason).toMatchObject({ key: 'second-database/7264954738145913996/99', clears: 'decision' });
    expect(reason?.message).toBe('two TiDB clusters with data are never connected: TidbCluster shop/shop-west in west runs cluster id 7264954738145913996, TidbCluster shop/shop-east in east runs cluster id 99, TidbCluster shop/shop-north in north runs cluster id 7264954738145913996, and the PD that was asked is of 7264954738145913996; take spec.cluster away from what is not shop');
    database(view).clusterId = '99';
    expect(ask(oneDatabase, view)).toHaveLength(1);
  });
  it('is told without PD as well', () => {
    expect(ask(oneDatabase, { ...changed((east) => (east.object.status.clusterID = '99')), database: undefined })).toHaveLength(1);
  });
  it('is a PD that none of them runs', () => {
    expect(ask(oneDatabase, changed((_east, all) => (database(all).clusterId = '99')))).toHaveLength(1);
  });
  it('is not one whose operator has not said its id yet', () => {
    expect(ask(oneDatabase, changed((east) => delete east.object.status.clusterID))).toEqual([]);
  });
});
