import { brakeAnnotation, brakeOf, brakePatch, releasePatch } from '../../src/tidb/brake.ts';
import { tidbClusterSchema } from '../../src/tidb/objects.ts';
import type { TidbCluster } from '../../src/tidb/objects.ts';
import { makeView, tidbCluster } from './make-view.ts';
import { mergePatch } from './merge-patch.ts';

const run = { namespace: 'default', workflowId: 'upgradeCluster/shop', runId: 'run-1' };
const SINCE = '2026-03-01T11:59:00Z';
const fresh = (): TidbCluster => tidbCluster(makeView(), 'west').object;
const patched = (object: TidbCluster, patch: typeof releasePatch): TidbCluster => tidbClusterSchema.parse(mergePatch(object, patch));
const braked = (reason = 'store 7 is Down'): TidbCluster => patched(fresh(), brakePatch(run, reason, SINCE));

describe('the brake', () => {
  it('freezes, and says whose it is, since when and why', () => {
    expect(braked().spec.paused).toBe(true);
    expect(brakeOf(braked())).toEqual({ ...run, since: SINCE, reason: 'store 7 is Down' });
  });

  it('released, nothing of it is left', () => expect(patched(braked(), releasePatch)).toEqual(fresh()));
  it('leaves other annotations alone', () => {
    const object = fresh();
    object.metadata.annotations['mine'] = 'x';
    expect(patched(patched(object, brakePatch(run, 'why', SINCE)), releasePatch).metadata.annotations).toEqual({ mine: 'x' });
  });
  it('a long reason is cut: an annotation has a limit', () => expect(brakeOf(braked('x'.repeat(10_000)))?.reason).toHaveLength(500));
});

describe('whose brake it is', () => {
  it('the run that set it can be read from it', () => expect(brakeOf(braked())).toMatchObject(run));

  it.each<[string, (object: TidbCluster) => unknown]>([
    ['somebody else paused: no annotation', (object) => (object.metadata.annotations = {})],
    ['an annotation that is no JSON', (object) => (object.metadata.annotations[brakeAnnotation] = 'yes')],
    ['an annotation with too little in it', (object) => (object.metadata.annotations[brakeAnnotation] = '{"runId":"run-1"}')],
    ['an annotation without the pause: somebody released it by hand', (object) => (object.spec.paused = false)],
  ])('of no run: %s', (_name, change) => {
    const object = braked();
    change(object);
    expect(brakeOf(object)).toBeUndefined();
  });
});
