import type { Component } from '../../../src/tidb/components.ts';
import { discoveryServes, discoveryWillServe } from '../../../src/tidb/guards/discovery.ts';
import { guardsDuringRoll } from '../../../src/tidb/guards/during-roll.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import { beforeRoll, beforeSettling, databaseIsWhole, standingGuards } from '../../../src/tidb/guards/index.ts';
import { setAcrossK8s } from '../../../src/activities/steps/set-across-k8s.ts';
import { scaleToZero } from '../../../src/activities/steps/scale-to-zero.ts';
import { podSchema } from '../../../src/tidb/objects.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { database, discoveryPodName, goDown, makeView, podGone, podName, podWaits, roll, tidbCluster } from '../make-view.ts';
import { KEY, ask as patchAcross, makeAlone, only } from '../migration/alone.ts';

const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const crashing = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [{ name: 'discovery', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff', message: '' } } }] };

/** West has discovery pods of these states, and no others. */
function withDiscovery(...statuses: object[]): ClusterView {
  const view = makeView();
  podGone(view, discoveryPodName('west'));
  const labels = { 'app.kubernetes.io/component': 'discovery' };
  tidbCluster(view, 'west').pods.push(...statuses.map((status, index) => podSchema.parse({ metadata: { name: `shop-west-discovery-${index}`, namespace: 'shop', uid: `d${index}`, labels }, spec: { containers: [] }, status })));
  return view;
}

const crash = (view: ClusterView, key: string): void => podWaits(view, discoveryPodName(key), { reason: 'CrashLoopBackOff', message: '' });
const hear = (view: ClusterView, key = 'west'): string[] => discoveryServes(view, { member: tidbCluster(view, key) }).map(({ message, clears }) => `${clears}: ${message}`);

it.each<[string, object[], string | undefined]>([
  ['silent while a pod of it runs', [running], undefined],
  ['silent while one of two runs, as when it moves to another node', [crashing, running], undefined],
  ['speaks when its pod crashes', [crashing], 'its discovery pod shop-west-discovery-0 does not run (CrashLoopBackOff)'],
  ['speaks when its pod has no place', [{ phase: 'Pending' }], 'does not run (Pending)'],
  ['speaks when it has no pod', [], 'it has no discovery pod'],
])('discovery: %s', (_name, statuses, words) => {
  expect(hear(withDiscovery(...statuses))).toEqual(words === undefined ? [] : [expect.stringMatching(/^itself: TidbCluster shop\/shop-west in west: /)]);
  expect(hear(withDiscovery(...statuses)).join()).toContain(words ?? '');
});

it('discovery of the TidbCluster that is touched is asked, and of no other', () => {
  const view = makeView();
  crash(view, 'east');
  expect([hear(view, 'west'), hear(view, 'east'), hear(view, 'north')].map((said) => said.length)).toEqual([0, 1, 0]);
});

it('a TidbCluster with acrossK8s that has no PD has discovery all the same, and is asked', () => {
  const view = makeView({ replicas: { tikv: 1 } });
  expect(hear(view)).toEqual([]);
  crash(view, 'west');
  expect(hear(view)).toHaveLength(1);
});

it.each<[string, { pd?: number; tikv: number }]>([['with PD', { pd: 1, tikv: 1 }], ['without PD, which has no discovery', { tikv: 1 }]])('without acrossK8s its pods ask no discovery, and the guard is silent: %s', (_name, replicas) => {
  const view = makeView({ replicas, acrossK8s: false });
  for (const key of ['west', 'east', 'north']) podGone(view, discoveryPodName(key));
  expect(['west', 'east', 'north'].flatMap((key) => hear(view, key))).toEqual([]);
});

it.each<Component>(['pd', 'tikv', 'tidb'])('before a roll of %s it must serve', (component) => {
  const view = makeView();
  crash(view, 'west');
  const keys = (guards: typeof beforeRoll): string[] => askAll(guards, view, { member: tidbCluster(view, 'west'), component }).map(({ key }) => key);
  expect(keys(beforeRoll)).toEqual(['discovery-pod/west']);
});

it('what rolls nothing does without it', () => {
  const view = makeView();
  crash(view, 'west');
  const member = tidbCluster(view, 'west');
  expect(askAll([...beforeSettling, ...databaseIsWhole, ...standingGuards], view, { member })).toEqual([]);
});

it('an exit does without it: pods that go ask nobody', () => {
  const { guards, alarms } = scaleToZero({ id: 'tikv/west', kind: 'scale-to-zero', title: '', component: 'tikv', kubernetesCluster: 'west', alreadyDone: false, input: { component: 'tikv', from: 1, baseline: {}, place: {} } });
  expect([...guards, ...(alarms ?? guardsDuringRoll)].filter((guard) => guard === discoveryServes || guard === discoveryWillServe)).toEqual([]);
});

it('without discovery a roll is frozen, as for everything else that turns bad in it', () => {
  const view = makeView({ replicas: { pd: 1, tikv: 3, tidb: 1 } });
  roll(view, 'west', 'tikv', { version: 'v8.5.4', pods: 1 });
  podGone(view, podName('west', 'tikv', 1));
  goDown(view, { key: 'west', component: 'tikv', ordinal: 1 });
  const keys = (): string[] => askAll(guardsDuringRoll, view, { member: tidbCluster(view, 'west'), component: 'tikv' }).map(({ key }) => key);
  expect(keys()).toEqual([]);
  crash(view, 'west');
  Object.assign(database(view).members[1] ?? {}, { healthy: false });
  expect(keys()).toEqual([expect.stringMatching(/^pd-member\//), 'discovery-pod/west']);
});

describe('a TidbCluster that is about to get acrossK8s', () => {
  const { guards, alarms } = setAcrossK8s({ id: 'across/west', kind: 'set-across-k8s', title: '', component: 'across', kubernetesCluster: 'west', alreadyDone: false, input: { domain: '', targets: [{ component: 'pd', version: 'v8.5.3', replicas: 3 }], baseline: {}, own: [], byHand: false } });
  const keys = (view: ClusterView, asked = guards): string[] => askAll(asked, view, { member: only(view), component: 'tikv' }).map(({ key }) => key).filter((key) => key.startsWith('discovery-pod/'));

  it('is asked before, since its pods ask from then on', () => {
    const view = makeAlone();
    expect(keys(view)).toEqual([]);
    crash(view, KEY);
    expect(keys(view)).toEqual([`discovery-pod/${KEY}`]);
  });

  it('is asked once when somebody has set it by hand', () => {
    const view = makeAlone();
    patchAcross(view);
    crash(view, KEY);
    expect(keys(view)).toEqual([`discovery-pod/${KEY}`]);
  });

  it('has, once it rolls, the guards of every roll', () => {
    const view = makeAlone();
    patchAcross(view);
    crash(view, KEY);
    expect(alarms).toBeUndefined();
    expect(keys(view, guardsDuringRoll)).toEqual([`discovery-pod/${KEY}`]);
  });
});
