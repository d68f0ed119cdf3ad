import { kindOf } from '../../../src/activities/steps/index.ts';
import { revisionsAnnotation } from '../../../src/activities/steps/settle-versions.ts';
import type { Scene } from '../../../src/activities/steps/step-kind.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import { digestsOf } from '../../../src/tidb/drift.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NEW, OLD, askFor, makeView, roll, specOf, statusOf, tidbCluster, upgrade } from '../../tidb/make-view.ts';
import { written } from './written.ts';

/** Every component of west was upgraded by a version of its own; spec.version is still the old one. */
function rolled(): ClusterView {
  const view = makeView({ replicas: { pd: 1, tso: 1, tikv: 1, tidb: 1 } });
  for (const component of ['pd', 'tso', 'tikv', 'tidb'] as const) upgrade(view, 'west', component, NEW);
  return view;
}

const stepFor = (view: ClusterView, version = NEW): PlannedStep => ({
  id: 'settle/west',
  kind: 'settle-versions',
  title: 'Versions in west',
  component: 'settle',
  kubernetesCluster: 'west',
  alreadyDone: false,
  input: { version, baseline: digestsOf(tidbCluster(view, 'west').object) },
});

const scene = (view: ClusterView): Scene => ({ view, member: tidbCluster(view, 'west') });
const said = (view: ClusterView, step = stepFor(view)): string[] => kindOf(step).guards.flatMap((guard) => guard(view, { member: tidbCluster(view, 'west') })).map((reason) => reason.key);
const missing = (view: ClusterView, step: PlannedStep): string[] => kindOf(step).missing(scene(view));

function applied(view: ClusterView, step = stepFor(view)): ClusterView {
  const west = tidbCluster(view, 'west');
  west.object = written(west.object, kindOf(step).change(scene(view)));
  return view;
}

describe('settling the versions', () => {
  it('is one patch: the target into spec.version, the own versions out, the revisions recorded', () => {
    const step = stepFor(rolled());
    expect(kindOf(step).change(scene(rolled()))).toEqual([{ write: 'patch-tidb-cluster', patch: {
      spec: { version: NEW, pd: { version: null }, tikv: { version: null }, tidb: { version: null }, pdms: [expect.not.objectContaining({ version: expect.anything() })] },
      metadata: { annotations: { [revisionsAnnotation]: expect.stringContaining('"revisions":{"pd":"shop-west-pd-v854"') } },
    } }]);
  });

  it('nothing speaks against it, and it is done as soon as the spec says so and nothing rolls', () => {
    const view = rolled();
    const step = stepFor(view);
    expect(said(view)).toEqual([]);
    expect(missing(view, step)).toEqual([`spec.version is not ${NEW} alone`]);
    applied(view, step);
    expect(missing(view, step)).toEqual([]);
    expect(kindOf(step).change(scene(view))).toEqual([]);
    expect(kindOf(step).proof(scene(view))).toMatchObject({ version: NEW, unchangedRevisions: { pd: 'shop-west-pd-v854', tidb: 'shop-west-tidb-v854' } });
  });

  it('is not written where it would change an image', () => {
    const view = rolled();
    askFor(view, 'west', 'tidb', OLD);
    expect(said(view)).toEqual(['image-changes/west/tidb']);
  });

  it('also not that of a TiProxy that has no version of its own', () => {
    const view = makeView({ kubernetesClusters: ['west'], replicas: { pd: 1, tiproxy: 1 }, acrossK8s: false });
    specOf(view, 'west', 'tiproxy').version = undefined;
    upgrade(view, 'west', 'pd', NEW);
    expect(said(view)).toEqual(['image-changes/west/tiproxy']);
  });

  it('a TiProxy with one stays as it is', () => {
    const view = makeView({ kubernetesClusters: ['west'], replicas: { pd: 1, tiproxy: 1 }, acrossK8s: false });
    upgrade(view, 'west', 'pd', NEW);
    expect(said(view)).toEqual([]);
  });
});

describe('proves that nothing has rolled', () => {
  it('says what rolls', () => {
    const view = applied(rolled());
    statusOf(view, 'west', 'tikv').phase = 'Upgrade';
    expect(missing(view, stepFor(rolled()))).toEqual(['TiKV is rolling']);
  });

  it('says it also when the roll is over', () => {
    const view = rolled();
    const step = stepFor(view);
    applied(view, step);
    upgrade(view, 'west', 'tikv', 'v8.5.5');
    specOf(view, 'west', 'tikv').version = undefined;
    expect(missing(view, step)).toEqual(['tikv has revision shop-west-tikv-v855 instead of shop-west-tikv-v854: the patch rolled it']);
  });

  it('what an earlier run has recorded and left is no matter of this one', () => {
    const view = rolled();
    applied(view, stepFor(view));
    specOf(view, 'west', 'pd')['config'] = 'another, by which PD was rolled since';
    roll(view, 'west', 'pd', { version: 'v8.5.5' });
    expect(missing(view, stepFor(view))).toEqual([]);
  });

  it.each(['not JSON', '{}', '[]', '{"of":1}'])('a record that cannot be read is none: %s', (text) => {
    const view = applied(rolled());
    tidbCluster(view, 'west').object.metadata.annotations[revisionsAnnotation] = text;
    expect(missing(view, stepFor(rolled()))).toEqual([]);
  });
});
