import fc from 'fast-check';
import { kindOf } from '../../../src/activities/steps/index.ts';
import type { Component } from '../../../src/tidb/components.ts';
import { eventSchema } from '../../../src/tidb/objects.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import type { ClusterView, TidbClusterView } from '../../../src/tidb/view.ts';
import { planUpgrade } from '../../../src/workflows/upgrade-cluster/plan.ts';
import type { UpgradeWish } from '../../../src/workflows/upgrade-cluster/plan.ts';
import type { UnhashedPlan } from '../../../src/workflows/runbook.ts';
import {
  NEW, OLD, TIPROXY, askFor, beginRoll, database, imageOf, isMicroservice, makeView, member, pod, roll, small, specOf, statefulSet, store, tidbCluster, upgrade, usual,
} from '../../tidb/make-view.ts';
import type { Replicas } from '../../tidb/make-view.ts';
import { written } from '../../activities/steps/written.ts';
import { runs } from '../../tidb/runs.ts';

const wish: UpgradeWish = { cluster: 'shop', version: NEW };
const everything: Replicas = { pd: 1, tso: 1, scheduling: 1, tiflash: 1, tikv: 1, pump: 1, tidb: 1, ticdc: 1 };

function planOf(view: ClusterView, asked = wish): UnhashedPlan {
  const plan = planUpgrade(view, asked);
  if ('refusals' in plan) throw new Error(`refused: ${plan.refusals.join('; ')}`);
  return plan;
}

function refusalsOf(view: ClusterView, asked = wish): string[] {
  const plan = planUpgrade(view, asked);
  return 'refusals' in plan ? plan.refusals : [];
}

const ids = (plan: UnhashedPlan): string[] => plan.steps.map((step) => step.id);
const stepOf = (plan: UnhashedPlan, id: string): PlannedStep => plan.steps.find((step) => step.id === id) as PlannedStep;

describe('the order', () => {
  it('is by component, and within each the initial TidbCluster first; then the versions are settled, and all is verified', () => {
    expect(ids(planOf(makeView({ kubernetesClusters: ['west', 'east'], replicas: everything })))).toEqual([
      ...['pd', 'tso', 'scheduling', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc', 'settle'].flatMap((component) => [`${component}/west`, `${component}/east`]),
      'verify/all',
    ]);
  });

  it('the others follow as in the inventory', () => {
    const plan = planOf(makeView({ kubernetesClusters: ['west', 'north', 'east'], replicas: { pd: 1 } }));
    expect(ids(plan)).toEqual(['pd/west', 'pd/north', 'pd/east', 'settle/west', 'settle/north', 'settle/east', 'verify/all']);
  });

  it('the initial one is first even where the view lists another first', () => {
    const view = makeView({ replicas: { pd: 1 } });
    view.tidbClusters.reverse();
    expect(ids(planOf(view)).slice(0, 3)).toEqual(['pd/west', 'pd/north', 'pd/east']);
  });

  it('what a TidbCluster does not have is not in its plan', () => {
    const view = makeView({ kubernetesClusters: ['west', 'east'], replicas: small });
    delete tidbCluster(view, 'east').object.spec.tidb;
    expect(ids(planOf(view)).filter((id) => id.startsWith('tidb/'))).toEqual(['tidb/west']);
  });

  it('says its source', () => expect(planOf(makeView()).notes).toContainEqual(expect.stringContaining('across-kubernetes-1.6 (docs-tidb-operator release-1.6')));
});

describe('a step', () => {
  it('names change, place and what was known', () => {
    expect(stepOf(planOf(makeView({ replicas: usual })), 'tikv/east')).toEqual({
      id: 'tikv/east',
      kind: 'roll-component',
      title: 'TiKV in east: v8.5.3 → v8.5.4',
      component: 'tikv',
      kubernetesCluster: 'east',
      alreadyDone: false,
      input: {
        component: 'tikv',
        version: NEW,
        replicas: 3,
        from: OLD,
        place: { kubernetesCluster: 'east', namespace: 'shop', name: 'shop-east' },
        baseline: expect.objectContaining({ 'tikv.replicas': expect.any(String), 'tikv.baseImage': expect.any(String) }),
      },
    });
  });

  it('every step is one that the worker can carry out', () => {
    for (const step of planOf(makeView({ replicas: everything })).steps) expect(kindOf(step).rolls).toBe(step.kind === 'roll-component' ? step.component : undefined);
  });

  it('the whole says what is to be done', () => {
    expect(planOf(makeView())).toMatchObject({
      runbook: 'upgradeCluster',
      cluster: 'shop',
      clusterId: '7264954738145913996',
      summary: 'Upgrade TiDB cluster shop to v8.5.4: 9 of 9 components of 3 TidbClusters are to be rolled, one at a time',
    });
  });

  it('the last one verifies every target', () => {
    const { targets } = stepOf(planOf(makeView({ kubernetesClusters: ['west', 'east'], replicas: { pd: 1, tidb: 2 } })), 'verify/all').input;
    expect(targets).toEqual([
      { key: 'west', component: 'pd', version: NEW, replicas: 1 },
      { key: 'east', component: 'pd', version: NEW, replicas: 1 },
      { key: 'west', component: 'tidb', version: NEW, replicas: 2 },
      { key: 'east', component: 'tidb', version: NEW, replicas: 2 },
    ]);
  });
});

describe('TiProxy', () => {
  const withProxy = (): ClusterView => makeView({ kubernetesClusters: ['west'], replicas: { pd: 1, tiproxy: 1 }, acrossK8s: false });
  it('stays as it is unless it is named, and the notes say so', () => {
    const plan = planOf(withProxy());
    expect(ids(plan)).toEqual(['pd/west', 'settle/west', 'verify/all']);
    expect(plan.notes).toContainEqual(expect.stringContaining('TiProxy has a version line of its own and stays as it is'));
  });
  it('named, it follows PD and goes to its own version', () => {
    const plan = planOf(withProxy(), { ...wish, components: { tiproxy: { version: 'v1.4.0' } } });
    expect(ids(plan)).toEqual(['pd/west', 'tiproxy/west', 'settle/west', 'verify/all']);
    expect(stepOf(plan, 'tiproxy/west')).toMatchObject({ title: 'TiProxy in west: v1.3.0 → v1.4.0', input: { version: 'v1.4.0', from: TIPROXY } });
    expect(plan.notes.join()).not.toContain('stays as it is');
  });
  it('named where there is none, nothing is added', () => {
    expect(ids(planOf(makeView({ kubernetesClusters: ['west'], replicas: { pd: 1 } }), { ...wish, components: { tiproxy: { version: 'v1.4.0' } } }))).toEqual(['pd/west', 'settle/west', 'verify/all']);
  });
  it('its downgrade is refused as well', () => {
    expect(refusalsOf(withProxy(), { ...wish, components: { tiproxy: { version: 'v1.2.0' } } })).toEqual(['TiProxy of TidbCluster shop/shop-west in west is at v1.3.0, newer than v1.2.0: TiDB has no downgrade, not even of a patch version']);
  });
});

describe('what is done already is adopted', () => {
  it('all of it: nothing is left but to look', () => {
    const plan = planOf(makeView({ version: NEW }));
    expect(plan.steps.every((step) => step.alreadyDone)).toBe(true);
    expect(plan.summary).toContain('0 of 9 components');
    expect(plan.holds).toEqual([]);
  });

  it('half of it, made by hand', () => {
    const view = makeView();
    for (const key of ['west', 'east', 'north']) upgrade(view, key, 'pd', NEW);
    upgrade(view, 'west', 'tikv', NEW);
    const plan = planOf(view);
    expect(plan.steps.filter((step) => step.alreadyDone).map((step) => step.id)).toEqual(['pd/west', 'pd/east', 'pd/north', 'tikv/west']);
    expect(plan.notes).toContain('4 of 9 components already run the target and are adopted as they are.');
  });

  it('asked for is not done', () => {
    const view = makeView();
    askFor(view, 'west', 'pd', NEW);
    expect(stepOf(planOf(view), 'pd/west')).toMatchObject({ alreadyDone: false, title: 'PD in west: v8.5.4' });
  });

  it('nor is a TidbCluster settled that says it in another way', () => {
    const view = makeView({ version: NEW });
    askFor(view, 'east', 'tikv', NEW);
    expect(planOf(view).steps.filter((step) => !step.alreadyDone).map((step) => step.id)).toEqual(['settle/east', 'verify/all']);
  });

  it.each<[string, (view: ClusterView) => unknown]>([
    ['an eviction that somebody left', (view) => database(view).evictingStores.push('99')],
    ['DDL that is still held', (view) => (tidbCluster(view, 'east').object.metadata.annotations['tidb.pingcap.com/smooth-upgrade-state'] = 'x')],
  ])('nor is all verified with %s', (_name, change) => {
    const view = makeView({ version: NEW });
    change(view);
    expect(stepOf(planOf(view), 'verify/all').alreadyDone).toBe(false);
  });
});

describe('what no waiting mends is refused', () => {
  type Case = [name: string, change: (view: ClusterView, west: TidbClusterView) => unknown, words: string];
  const cases: Case[] = [
    ['a downgrade of a patch version', (view) => askFor(view, 'west', 'tikv', 'v8.5.5'), 'TiKV of TidbCluster shop/shop-west in west is at v8.5.5, newer than v8.5.4: TiDB has no downgrade, not even of a patch version'],
    ['a downgrade of a minor version', (view) => askFor(view, 'west', 'tidb', 'v8.6.0'), 'TiDB of TidbCluster shop/shop-west in west is at v8.6.0'],
    ['a version that says nothing', (view) => askFor(view, 'west', 'tidb', 'nightly'), 'TiDB of TidbCluster shop/shop-west in west has version "nightly", which cannot be compared with v8.5.4'],
    ['no version at all', (_view, west) => (west.object.spec.version = ''), 'PD of TidbCluster shop/shop-west in west has version "", which cannot be compared with v8.5.4'],
    ['the legacy field image', (view) => Object.assign(specOf(view, 'west', 'tidb'), { baseImage: undefined, image: 'pingcap/tidb:v8.5.3' }), 'TiDB of TidbCluster shop/shop-west in west uses the legacy field "image": set baseImage and version instead'],
    ['two that claim to be initial', (view) => delete tidbCluster(view, 'east').object.spec.cluster, 'shop/shop-west and shop/shop-east both have no spec.cluster'],
    ['paused by somebody else', (_view, west) => (west.object.spec.paused = true), 'TidbCluster shop/shop-west in west is paused by somebody else'],
    ['suspended', (_view, west) => (west.object.spec.suspendAction = { suspendStatefulSet: true }), 'has a suspendAction'],
    ['being deleted', (_view, west) => (west.object.metadata.deletionTimestamp = '2026-03-01T11:00:00Z'), 'is being deleted'],
    ['refused by the operator', (_view, west) => west.events.push(eventSchema.parse({ metadata: { name: 'e' }, type: 'Warning', reason: 'FailedValidation', message: 'm', involvedObject: { kind: 'TidbCluster', name: 'shop-west' } })), 'the operator refuses TidbCluster shop/shop-west in west: m'],
    ['TiProxy with acrossK8s', (_view, west) => (west.object.spec.tiproxy = { replicas: 1, version: TIPROXY }), 'has spec.tiproxy together with acrossK8s'],
    ['an unknown part', (view) => (store(view, 'north').address = '10.0.0.7:20160'), 'unknown part of this cluster: store 3 at 10.0.0.7:20160'],
  ];

  it.each(cases)('%s', (_name, change, words) => {
    const view = makeView();
    change(view, tidbCluster(view, 'west'));
    expect(refusalsOf(view)).toContainEqual(expect.stringContaining(words));
  });

  it('all together in one list', () => {
    const view = makeView();
    const chosen = cases.filter(([name]) => !['no version at all', 'a version that says nothing', 'the legacy field image'].includes(name));
    for (const [, change] of chosen) change(view, tidbCluster(view, 'west'));
    const refusals = refusalsOf(view);
    for (const [, , words] of chosen) expect(refusals).toContainEqual(expect.stringContaining(words));
  });

  it('one of our brakes is not: the run that holds the lock releases it', () => {
    const view = makeView();
    const { object } = tidbCluster(view, 'west');
    object.spec.paused = true;
    object.metadata.annotations['tidb-runbooks.io/brake'] = JSON.stringify({ namespace: 'default', workflowId: 'w', runId: 'r', since: 's', reason: 'x' });
    expect(planOf(view).holds.map((reason) => reason.key)).toEqual(['brake/west']);
  });
});

describe('what passes is only a hold of the first step', () => {
  it.each<[string, (view: ClusterView) => unknown, string]>([
    ['a store that is down', (view) => (store(view, 'north').state = 'Down'), 'store/3/Down'],
    ['a member that is unhealthy', (view) => (member(view, 'north').healthy = false), 'pd-member/shop-north-pd-0'],
    ['somebody rolls', (view) => beginRoll(view, 'east', 'tidb', NEW), 'rolling/east/tidb'],
    ['the operator of the first is down', (view) => (tidbCluster(view, 'west').operator.alive = false), 'operator/west'],
  ])('%s', (_name, change, key) => {
    const view = makeView();
    change(view);
    expect(planOf(view).holds.map((reason) => reason.key)).toEqual([key]);
  });

  it('the operator of a later one is not asked yet', () => {
    const view = makeView();
    tidbCluster(view, 'east').operator.alive = false;
    expect(planOf(view).holds).toEqual([]);
  });
});

describe('notes', () => {
  const notes = (change: (view: ClusterView) => unknown, asked = wish): string => {
    const view = makeView();
    change(view);
    return planOf(view, asked).notes.join('\n');
  };
  it('there is no way back', () => expect(notes(() => undefined)).toContain('TiDB has no downgrade'));
  it('DDL is not held between TidbClusters', () => expect(notes(() => undefined)).toContain('between TidbClusters DDL is not held'));
  it('of DDL nothing is said where the operator holds none', () => {
    const plan = planOf(makeView({ version: 'v7.1.0' }), { ...wish, version: 'v7.1.5' });
    expect(plan.notes.join()).not.toContain('DDL');
  });
  it('too few stores for the replicas', () => expect(notes((view) => (database(view).maxReplicas = 5))).toContain('Only 3 TiKV stores exist and max-replicas is 5'));
  it('operators of different versions', () => expect(notes((view) => (tidbCluster(view, 'east').operator.version = 'v1.5.0'))).toContain('Warning: TiDB Operator is not of the same version everywhere: west v1.6.3, east v1.5.0, north v1.6.3.'));
});

describe('the same state makes the same plan', () => {
  it('to the letter', () => expect(planOf(makeView({ replicas: everything }))).toEqual(planOf(makeView({ replicas: everything }))));

  it.each<[string, (view: ClusterView) => unknown]>([
    ['time', (view) => (view.nowMs += 3_600_000)],
    ['heartbeats and leaders', (view) => database(view).stores.forEach((each) => Object.assign(each, { lastHeartbeatMs: each.lastHeartbeatMs + 10_000, leaderCount: 77, regionCount: 99 }))],
    ['a restarted pod', (view) => (pod(view, 'shop-east-tidb-0').metadata.uid = 'another')],
    ['writes of the operator', (view) => Object.assign(tidbCluster(view, 'west').object.metadata, { resourceVersion: '9', generation: 99 })],
    ['what passes', (view) => (store(view, 'north').state = 'Disconnected')],
    ['a change of the leader of PD', (view) => (database(view).leader = member(view, 'east').name)],
  ])('%s does not change what a person approves', (_name, change) => {
    const view = makeView();
    change(view);
    expect({ ...planOf(view), holds: [] }).toEqual({ ...planOf(makeView()), holds: [] });
  });

  it('another spec does', () => {
    const view = makeView();
    specOf(view, 'east', 'tikv').replicas = 2;
    expect(planOf(view).steps).not.toEqual(planOf(makeView()).steps);
  });

  it('is plain JSON', () => expect(JSON.parse(JSON.stringify(planOf(makeView())))).toEqual(planOf(makeView())));
});

// Carried out on a model, from any state that people leave behind.

type Past = 'old' | 'pinned' | 'asked' | 'begun' | 'half' | 'done';
const pasts: Past[] = ['old', 'pinned', 'asked', 'begun', 'half', 'done'];

/** What somebody has done to a component before we came. */
function live(view: ClusterView, key: string, component: Component, past: Past): void {
  if (past === 'pinned') askFor(view, key, component, OLD);
  if (!['old', 'pinned'].includes(past)) askFor(view, key, component, NEW);
  if (past === 'begun') beginRoll(view, key, component, NEW);
  if (past === 'half') roll(view, key, component, { version: NEW, pods: 1 });
  if (past === 'done') roll(view, key, component, { version: NEW });
}

/** The image that the operator is asked for, read off the spec by hand. */
function askedImage({ object: { spec } }: TidbClusterView, component: Component): string {
  const own = isMicroservice(component) ? spec.pdms?.find((entry) => entry.name === component) : (spec[component as 'tikv'] as { version?: string | null } | undefined);
  return imageOf(component, own?.version || spec.version);
}

const templateImage = (view: ClusterView, key: string, component: Component): string => statefulSet(view, key, component).spec.template.spec.containers[0]?.image ?? '';

function toRoll(view: ClusterView, parts: Component[]): string[] {
  return view.tidbClusters.flatMap((each) => parts.filter((component) => askedImage(each, component) !== templateImage(view, each.key, component)).map((component) => `${component}/${each.key}`));
}

/** Applies one step to the model: the patch, then what the operator makes of it. Returns what the patch has set in motion. */
function carryOut(view: ClusterView, step: PlannedStep, parts: Component[]): string[] {
  const before = toRoll(view, parts);
  const index = view.tidbClusters.findIndex((each) => each.key === step.kubernetesCluster);
  const each = view.tidbClusters[index] as TidbClusterView;
  const kind = kindOf(step);
  view.tidbClusters[index] = { ...each, object: written(each.object, kind.change({ view, member: each })) };
  const moved = toRoll(view, parts).filter((id) => !before.includes(id));
  if (kind.rolls) roll(view, each.key, kind.rolls, { version: NEW });
  return moved;
}

const states = fc.record({
  parts: fc.subarray(Object.keys(everything) as Component[], { minLength: 1, maxLength: 4 }).map((parts): Component[] => [...new Set<Component>(['pd', ...parts])]),
  keys: fc.integer({ min: 1, max: 3 }).map((count) => ['west', 'east', 'north'].slice(0, count)),
  pasts: fc.array(fc.constantFrom(...pasts), { minLength: 27, maxLength: 27 }),
  wide: fc.boolean(),
  /** Somebody has set spec.version already and pinned what is old. */
  ahead: fc.subarray(['west', 'east', 'north']),
});
type State = typeof states extends fc.Arbitrary<infer T> ? T : never;

function history({ parts, keys, pasts: given, wide, ahead }: State): ClusterView {
  const view = makeView({ kubernetesClusters: keys, replicas: Object.fromEntries(parts.map((component) => [component, wide ? 2 : 1])) });
  keys.forEach((key, row) => parts.forEach((component, column) => live(view, key, component, given[row * 9 + column] ?? 'old')));
  for (const { key, object } of view.tidbClusters.filter((each) => ahead.includes(each.key))) {
    for (const component of parts) specOf(view, key, component).version ??= OLD;
    object.spec.version = NEW;
  }
  return view;
}

it('from whatever half-done state: one component of one TidbCluster at a time, to the target everywhere, and then there is nothing left', () => {
  fc.assert(
    fc.property(states, (state) => {
      const view = history(state);
      const plan = planOf(view);
      for (const step of plan.steps) {
        const scene = (): { view: ClusterView; member: TidbClusterView } => ({ view, member: tidbCluster(view, step.kubernetesCluster) });
        if (step.alreadyDone) expect(kindOf(step).missing(scene())).toEqual([]);
        const moved = carryOut(view, step, state.parts);
        expect(step.kind === 'roll-component' ? [[], [step.id]] : [[]]).toContainEqual(moved);
        expect(kindOf(step).missing(scene())).toEqual([]);
      }
      for (const key of state.keys) {
        expect(tidbCluster(view, key).object.spec.version).toBe(NEW);
        for (const component of state.parts) expect(templateImage(view, key, component)).toBe(imageOf(component, NEW));
        for (const component of state.parts) expect(specOf(view, key, component).version ?? undefined).toBeUndefined();
      }
      expect(planOf(view).steps.filter((step) => !step.alreadyDone)).toEqual([]);
    }),
    { ...runs, numRuns: runs.numRuns / 4 },
  );
});

it('from a healthy state every guard lets every step begin, in this order', () => {
  fc.assert(
    fc.property(states, (state) => {
      const view = history({ ...state, pasts: state.pasts.map((past) => (past === 'done' ? 'done' : 'old')) });
      for (const step of planOf(view).steps) {
        const each = tidbCluster(view, step.kubernetesCluster);
        const kind = kindOf(step);
        const reasons = kind.guards.flatMap((guard) => guard(view, { member: each, ...(kind.rolls ? { component: kind.rolls } : {}) })).map((reason) => reason.key);
        // With fewer than three members a restart of PD needs a person's word.
        expect(reasons.filter((key) => !key.startsWith('pd-majority/'))).toEqual([]);
        carryOut(view, step, state.parts);
      }
    }),
    runs,
  );
});
