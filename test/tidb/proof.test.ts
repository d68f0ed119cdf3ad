import fc from 'fast-check';
import type { Component } from '../../src/tidb/components.ts';
import { missingFor, podsAreThrough, proofFacts } from '../../src/tidb/proof.ts';
import type { Target } from '../../src/tidb/proof.ts';
import type { StatefulSetStatus } from '../../src/tidb/objects.ts';
import type { ClusterView } from '../../src/tidb/view.ts';
import {
  NEW, NOW_MS, OLD, askFor, beginRoll, database, goDown, hostOf, imageOf, makeView, member, pod, podGone, podName, podNotReady, podTerminating, podWaits, podsOf,
  refreshStatus, roll, specOf, statefulSet, statusOf, store, tidbCluster, upgrade,
} from './make-view.ts';
import { runs } from './runs.ts';

const replicas: Record<Component, number> = { pd: 3, tso: 2, scheduling: 1, tiproxy: 1, tiflash: 2, tikv: 3, pump: 1, tidb: 2, ticdc: 2 };
const three = (component: Component): ClusterView => makeView({ kubernetesClusters: ['west', 'east'], replicas: { pd: 3, [component]: replicas[component] } });
const missing = (view: ClusterView, component: Component, more: Partial<Target> = {}): string[] =>
  missingFor(view, tidbCluster(view, 'west'), { component, version: NEW, replicas: replicas[component], ...more });

/** PD, TiKV … of west are upgraded and at rest. */
function upgraded(component: Component): ClusterView {
  const view = three(component);
  upgrade(view, 'west', component, NEW);
  return view;
}

describe('a component that runs the target', () => {
  it.each<Component>(['pd', 'tso', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'])('%s: nothing is missing', (component) => {
    expect(missing(upgraded(component), component)).toEqual([]);
  });

  it('says by what: images, revisions, pod UIDs, stores', () => {
    const view = upgraded('tikv');
    const facts = proofFacts(view, tidbCluster(view, 'west'), { component: 'tikv', version: NEW, replicas: 3 });
    expect(facts).toMatchObject({ version: NEW, image: 'pingcap/tikv:v8.5.4', updateRevision: 'shop-west-tikv-v854' });
    expect(facts['pods']).toHaveLength(3);
    expect(facts['stores']).toEqual(expect.arrayContaining([expect.stringMatching(/^1 shop-west-tikv-0 8\.5\.4 Up started \d+$/)]));
  });
});

/** What must be said is all that is said, but for breaks that cannot come alone. */
type Break = [name: string, component: Component, breakIt: (view: ClusterView) => void, words: string, company?: 'with others'];

const broken: Record<string, Break[]> = {
  '1. the spec still asks for it': [
    ['somebody asked for the old version again', 'tikv', (view) => askFor(view, 'west', 'tikv', OLD), 'spec asks for v8.5.3, not v8.5.4', 'with others'],
    ['somebody scaled it out', 'tidb', (view) => (specOf(view, 'west', 'tidb').replicas = 3), 'spec asks for 3 pods, the plan knew 2'],
    ['the TidbCluster is paused', 'tikv', (view) => (tidbCluster(view, 'west').object.spec.paused = true), 'spec.paused is set'],
    ['the TidbCluster is suspended', 'tikv', (view) => (tidbCluster(view, 'west').object.spec.suspendAction = { suspendStatefulSet: true }), 'spec.suspendAction is set'],
    ['the component is suspended', 'tikv', (view) => (specOf(view, 'west', 'tikv').suspendAction = { suspendStatefulSet: true }), 'spec.suspendAction is set'],
  ],
  '2. the StatefulSet has the new image, and all its pods': [
    ['it does not exist', 'tidb', (view) => delete tidbCluster(view, 'west').statefulSets.tidb, 'StatefulSet shop-west-tidb does not exist', 'with others'],
    ['its controller has not seen the template', 'tikv', (view) => (statefulSet(view, 'west', 'tikv').metadata.generation += 1), 'has not seen the new template'],
    ['its revisions differ', 'tikv', (view) => count(view, { currentRevision: 'shop-west-tikv-v853' }), '3 of 3 pods are updated, 3 ready'],
    ['one pod is not updated', 'tikv', (view) => count(view, { updatedReplicas: 2 }), '2 of 3 pods are updated'],
    ['one pod is not ready', 'tikv', (view) => count(view, { readyReplicas: 2 }), '2 ready'],
    ['it is still scaling', 'tikv', (view) => (statefulSet(view, 'west', 'tikv').spec.replicas = 4), '3 of 3 pods are updated'],
  ],
  '3. the pods run it': [
    ['one is terminating', 'tikv', (view) => podTerminating(view, 'shop-west-tikv-1'), 'pod shop-west-tikv-1 is not up'],
    ['one is not ready', 'tidb', (view) => podNotReady(view, 'shop-west-tidb-1'), 'pod shop-west-tidb-1 is not up'],
    ['one is pending', 'tikv', (view) => (pod(view, 'shop-west-tikv-0').status.phase = 'Pending'), 'pod shop-west-tikv-0 is not up'],
    ['one is gone', 'tikv', (view) => podGone(view, 'shop-west-tikv-2'), '2 pods exist, 3 are expected', 'with others'],
    ['one has the old revision', 'tikv', (view) => (pod(view, 'shop-west-tikv-0').metadata.labels['controller-revision-hash'] = 'shop-west-tikv-v853'), 'pod shop-west-tikv-0 has the old revision'],
    ['one runs another image', 'tikv', (view) => containerOf(view, 'shop-west-tikv-0').spec.image = imageOf('tikv', OLD), 'pod shop-west-tikv-0 runs another image'],
    ['one reports the old image', 'tikv', (view) => containerOf(view, 'shop-west-tikv-0').status.image = imageOf('tikv', OLD), 'pod shop-west-tikv-0 does not report the new image yet'],
    ['one reports an image that ends alike', 'tikv', (view) => containerOf(view, 'shop-west-tikv-0').status.image = 'docker.io/otherpingcap/tikv:v8.5.4', 'does not report the new image yet'],
    ['the main container of one is not ready', 'tikv', (view) => containerOf(view, 'shop-west-tikv-0').status.ready = false, 'does not report the new image yet'],
  ],
  "4. the operator's status is of now": [
    ['phase Upgrade', 'tikv', (view) => (statusOf(view, 'west', 'tikv').phase = 'Upgrade'), "the operator's phase is Upgrade"],
    ['phase Scale of a microservice', 'tso', (view) => (statusOf(view, 'west', 'tso').phase = 'Scale'), "the operator's phase is Scale"],
    ['no phase', 'tidb', (view) => (statusOf(view, 'west', 'tidb').phase = ''), "the operator's phase is unknown"],
    ['no status at all', 'pump', (view) => delete tidbCluster(view, 'west').object.status.pump, "the operator's phase is unknown", 'with others'],
    ['not synced', 'pd', (view) => (statusOf(view, 'west', 'pd').synced = false), 'synced is false'],
    ['a copy of before the roll', 'tikv', (view) => (copyOf(view).updateRevision = 'shop-west-tikv-v853'), 'copy of the StatefulSet status is old'],
    ['a copy of the middle of the roll', 'tikv', (view) => (copyOf(view).readyReplicas = 2), 'copy of the StatefulSet status is old'],
    ['no copy', 'tikv', (view) => delete statusOf(view, 'west', 'tikv').statefulSet, 'copy of the StatefulSet status is old'],
  ],
  '5. the database says so itself': [
    ['PD is silent', 'tidb', (view) => Object.assign(view, { database: undefined, databaseProblem: 'no answer in 3 s' }), 'PD does not answer: no answer in 3 s'],
    ['a PD member is not healthy (Ⓞ2)', 'pd', (view) => (member(view, 'west', 2).healthy = false), "PD member shop-west-pd-2 is not healthy in PD's own view"],
    ['PD says nothing about a member', 'pd', (view) => (member(view, 'west', 2).healthy = undefined), "PD member shop-west-pd-2 is not healthy in PD's own view"],
    ['a PD member reports the old version', 'pd', (view) => (member(view, 'west', 2).version = '8.5.3'), 'PD member shop-west-pd-2 reports version 8.5.3'],
    ['a PD member reports none', 'pd', (view) => (member(view, 'west', 2).version = ''), 'PD member shop-west-pd-2 reports version none'],
    ['a PD member loads regions', 'pd', (view) => database(view).notReady.push(hostOf('west', 'pd', 2)), 'PD member shop-west-pd-2 is loading regions'],
    ['a PD member has left', 'pd', (view) => database(view).members.splice(0, 1), 'PD lists 2 members of shop/shop-west, 3 are expected'],
    ['a store is Disconnected', 'tikv', (view) => (store(view, 'west').state = 'Disconnected'), 'store 1 (shop-west-tikv-0) is Disconnected'],
    ['a store is Offline', 'tiflash', (view) => (store(view, 'west', { engine: 'tiflash' }).state = 'Offline'), '(shop-west-tiflash-0) is Offline'],
    ['a store is Tombstone', 'tikv', (view) => (store(view, 'west').state = 'Tombstone'), 'PD knows 2 stores of shop/shop-west, 3 are expected'],
    ['a store is Up with the old version (Ⓞ4)', 'tikv', (view) => (store(view, 'west').version = '8.5.3'), 'still reports version 8.5.3 to PD'],
    ['a store started before its pod', 'tikv', (view) => (store(view, 'west').startTimestamp = NOW_MS / 1_000 - 86_400), "started before its pod: PD's entry is old"],
    ['a store has sent no heartbeat since its start', 'tikv', (view) => (store(view, 'west').lastHeartbeatMs = store(view, 'west').startTimestamp * 1_000 - 1), 'has sent no heartbeat since its start'],
    ['a capture is missing', 'ticdc', (view) => capturesOf(view, (captures) => delete captures['shop-west-ticdc-0']), '1 TiCDC captures are registered, 2 are expected'],
    ['a capture is not ready', 'ticdc', (view) => capturesOf(view, (captures) => (captures['shop-west-ticdc-0'] = { version: NEW, ready: false })), 'TiCDC capture shop-west-ticdc-0 is not ready'],
    ['a capture reports the old version', 'ticdc', (view) => capturesOf(view, (captures) => (captures['shop-west-ticdc-0'] = { version: OLD, ready: true })), 'TiCDC capture shop-west-ticdc-0 reports v8.5.3'],
  ],
  '6. no eviction is left': [['a scheduler for its store', 'tikv', (view) => database(view).evictingStores.push('1'), 'an evict-leader-scheduler is still there for store 1 (shop-west-tikv-0)']],
};

/** The StatefulSet of TiKV says so, and the operator has copied it. */
function count(view: ClusterView, status: Partial<StatefulSetStatus>): void {
  Object.assign(statefulSet(view, 'west', 'tikv').status, status);
  Object.assign(copyOf(view), status);
}

function containerOf(view: ClusterView, name: string): { spec: { image: string }; status: { image: string; ready: boolean } } {
  const { spec, status } = pod(view, name);
  return { spec: spec.containers[0] as { image: string }, status: status.containerStatuses[0] as { image: string; ready: boolean } };
}

function copyOf(view: ClusterView): NonNullable<ReturnType<typeof statusOf>['statefulSet']> {
  return statusOf(view, 'west', 'tikv').statefulSet as NonNullable<ReturnType<typeof statusOf>['statefulSet']>;
}

type Captures = Record<string, { version?: string; ready?: boolean }>;
function capturesOf(view: ClusterView, change: (captures: Captures) => void): void {
  change(tidbCluster(view, 'west').object.status.ticdc?.captures as Captures);
}

describe.each(Object.entries(broken))('%s', (_point, cases) => {
  it.each(cases)('%s', (_name, component, breakIt, ...[words, company]) => {
    const view = upgraded(component);
    breakIt(view);
    const said = missing(view, component);
    expect(said).toContainEqual(expect.stringContaining(words));
    if (!company) expect(said).toHaveLength(1);
  });
});

describe('on the way it never looks done', () => {
  it('right after the patch, with Ready still True (Ⓞ1)', () => {
    const view = three('tikv');
    askFor(view, 'west', 'tikv', NEW);
    expect(missing(view, 'tikv')).toEqual(expect.arrayContaining(['the operator has not begun: StatefulSet image is pingcap/tikv:v8.5.3, not pingcap/tikv:v8.5.4']));
  });

  it('while the operator keeps the old template, gated by another component', () => {
    const view = three('tikv');
    askFor(view, 'west', 'tikv', NEW);
    statusOf(view, 'west', 'tikv').phase = 'Upgrade';
    expect(missing(view, 'tikv').length).toBeGreaterThan(0);
  });

  it.each([0, 1, 2])('with %d of 3 pods rolled', (pods) => {
    const view = three('tikv');
    askFor(view, 'west', 'tikv', NEW);
    roll(view, 'west', 'tikv', { version: NEW, pods });
    expect(missing(view, 'tikv')).toContain(`${pods} of 3 pods are updated, 3 ready`);
    expect(podsAreThrough(view, tidbCluster(view, 'west'), { component: 'tikv', version: NEW, replicas: 3 })).toBe(false);
  });

  it('when only the word of PD is missing, the pods are through', () => {
    const view = upgraded('tikv');
    store(view, 'west').version = '8.5.3';
    expect(podsAreThrough(view, tidbCluster(view, 'west'), { component: 'tikv', version: NEW, replicas: 3 })).toBe(true);
  });
});

describe('what must not be held against it', () => {
  it.each<Break>([
    ['a registry that the runtime prefixes', 'tikv', (view) => (containerOf(view, 'shop-west-tikv-0').status.image = 'docker.io/pingcap/tikv:v8.5.4'), ''],
    ['a Tombstone entry of before at the same address', 'tikv', (view) => database(view).stores.push({ ...store(view, 'west'), id: '99', state: 'Tombstone', version: '8.5.0' }), ''],
    ['troubles of the other TidbCluster', 'tikv', (view) => { goDown(view, { key: 'east', component: 'tikv', ordinal: 0 }); podNotReady(view, 'shop-east-tikv-0'); tidbCluster(view, 'east').object.spec.paused = true; }, ''],
    ['evictions elsewhere', 'tikv', (view) => database(view).evictingStores.push(store(view, 'east').id), ''],
    ['a suspendAction that suspends nothing', 'tikv', (view) => (tidbCluster(view, 'west').object.spec.suspendAction = { suspendStatefulSet: false }), ''],
    ['captures of before v6.3, which report no version', 'ticdc', (view) => capturesOf(view, (captures) => { for (const each of Object.values(captures)) delete each.version; }), ''],
    ['condition Ready, which says nothing', 'tikv', (view) => Object.assign(tidbCluster(view, 'west').object.status, { conditions: [{ type: 'Ready', status: 'False' }] }), ''],
  ])('%s', (_name, component, change) => {
    const view = upgraded(component);
    change(view);
    expect(missing(view, component)).toEqual([]);
  });
});

describe('with no pods', () => {
  it('0 are never done when the plan knew 1', () => {
    const view = makeView({ replicas: { pd: 1, tidb: 0 } });
    upgrade(view, 'west', 'tidb', NEW);
    expect(missing(view, 'tidb', { replicas: 1 })).toContain('spec asks for 0 pods, the plan knew 1');
  });

  it('0 are done when the plan knew 0 and the template has the image', () => {
    const view = makeView({ replicas: { pd: 1, tidb: 0 } });
    expect(missing(view, 'tidb', { replicas: 0 }).length).toBeGreaterThan(0);
    upgrade(view, 'west', 'tidb', NEW);
    expect(missing(view, 'tidb', { replicas: 0 })).toEqual([]);
  });
});

// The brute-force model: what a person with kubectl and pd-ctl would check, pod by pod. Written without the proof's code.

interface Choice {
  what: (typeof mutations)[number];
  ordinal: number;
  other: boolean;
}

const components = ['pd', 'tikv', 'tiflash', 'tidb', 'ticdc'] as const;
type Rolled = (typeof components)[number];

const mutations = [
  'nothing', 'ask', 'begin', 'roll one', 'roll all', 'upgrade', 'pod gone', 'pod terminating', 'pod not ready', 'pod waits', 'pod image', 'pod revision', 'container status', 'ill', 'no health', 'old report', 'old start', 'no heartbeat', 'tombstone', 'scale', 'pause', 'evict', 'phase', 'stale copy', 'silence', 'refresh', 'capture', 'loading',
] as const;

function mutate(view: ClusterView, component: Rolled, { what, ordinal, other }: Choice): void {
  const key = other ? 'east' : 'west';
  const name = podName(key, component, ordinal);
  const exists = podsOf(view, key, component).some((each) => each.metadata.name === name);
  const host = hostOf(key, component, ordinal);
  const stores = (view.database?.stores ?? []).filter((each) => each.address.startsWith(`${host}:`));
  const members = (view.database?.members ?? []).filter((each) => each.name === host);
  const acts: Record<(typeof mutations)[number], () => void> = {
    nothing: () => undefined,
    ask: () => askFor(view, key, component, NEW),
    begin: () => beginRoll(view, key, component, NEW),
    'roll one': () => view.database && roll(view, key, component, { version: NEW, pods: 1 }),
    'roll all': () => view.database && roll(view, key, component, { version: NEW }),
    upgrade: () => view.database && upgrade(view, key, component, NEW),
    'pod gone': () => podGone(view, name),
    'pod terminating': () => exists && podTerminating(view, name),
    'pod not ready': () => exists && podNotReady(view, name),
    'pod waits': () => exists && podWaits(view, name, { reason: 'ImagePullBackOff', message: '' }),
    'pod image': () => exists && (containerOf(view, name).spec.image = imageOf(component, OLD)),
    'pod revision': () => exists && (pod(view, name).metadata.labels['controller-revision-hash'] = 'other'),
    'container status': () => exists && (containerOf(view, name).status.image = imageOf(component, OLD)),
    ill: () => view.database && goDown(view, { key, component, ordinal }),
    'no health': () => members.forEach((each) => (each.healthy = undefined)),
    'old report': () => [...stores, ...members].forEach((each) => (each.version = '8.5.3')),
    'old start': () => stores.forEach((each) => (each.startTimestamp = 1_000)),
    'no heartbeat': () => stores.forEach((each) => (each.lastHeartbeatMs = each.startTimestamp * 1_000 - 5_000)),
    tombstone: () => stores.forEach((each) => (each.state = 'Tombstone')),
    scale: () => (specOf(view, key, component).replicas = ordinal),
    pause: () => (tidbCluster(view, key).object.spec.paused = true),
    evict: () => stores.forEach((each) => view.database?.evictingStores.push(each.id)),
    phase: () => (statusOf(view, key, component).phase = 'Upgrade'),
    'stale copy': () => delete statusOf(view, key, component).statefulSet,
    silence: () => (view.database = undefined),
    refresh: () => refreshStatus(view, key, component),
    capture: () => delete tidbCluster(view, key).object.status.ticdc?.captures?.[name],
    loading: () => members.forEach((each) => view.database?.notReady.push(each.name)),
  };
  acts[what]();
}

/** True when every seat of the component in west is taken by a healthy pod of the new image whose process PD knows as new and well. */
function allRunNew(view: ClusterView, component: Rolled, seats: number): boolean {
  if (!view.database || tidbCluster(view, 'west').object.spec.paused) return false;
  if (podsOf(view, 'west', component).length !== seats) return false;
  return Array.from({ length: seats }, (_, ordinal) => seatRunsNew(view, component, ordinal)).every(Boolean);
}

function seatRunsNew(view: ClusterView, component: Rolled, ordinal: number): boolean {
  const host = hostOf('west', component, ordinal);
  const it = podsOf(view, 'west', component).find((each) => each.metadata.name === podName('west', component, ordinal));
  if (!it || it.metadata.deletionTimestamp || it.status.phase !== 'Running') return false;
  const image = `pingcap/${component}:v8.5.4`;
  const runs = it.spec.containers[0]?.image === image && it.status.containerStatuses[0]?.image === image && it.status.containerStatuses[0].ready;
  const ready = it.status.conditions.find((each) => each.type === 'Ready')?.status === 'True';
  return runs && ready && processIsNew(view, component, { host, bornMs: Date.parse(it.metadata.creationTimestamp ?? ''), name: it.metadata.name });
}

function processIsNew({ database: pd, tidbClusters }: ClusterView, component: Rolled, { host, bornMs, name }: { host: string; bornMs: number; name: string }): boolean {
  if (component === 'pd') return pd?.members.filter((each) => each.name === host && each.healthy === true && each.version === '8.5.4' && !pd.notReady.includes(host)).length === 1;
  if (component === 'ticdc') return tidbClusters[0]?.object.status.ticdc?.captures?.[name]?.version === NEW;
  if (component === 'tidb') return true;
  const entries = pd?.stores.filter((each) => each.address.startsWith(`${host}:`) && each.state !== 'Tombstone') ?? [];
  return entries.length === 1 && entries.every((each) => each.state === 'Up' && each.version === '8.5.4' && each.startTimestamp * 1_000 >= bornMs && each.lastHeartbeatMs >= each.startTimestamp * 1_000 && !pd?.evictingStores.includes(each.id));
}

it('when nothing is missing, an independent look at every pod and at PD agrees that all run the target', () => {
  const choice = fc.record({ what: fc.constantFrom(...mutations), ordinal: fc.nat(2), other: fc.boolean() });
  const begun = fc.constantFrom<Choice['what']>('nothing', 'ask', 'upgrade', 'upgrade', 'upgrade');
  let [proved, unproved] = [0, 0];
  fc.assert(
    fc.property(fc.constantFrom(...components), begun, fc.array(choice, { maxLength: 4 }), (component, start, choices) => {
      const view = makeView({ kubernetesClusters: ['west', 'east'], replicas: { pd: 1, [component]: 3 } });
      for (const each of [{ what: start, ordinal: 0, other: false }, ...choices]) mutate(view, component, each);
      const holds = missing(view, component, { replicas: 3 }).length === 0;
      if (holds) expect(allRunNew(view, component, 3)).toBe(true);
      if (holds) proved++;
      else unproved++;
    }),
    { ...runs, numRuns: 4_000 },
  );
  // The property says nothing unless both are met often.
  expect(Math.min(proved, unproved)).toBeGreaterThan(400);
});
