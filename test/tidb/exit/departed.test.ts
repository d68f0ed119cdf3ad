/** The record of what has left: kept by a survivor, found again by a later run. */
import { allDeparted, departedAnnotation, departedIn, departurePatch, findDeparted, keeperOf } from '../../../src/tidb/exit/departed.ts';
import type { Departed } from '../../../src/tidb/exit/departed.ts';
import { tidbClusterSchema } from '../../../src/tidb/objects.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { makeView, specOf, tidbCluster } from '../make-view.ts';
import { mergePatch } from '../merge-patch.ts';

const clusters = ['east', 'west', 'north'];
const departed = (kubernetesCluster: string, more: Partial<Departed> = {}): Departed => ({ key: kubernetesCluster, place: { kubernetesCluster, namespace: 'shop', name: `shop-${kubernetesCluster}` }, uid: `uid-of-${kubernetesCluster}`, ...more });
const without = (view: ClusterView, ...keys: string[]): ClusterView => ({ ...view, tidbClusters: view.tidbClusters.filter(({ key }) => !keys.includes(key)) });

/** What is there after the deletion of this one. */
function depart(view: ClusterView, leaving: Departed): ClusterView {
  const patch = departurePatch(view.tidbClusters, leaving);
  const keeper = keeperOf(view.tidbClusters, leaving);
  if (keeper && patch) keeper.object = tidbClusterSchema.parse(mergePatch(keeper.object, patch));
  return without(view, leaving.key);
}

test('is kept by the first survivor with PD, which the others name', () => {
  const view = makeView({ kubernetesClusters: clusters });
  expect(keeperOf(view.tidbClusters, departed('west'))?.key).toBe('east');
  expect(keeperOf(view.tidbClusters, departed('east'))?.key).toBe('west');
  specOf(view, 'west', 'pd').replicas = 0;
  expect(keeperOf(view.tidbClusters, departed('east'))?.key).toBe('north');
});

test('finds one that has left by its key and by its place, and nothing that was never there', () => {
  const { tidbClusters } = depart(makeView({ kubernetesClusters: clusters }), departed('west'));
  expect(findDeparted(tidbClusters, 'west')).toEqual(departed('west'));
  expect(findDeparted(tidbClusters, 'west.shop-west')).toEqual(departed('west'));
  expect(['wset', 'east', 'shop-west', ''].map((name) => findDeparted(tidbClusters, name))).toEqual([undefined, undefined, undefined, undefined]);
});

test('of two that had the same key means the later one; the earlier is found by its name', () => {
  const later = departed('west', { place: { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west-2' }, uid: 'later' });
  const { tidbClusters } = depart(depart(makeView({ kubernetesClusters: clusters }), departed('west')), later);
  expect(findDeparted(tidbClusters, 'west')).toEqual(later);
  expect(findDeparted(tidbClusters, 'west.shop-west')).toEqual(departed('west'));
});

test('moves on when its keeper leaves', () => {
  const view = depart(depart(makeView({ kubernetesClusters: clusters }), departed('west')), departed('east'));
  expect(view.tidbClusters.map(({ key }) => key)).toEqual(['north']);
  expect(allDeparted(view.tidbClusters)).toEqual([departed('west'), departed('east')]);
});

test('of one that came back and leaves again is replaced', () => {
  const again = departed('west', { uid: 'of-another-life' });
  const first = depart(makeView({ kubernetesClusters: clusters }), departed('west'));
  const back = { ...first, tidbClusters: [...first.tidbClusters, tidbCluster(makeView({ kubernetesClusters: clusters }), 'west')] };
  tidbCluster(back, 'west').object.metadata.uid = again.uid;
  expect(allDeparted(depart(back, again).tidbClusters)).toEqual([again]);
});

test('of one that is there again goes with the next departure', () => {
  const first = depart(makeView({ kubernetesClusters: clusters }), departed('west'));
  const back = { ...first, tidbClusters: [...first.tidbClusters, tidbCluster(makeView({ kubernetesClusters: clusters }), 'west')] };
  expect(allDeparted(depart(back, departed('north')).tidbClusters)).toEqual([departed('north')]);
});

test('is written once', () => {
  const view = makeView({ kubernetesClusters: clusters });
  const before = tidbCluster(view, 'west');
  const { tidbClusters } = depart(view, departed('west'));
  expect(departurePatch([...tidbClusters, before], departed('west'))).toBeUndefined();
});

test.each(['', 'nonsense', '{}', '[1]', '[{"key":"west"}]'])('%j is none', (record) => {
  const { object } = tidbCluster(makeView({ kubernetesClusters: clusters }), 'east');
  object.metadata.annotations[departedAnnotation] = record;
  expect(departedIn(object)).toEqual([]);
});
