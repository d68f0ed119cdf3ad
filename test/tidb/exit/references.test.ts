/** Which references an exit changes, so that no survivor names what is gone and nobody is left alone among several. */
import { namesAsWanted, referencePatch, repointingsFor } from '../../../src/tidb/exit/references.ts';
import { findMembers } from '../../../src/tidb/membership.ts';
import type { TidbCluster } from '../../../src/tidb/objects.ts';
import type { ClusterView, TidbClusterView } from '../../../src/tidb/view.ts';
import { makeView, specOf, tidbCluster } from '../make-view.ts';
import { mergePatch } from '../merge-patch.ts';

const refer = (view: ClusterView, from: string, to: string): void => {
  tidbCluster(view, from).object.spec.cluster = { name: `shop-${to}`, namespace: 'shop', clusterDomain: `${to}.example` };
};
const plan = (view: ClusterView, leaving: string) => {
  const { anchor, before, after } = repointingsFor(view, tidbCluster(view, leaving));
  const words = (list: typeof before): string[] => list.map(({ key, toKey }) => `${key} → ${toKey ?? 'nobody'}`);
  return { anchor: anchor?.key, before: words(before), after: words(after) };
};

test('a joining TidbCluster that nobody names leaves without any', () => {
  expect(plan(makeView(), 'east')).toEqual({ anchor: 'west', before: [], after: [] });
});

test('dependents with PD of their own are pointed at the initial one', () => {
  const view = makeView();
  refer(view, 'north', 'east');
  expect(plan(view, 'east')).toEqual({ anchor: 'west', before: ['north → west'], after: [] });
});

test('the initial one is the first to name another, and its survivors name each other', () => {
  expect(plan(makeView(), 'west')).toEqual({ anchor: 'east', before: ['west → east', 'east → north', 'north → east'], after: [] });
});

test('a sole survivor names nobody, and only when the leaving one is gone', () => {
  expect(plan(makeView({ kubernetesClusters: ['west', 'east'] }), 'west')).toEqual({ anchor: 'east', before: ['west → east'], after: ['east → nobody'] });
});

test('an initial one that already names the leaving one is pointed at another survivor', () => {
  const view = makeView();
  refer(view, 'west', 'east');
  expect(plan(view, 'east')).toEqual({ anchor: 'west', before: ['west → north'], after: [] });
});

test('a survivor without PD is no anchor', () => {
  const view = makeView();
  specOf(view, 'east', 'pd').replicas = 0;
  expect(plan(view, 'west')).toEqual({ anchor: 'north', before: ['west → north'], after: ['north → nobody'] });
});

const apply = (each: TidbClusterView, to: Parameters<typeof referencePatch>[0]): void => {
  each.object = mergePatch(each.object, referencePatch(to)) as TidbCluster;
};

test.each(['west', 'east', 'north'])('after every step of the exit of %s all TidbClusters are still found from a survivor, and at the end no survivor names it', (leaving) => {
  const view = makeView();
  refer(view, 'north', 'east');
  const { anchor, before, after } = repointingsFor(view, tidbCluster(view, leaving));
  for (const { key, to } of before) {
    apply(tidbCluster(view, key), to);
    expect(namesAsWanted(tidbCluster(view, key).object, to)).toBe(true);
    expect(findMembers(anchor as TidbClusterView, view.tidbClusters).members).toHaveLength(3);
  }
  for (const { key, to } of after) apply(tidbCluster(view, key), to);
  const survivors = view.tidbClusters.filter(({ key }) => key !== leaving);
  expect(survivors.filter(({ object }) => object.spec.cluster?.name === `shop-${leaving}`)).toEqual([]);
  expect(findMembers(anchor as TidbClusterView, survivors).members).toHaveLength(2);
});

test('a domain that the new target does not have is taken out of the reference', () => {
  const view = makeView();
  tidbCluster(view, 'north').object.spec.clusterDomain = '';
  apply(tidbCluster(view, 'east'), { name: 'shop-north', namespace: 'shop', clusterDomain: '' });
  expect(tidbCluster(view, 'east').object.spec.cluster).toEqual({ name: 'shop-north', namespace: 'shop' });
});
