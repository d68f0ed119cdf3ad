import { kindOf } from '../../../src/activities/steps/index.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NEW, database, makeView, podNotReady, store, tidbCluster } from '../../tidb/make-view.ts';

const targets = ['west', 'east', 'north'].flatMap((key) => ['pd', 'tikv', 'tidb'].map((component) => ({ key, component, version: NEW, replicas: 1 })));
const step: PlannedStep = { id: 'verify/all', kind: 'verify-upgrade', title: 'shop is whole', component: 'verify', kubernetesCluster: 'west', alreadyDone: false, input: { targets } };
const kind = kindOf(step);
const missing = (view: ClusterView): string[] => kind.missing({ view, member: tidbCluster(view, 'west') });

it('changes nothing and rolls nothing', () => {
  expect(kind.change({ view: makeView(), member: tidbCluster(makeView(), 'west') })).toEqual([]);
  expect(kind.rolls).toBeUndefined();
});

it('holds when everything runs the target, and says by what', () => {
  const view = makeView({ version: NEW });
  expect(missing(view)).toEqual([]);
  const proof = kind.proof({ view, member: tidbCluster(view, 'west') });
  expect(proof['members']).toHaveLength(3);
  expect(proof['stores']).toContain('1 tikv 8.5.4 Up');
});

it.each<[string, (view: ClusterView) => unknown, string]>([
  ['a pod anywhere is not up', (view) => podNotReady(view, 'shop-north-tidb-0'), 'pod shop-north-tidb-0 is not up'],
  ['a store anywhere is old', (view) => (store(view, 'east').version = '8.5.3'), 'still reports version 8.5.3'],
  ['a TidbCluster is gone', (view) => (view.tidbClusters = view.tidbClusters.filter((each) => each.key !== 'north')), 'TidbCluster in north is gone'],
  ['DDL is still held', (view) => (tidbCluster(view, 'east').object.metadata.annotations['tidb.pingcap.com/smooth-upgrade-state'] = 'x'), "DDL is still held by the operator's smooth upgrade of TidbCluster shop/shop-east in east"],
  ['a scheduler is left, even of a store that nobody lists', (view) => database(view).evictingStores.push('77'), 'an evict-leader-scheduler is left for store 77'],
])('is missing while %s', (_name, change, words) => {
  const view = makeView({ version: NEW });
  change(view);
  expect(missing(view)).toContainEqual(expect.stringContaining(words));
});
