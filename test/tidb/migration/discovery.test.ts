import { duringRollToAcross, discoveryServes } from '../../../src/tidb/migration/discovery.ts';
import { podSchema } from '../../../src/tidb/objects.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { database } from '../make-view.ts';
import { KEY, makeAlone, only } from './alone.ts';

const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const crashing = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [{ name: 'discovery', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff', message: '' } } }] };

/** With discovery pods of these states. */
function withDiscovery(...statuses: object[]): ClusterView {
  const view = makeAlone();
  const labels = { 'app.kubernetes.io/component': 'discovery' };
  only(view).pods.push(...statuses.map((status, index) => podSchema.parse({ metadata: { name: `shop-${KEY}-discovery-${index}`, namespace: 'shop', uid: `d${index}`, labels }, spec: { containers: [] }, status })));
  return view;
}

const ask = (view: ClusterView): string[] => discoveryServes(view, { member: only(view) }).map(({ message, clears }) => `${clears}: ${message}`);

it.each<[string, object[], string | undefined]>([
  ['silent while a pod of it runs', [running], undefined],
  ['silent while one of two runs, as when it moves to another node', [crashing, running], undefined],
  ['speaks when its pod crashes', [crashing], 'its discovery pod shop-west-discovery-0 does not run (CrashLoopBackOff)'],
  ['speaks when its pod has no place', [{ phase: 'Pending' }], 'does not run (Pending)'],
  ['speaks when it has no pod', [], 'it has no discovery pod'],
])('discovery: %s', (_name, statuses, words) => {
  expect(ask(withDiscovery(...statuses))).toEqual(words === undefined ? [] : [expect.stringMatching(/^itself: TidbCluster shop\/shop-west in west: /)]);
  expect(ask(withDiscovery(...statuses)).join()).toContain(words ?? '');
});

it('without discovery a roll is frozen, as for everything else that turns bad in it; what does not roll is not', () => {
  const view = withDiscovery(crashing);
  Object.assign(database(view).members[1] ?? {}, { healthy: false });
  const keys = (change: object): string[] => duringRollToAcross(view, { member: only(view), ...change }).map(({ key }) => key);
  expect(keys({ component: 'tikv' })).toEqual([expect.stringMatching(/^pd-member\//), `discovery-pod/${KEY}`]);
  expect(keys({})).toEqual([]);
});
