import { kindOf } from '../../../src/activities/steps/index.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { restartClusterRunbook } from '../../../src/workflows/restart-cluster/contract.ts';
import { planRestart } from '../../../src/workflows/restart-cluster/plan.ts';
import type { RestartWish } from '../../../src/workflows/restart-cluster/plan.ts';
import type { UnhashedPlan } from '../../../src/workflows/runbook.ts';
import { askRestart, database, makeView, restart, small, specOf, statefulSet, tidbCluster, upgrade, usual, NEW } from '../../tidb/make-view.ts';
import { written } from '../../activities/steps/written.ts';

function planOf(view: ClusterView, asked: Partial<RestartWish> = {}): UnhashedPlan {
  const plan = planRestart(view, { cluster: 'shop', ...asked });
  if ('refusals' in plan) throw new Error(`refused: ${plan.refusals.join('; ')}`);
  return plan;
}

function refusalsOf(view: ClusterView, asked: Partial<RestartWish> = {}): string[] {
  const plan = planRestart(view, { cluster: 'shop', ...asked });
  return 'refusals' in plan ? plan.refusals : [];
}

const ids = (plan: UnhashedPlan): string[] => plan.steps.map((step) => step.id);
const stepOf = (plan: UnhashedPlan, id: string): PlannedStep => plan.steps.find((step) => step.id === id) as PlannedStep;
const scene = (view: ClusterView, key: string): { view: ClusterView; member: ClusterView['tidbClusters'][number] } => ({ view, member: tidbCluster(view, key) });
const valueOf = (step: PlannedStep): string => step.input['restart'] as string;
/** Carries out a step as the operator would. */
function carryOut(view: ClusterView, step: PlannedStep): void {
  restart(view, step.kubernetesCluster, step.component as 'pd', valueOf(step));
}

describe('the order', () => {
  it("is the upgrade's: by component, the initial TidbCluster first", () => {
    const view = makeView({ replicas: { pd: 1, tso: 1, tikv: 1, tidb: 1 } });
    view.tidbClusters.reverse();
    expect(ids(planOf(view))).toEqual(['pd', 'tso', 'tikv', 'tidb'].flatMap((component) => ['west', 'north', 'east'].map((key) => `${component}/${key}`)).concat('verify/all'));
  });

  it('stays so when only some components are named, in whatever order', () => {
    expect(ids(planOf(makeView({ kubernetesClusters: ['west', 'east'] }), { components: ['tidb', 'pd'] }))).toEqual(['pd/west', 'pd/east', 'tidb/west', 'tidb/east', 'verify/all']);
  });
});

describe('a restart', () => {
  it('is one annotation of one component', () => {
    const view = makeView({ replicas: usual });
    const step = stepOf(planOf(view), 'tikv/east');
    expect(kindOf(step).change(scene(view, 'east'))).toEqual([{ write: 'patch-tidb-cluster', patch: { spec: { tikv: { annotations: { 'tidb.pingcap.com/restartedAt': 'after-shop-east-tikv-v853' } } } } }]);
    expect(kindOf(step).rolls).toBe('tikv');
  });

  it('of a PD microservice writes the list whole and changes nothing else in it', () => {
    const view = makeView({ replicas: { pd: 1, tso: 1, scheduling: 2, tikv: 1 } });
    const step = stepOf(planOf(view), 'scheduling/west');
    const after = written(tidbCluster(view, 'west').object, kindOf(step).change(scene(view, 'west')));
    expect(after.spec.pdms?.map(({ annotations: _added, ...rest }) => rest)).toEqual(tidbCluster(view, 'west').object.spec.pdms);
    expect(after.spec.pdms?.map(({ annotations }) => annotations)).toEqual([undefined, { 'tidb.pingcap.com/restartedAt': 'after-shop-west-scheduling-v853' }]);
  });

  it('written twice restarts once', () => {
    const view = makeView();
    const step = stepOf(planOf(view), 'pd/west');
    askRestart(view, 'west', 'pd', valueOf(step));
    expect(kindOf(step).change(scene(view, 'west'))).toEqual([]);
    expect(kindOf(step).missing(scene(view, 'west'))).toEqual([expect.stringContaining('the operator has not begun: the template of pd has restart none')]);
  });

  it('is not proved by six points that held before: the template must carry it, in a new revision', () => {
    const view = makeView();
    const step = stepOf(planOf(view), 'tidb/west');
    askRestart(view, 'west', 'tidb', valueOf(step));
    statefulSet(view, 'west', 'tidb').spec.template.metadata.annotations['tidb.pingcap.com/restartedAt'] = valueOf(step);
    expect(kindOf(step).missing(scene(view, 'west'))).toEqual(['the StatefulSet of tidb has no new revision yet (shop-west-tidb-v853)']);
    restart(view, 'west', 'tidb', valueOf(step));
    expect(kindOf(step).missing(scene(view, 'west'))).toEqual([]);
    expect(kindOf(step).proof(scene(view, 'west'))).toMatchObject({ restart: 'after-shop-west-tidb-v853', updateRevision: expect.not.stringMatching(/v853$/) });
  });
});

describe('running it again', () => {
  it('restarts everything anew when no mark is given', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    const first = planOf(view);
    first.steps.filter((step) => step.kind === 'restart-component').forEach((step) => carryOut(view, step));
    const second = planOf(view);
    expect(second.steps.map((step) => step.alreadyDone)).toEqual([false, false, false, false]);
    expect(second.steps[0]?.input['restart']).not.toBe(first.steps[0]?.input['restart']);
  });

  it('adopts what carries the mark already, and goes on with the rest', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    carryOut(view, stepOf(planOf(view, { mark: 'CHG-17' }), 'pd/west'));
    const again = planOf(view, { mark: 'CHG-17' });
    expect(again.steps.map((step) => [step.id, step.alreadyDone])).toEqual([['pd/west', true], ['tikv/west', false], ['tidb/west', false], ['verify/all', false]]);
    expect(again.notes).toContainEqual(expect.stringContaining('1 of 3 components carry this mark already'));
  });

  it('waits for a restart that was asked for and not carried out when its run died', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    const first = stepOf(planOf(view), 'pd/west');
    askRestart(view, 'west', 'pd', valueOf(first));
    const second = stepOf(planOf(view), 'pd/west');
    expect(second.input['restart']).toBe(first.input['restart']);
    expect(kindOf(second).change(scene(view, 'west'))).toEqual([]);
    carryOut(view, second);
    expect(kindOf(second).missing(scene(view, 'west'))).toEqual([]);
  });

  it('with everything restarted under this mark, everything is done', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    planOf(view, { mark: 'x' }).steps.filter((step) => step.kind === 'restart-component').forEach((step) => carryOut(view, step));
    expect(planOf(view, { mark: 'x' }).steps.map((step) => step.alreadyDone)).toEqual([true, true, true, true]);
  });
});

describe('guards', () => {
  const said = (view: ClusterView, id: string): string[] => {
    const step = stepOf(planOf(makeView()), id);
    return askAll(kindOf(step).guards, view, { member: tidbCluster(view, step.kubernetesCluster), component: step.component as 'pd' }).map((reason) => reason.key);
  };

  it('what the run itself restarted before is no drift', () => {
    const view = makeView();
    carryOut(view, stepOf(planOf(makeView()), 'pd/west'));
    expect(said(view, 'tikv/west')).toEqual([]);
  });

  it("somebody else's restart in between holds the step", () => {
    const view = makeView();
    askRestart(view, 'west', 'tikv', '2026-03-01');
    expect(said(view, 'tikv/west')).toEqual(['drift/west/tikv.restart/2026-03-01']);
  });

  it('another change of the spec holds the step, and so does a database that is not whole', () => {
    const view = makeView();
    specOf(view, 'west', 'tidb').replicas = 3;
    database(view).leader = undefined;
    expect(said(view, 'tikv/west')).toEqual(['pd-no-leader', expect.stringMatching(/^drift\/west\/tidb\.replicas\//)]);
  });
});

describe('refusals', () => {
  it('a component that no TidbCluster has', () => expect(refusalsOf(makeView(), { components: ['ticdc'] })).toEqual(['no TidbCluster of shop has TiCDC, so there is nothing to restart']));

  it('a TidbCluster that is paused by somebody else, and a part that is unknown, both in one answer', () => {
    const view = makeView();
    tidbCluster(view, 'east').object.spec.paused = true;
    database(view).members.push({ name: 'x', id: '1', peerUrls: [], clientUrls: ['https://x-pd-0.x-pd-peer.other.svc:2379'], version: '8.5.3', healthy: true });
    expect(refusalsOf(view)).toEqual([expect.stringContaining('is paused by somebody else'), expect.stringContaining('unknown part of this cluster')]);
  });

  it('the legacy field image, of the chosen components only', () => {
    const view = makeView({ kubernetesClusters: ['west'] });
    Object.assign(specOf(view, 'west', 'tikv'), { image: 'mine/tikv', baseImage: '' });
    expect(refusalsOf(view)).toEqual([expect.stringContaining('TiKV of TidbCluster shop/shop-west in west uses the legacy field "image"')]);
    expect(refusalsOf(view, { components: ['pd'] })).toEqual([]);
  });
});

it('names the version that each component runs, not that of the others', () => {
  const view = makeView({ kubernetesClusters: ['west'], replicas: small });
  upgrade(view, 'west', 'pd', NEW);
  expect(planOf(view).steps.slice(0, 2).map((step) => step.title)).toEqual(['PD in west: restart (1 pod, v8.5.4)', 'TiKV in west: restart (1 pod, v8.5.3)']);
});

describe('the contract', () => {
  const problems = (input: object): string[] => restartClusterRunbook.contract().safeParse(input).error?.issues.map((issue) => issue.path.join('.') || issue.code) ?? [];
  it.each([
    [{ cluster: 'shop' }, []],
    [{ cluster: 'shop', components: ['pd', 'tikv'], mark: '2026-03-01T12:00:00Z' }, []],
    [{}, ['cluster']],
    [{ cluster: 'shop', components: [] }, ['components']],
    [{ cluster: 'shop', components: ['tispark'] }, ['components.0']],
    [{ cluster: 'shop', mark: 'a b' }, ['mark']],
    [{ cluster: 'shop', version: 'v8.5.4' }, ['unrecognized_keys']],
  ])('%j → %j', (input, expected) => expect(problems(input)).toEqual(expected));
});
