import { certainTroubles, crashingPods, explainStall, progressSignature } from '../../src/tidb/stall.ts';
import type { LogLines } from '../../src/tidb/stall.ts';
import type { Component } from '../../src/tidb/components.ts';
import { eventSchema } from '../../src/tidb/objects.ts';
import type { ClusterView } from '../../src/tidb/view.ts';
import {
  NEW, askFor, beginRoll, database, goDown, makeView, member, pod, podGone, podNotReady, podTerminating, podWaits, roll, statefulSet, statusOf, store, tidbCluster, upgrade, usual,
} from './make-view.ts';

/** TiKV of west is in the middle of its roll. */
function rolling(component: Component = 'tikv'): ClusterView {
  const view = makeView({ replicas: { ...usual, tiflash: 1 } });
  askFor(view, 'west', component, NEW);
  roll(view, 'west', component, { version: NEW, pods: 1 });
  return view;
}

const explain = (view: ClusterView, { component = 'tikv', logs = {} }: { component?: Component; logs?: LogLines } = {}): [string, string][] =>
  explainStall(view, { member: tidbCluster(view, 'west'), component, logs, missing: ['1 of 3 pods are updated, 3 ready', 'x'] }).map(({ key, message }) => [key, message]);

function event(view: ClusterView, more: { reason: string; message: string; on?: string; kind?: string; type?: string; at?: string }): void {
  const { on = 'shop-west-tikv', kind = 'StatefulSet', type = 'Warning', at = '2026-03-01T11:50:00Z', ...said } = more;
  tidbCluster(view, 'west').events.push(eventSchema.parse({ metadata: { name: `e-${said.message}` }, type, lastTimestamp: at, involvedObject: { kind, name: on }, ...said }));
}

describe('each cause in words', () => {
  type Case = [name: string, change: (view: ClusterView) => unknown, key: string, message: string];
  it.each<Case>([
    ['an image that cannot be pulled', (view) => podWaits(view, 'shop-west-tikv-2', { reason: 'ImagePullBackOff', message: 'Back-off pulling image "pingcap/tikv:v8.5.4"' }), 'image/shop-west-tikv-2/tikv', 'pod shop-west-tikv-2 cannot pull its image (ImagePullBackOff): Back-off pulling image "pingcap/tikv:v8.5.4"'],
    ['a pod that crashes', (view) => podWaits(view, 'shop-west-tikv-2', { reason: 'CrashLoopBackOff', message: 'back-off 40s', restarts: 3 }), 'crash/shop-west-tikv-2/tikv', 'pod shop-west-tikv-2 does not start (CrashLoopBackOff, 3 restarts): back-off 40s; its log ends: line 1 | line 2'],
    ['a configuration that is missing', (view) => podWaits(view, 'shop-west-tikv-2', { reason: 'CreateContainerConfigError', message: 'secret "x" not found' }), 'crash/shop-west-tikv-2/tikv', 'pod shop-west-tikv-2 does not start (CreateContainerConfigError, 0 restarts): secret "x" not found; its log ends: line 1 | line 2'],
    [
      'a pod that finds no node, or whose volume is not bound',
      (view) => Object.assign(pod(view, 'shop-west-tikv-2').status.conditions[0] ?? {}, { status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims' }),
      'unschedulable/shop-west-tikv-2',
      'pod shop-west-tikv-2 cannot be scheduled: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims',
    ],
    ['an operator that is down', (view) => Object.assign(tidbCluster(view, 'west').operator, { alive: false, detail: 'its Lease is 80 s old' }), 'operator/west', 'TiDB Operator in west is down: its Lease is 80 s old'],
    ['a quota', (view) => event(view, { reason: 'FailedCreate', message: 'exceeded quota: pods=10' }), 'event/west/tikv/FailedCreate', 'event FailedCreate: exceeded quota: pods=10'],
    ['a refusal to scale in', (view) => event(view, { reason: 'FailedScaleIn', message: 'number of up stores is equal to MaxReplicas', on: 'shop-west' }), 'event/west/tikv/FailedScaleIn', 'event FailedScaleIn: number of up stores is equal to MaxReplicas'],
    ['a volume that cannot be mounted', (view) => event(view, { reason: 'FailedMount', message: 'timed out', on: 'shop-west-tikv-2' }), 'event/west/tikv/FailedMount', 'event FailedMount: timed out'],
    [
      'leaders that do not leave',
      (view) => { database(view).evictingStores = [store(view, 'west', { ordinal: 1 }).id]; store(view, 'west', { ordinal: 1 }).leaderCount = 41; },
      'leaders/2',
      "41 region leaders do not leave store 2 (shop-west-tikv-1): look for regions whose only voter is there, and at PD's operators and placement rules",
    ],
  ])('%s', (_name, change, key, message) => {
    const view = rolling();
    change(view);
    expect(explain(view, { logs: key.startsWith('crash/') ? { 'shop-west-tikv-2': ['line 1', 'line 2'] } : {} })).toEqual([[key, message]]);
  });

  it('a volume claim that is not provided, by the event on the claim', () => {
    const view = rolling();
    event(view, { reason: 'ProvisioningFailed', message: 'storageclass "fast" not found', on: 'tikv-shop-west-tikv-2', kind: 'PersistentVolumeClaim' });
    expect(explain(view)).toEqual([['event/west/tikv/ProvisioningFailed', 'event ProvisioningFailed: storageclass "fast" not found']]);
  });

  it('a start script that waits for discovery', () => {
    const logs = { 'shop-west-pd-2': ['waiting for the verification of PD endpoints ...'] };
    expect(explain(rolling('pd'), { component: 'pd', logs })).toEqual([['discovery/shop-west-pd-2', expect.stringContaining('the discovery pod does not answer, or the image has no wget')]]);
  });

  it('gated by the phase of another component', () => {
    const view = makeView({ replicas: { ...usual, tiflash: 1 } });
    askFor(view, 'west', 'tikv', NEW);
    statusOf(view, 'west', 'pd').phase = 'Upgrade';
    statusOf(view, 'west', 'tiflash').phase = 'Scale';
    expect(explain(view)).toEqual([['gated/west/tikv', 'the operator keeps the old template of TiKV: it waits for PD (phase Upgrade), TiFlash (phase Scale)']]);
  });

  it('not begun, and nobody to wait for', () => {
    const view = makeView({ replicas: usual });
    askFor(view, 'west', 'tikv', NEW);
    expect(explain(view)).toEqual([['gated/west/tikv', expect.stringContaining('no other component is in phase Upgrade or Scale: look at the operator')]]);
  });

  it('when nothing is found, what is still missing', () => {
    expect(explain(rolling())).toEqual([['no-progress/west/tikv', 'no progress: 1 of 3 pods are updated, 3 ready; x']]);
  });

  it('all causes speak together', () => {
    const view = rolling();
    podWaits(view, 'shop-west-tikv-2', { reason: 'ErrImagePull', message: 'm' });
    event(view, { reason: 'FailedCreate', message: 'quota' });
    Object.assign(tidbCluster(view, 'west').operator, { alive: undefined, detail: 'no Lease' });
    expect(explain(view).map(([key]) => key)).toEqual(['image/shop-west-tikv-2/tikv', 'operator/west', 'event/west/tikv/FailedCreate']);
  });
});

describe('what is no cause', () => {
  it.each<[string, (view: ClusterView) => unknown]>([
    ['a container that is being created', (view) => podWaits(view, 'shop-west-tikv-2', { reason: 'ContainerCreating', message: '' })],
    ['an event on another component', (view) => event(view, { reason: 'FailedCreate', message: 'quota', on: 'shop-west-tidb' })],
    ['an event on a TidbCluster whose name begins alike', (view) => event(view, { reason: 'FailedCreate', message: 'quota', on: 'shop-west-2' })],
    ['an event on the claim of another component', (view) => event(view, { reason: 'ProvisioningFailed', message: 'm', on: 'pd-shop-west-pd-0', kind: 'PersistentVolumeClaim' })],
    ['an event that is no warning', (view) => event(view, { reason: 'FailedCreate', message: 'quota', type: 'Normal' })],
    ['an event that tells nothing', (view) => event(view, { reason: 'Unhealthy', message: 'probe failed', on: 'shop-west-tikv-2' })],
    ['evictions that make progress to zero', (view) => { database(view).evictingStores = ['1']; store(view, 'west').leaderCount = 0; }],
    ['evictions elsewhere', (view) => (database(view).evictingStores = [store(view, 'east').id])],
    ['a pod of another component', (view) => podWaits(view, 'shop-west-tidb-0', { reason: 'ImagePullBackOff', message: '' })],
  ])('%s', (_name, change) => {
    const view = rolling();
    change(view);
    expect(explain(view).map(([key]) => key)).toEqual(['no-progress/west/tikv']);
  });

  it('of one kind of event the newest counts, in whatever order they are listed', () => {
    const view = rolling();
    event(view, { reason: 'FailedCreate', message: 'newest', at: '2026-03-01T11:59:00Z' });
    event(view, { reason: 'FailedCreate', message: 'older', at: '2026-03-01T11:00:00Z' });
    expect(explain(view)).toEqual([['event/west/tikv/FailedCreate', 'event FailedCreate: newest']]);
  });
});

describe('troubles that need no patience', () => {
  it('are none in the middle of a roll', () => expect(certainTroubles(rolling(), tidbCluster(rolling(), 'west'), 'tikv')).toEqual([]));
  it('name the pods whose log is worth reading', () => {
    const view = rolling();
    podWaits(view, 'shop-west-tikv-2', { reason: 'CrashLoopBackOff', message: '' });
    podWaits(view, 'shop-west-tikv-1', { reason: 'ImagePullBackOff', message: '' });
    expect(crashingPods(tidbCluster(view, 'west'), 'tikv')).toEqual(['shop-west-tikv-2']);
  });
});

describe('progress', () => {
  const signature = (view: ClusterView): string => progressSignature(view, tidbCluster(view, 'west'), 'tikv');
  it.each<[string, (view: ClusterView) => unknown]>([
    ['the operator writes the template', (view) => beginRoll(view, 'west', 'tikv', 'v8.5.5')],
    ['a pod terminates', (view) => podTerminating(view, 'shop-west-tikv-1')],
    ['a pod is gone', (view) => podGone(view, 'shop-west-tikv-1')],
    ['a pod is not ready', (view) => podNotReady(view, 'shop-west-tikv-1')],
    ['a new pod', (view) => roll(view, 'west', 'tikv', { version: NEW, pods: 2 })],
    ['a store goes or comes', (view) => goDown(view, { key: 'west', component: 'tikv', ordinal: 1 })],
    ['a store reports the new version', (view) => (store(view, 'west').version = '8.5.4')],
    ['a leader leaves a store under eviction', (view) => { database(view).evictingStores = ['1']; }],
    ['a member recovers', (view) => (member(view, 'east').healthy = false)],
    ['the phase changes', (view) => (statusOf(view, 'west', 'tikv').phase = 'Normal')],
    ['regions become whole', (view) => (database(view).regions['down-peer'] = 3)],
    ['done', (view) => upgrade(view, 'west', 'tikv', NEW)],
  ])('%s', (_name, change) => {
    const view = rolling();
    const before = signature(view);
    change(view);
    expect(signature(view)).not.toBe(before);
  });

  it('pending peers, when all pods are through: then they are what is waited for', () => {
    const view = rolling();
    upgrade(view, 'west', 'tikv', NEW);
    const before = signature(view);
    database(view).regions['pending-peer'] = 2;
    expect(signature(view)).not.toBe(before);
  });

  it.each<[string, (view: ClusterView) => unknown]>([
    ['heartbeats', (view) => database(view).stores.forEach((each) => (each.lastHeartbeatMs += 10_000))],
    ['leaders that balance', (view) => (store(view, 'west').leaderCount += 1)],
    ['status writes', (view) => (tidbCluster(view, 'west').object.metadata.resourceVersion = '9')],
    ['another component', (view) => podGone(view, 'shop-west-tidb-0')],
    ['observed generations', (view) => (statefulSet(view, 'west', 'tikv').status.observedGeneration += 1)],
    ['pending peers, which flicker while pods are still to be rolled,', (view) => (database(view).regions['pending-peer'] += 1)],
  ])('%s are none', (_name, change) => {
    const view = rolling();
    const before = signature(view);
    change(view);
    expect(signature(view)).toBe(before);
  });
});
