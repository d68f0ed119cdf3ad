import { kindOf } from '../../../src/activities/steps/index.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import { digestsOf } from '../../../src/tidb/drift.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import { beforeRoll } from '../../../src/tidb/guards/index.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NEW, OLD, askFor, database, makeView, roll, specOf, store, tidbCluster, upgrade } from '../../tidb/make-view.ts';

const healthy = makeView();
const step: PlannedStep = {
  id: 'tikv/west',
  kind: 'roll-component',
  title: 'TiKV in west: v8.5.3 → v8.5.4',
  component: 'tikv',
  kubernetesCluster: 'west',
  alreadyDone: false,
  input: { component: 'tikv', version: NEW, replicas: 1, from: OLD, place: {}, baseline: digestsOf(tidbCluster(healthy, 'west').object) },
};
const kind = kindOf(step);
const west = (view: ClusterView): Parameters<typeof kind.missing>[0] => ({ view, member: tidbCluster(view, 'west') });
const said = (view: ClusterView, accepted: string[] = []): string[] => askAll(kind.guards, view, { member: tidbCluster(view, 'west'), component: 'tikv' }, accepted).map((reason) => reason.key);

it('asks for the version of one component and rolls nothing else', () => {
  expect(kind.change(west(makeView()))).toEqual([{ write: 'patch-tidb-cluster', patch: { spec: { tikv: { version: NEW } } } }]);
  expect(kind.rolls).toBe('tikv');
});

it('asks nothing twice: a change that is there already is waited for', () => {
  const view = makeView();
  askFor(view, 'west', 'tikv', NEW);
  expect(kind.change(west(view))).toEqual([]);
  expect(kind.missing(west(view)).length).toBeGreaterThan(0);
});

it('knows whose change it is that is there already: the plan found it asked for, or not', () => {
  expect(kind.askedBefore).toBe(false);
  expect(kindOf({ ...step, input: { ...step.input, from: NEW } }).askedBefore).toBe(true);
});

it('asks for nothing where spec.version says it already', () => {
  const view = makeView();
  tidbCluster(view, 'west').object.spec.version = NEW;
  expect(kind.change(west(view))).toEqual([]);
});

it('is proved by the six points, and says by what', () => {
  const view = makeView();
  upgrade(view, 'west', 'tikv', NEW);
  expect(kind.missing(west(view))).toEqual([]);
  expect(kind.proof(west(view))).toMatchObject({ version: NEW, stores: [expect.stringContaining('shop-west-tikv-0 8.5.4 Up')] });
});

it('asks PD eagerly once the pods are through', () => {
  const view = makeView();
  askFor(view, 'west', 'tikv', NEW);
  expect(kind.almostDone(west(view))).toBe(false);
  roll(view, 'west', 'tikv', { version: NEW });
  store(view, 'west').version = '8.5.3';
  expect(kind.almostDone(west(view))).toBe(true);
  expect(kind.missing(west(view))).toHaveLength(1);
});

describe('guards before it', () => {
  it('none speaks on a healthy view', () => expect(said(makeView())).toEqual([]));
  it('all of those before a roll are among them', () => expect(kind.guards).toEqual(expect.arrayContaining([...beforeRoll])));

  it('holds when somebody asks for a third version', () => {
    const view = makeView();
    askFor(view, 'west', 'tikv', 'v8.5.9');
    expect(said(view)).toEqual(['drift/west/tikv.version/v8.5.9']);
    expect(said(view, ['drift/west/tikv.version/v8.5.9'])).toEqual([]);
    expect(kind.change(west(view))).toEqual([{ write: 'patch-tidb-cluster', patch: { spec: { tikv: { version: NEW } } } }]);
  });

  it('holds when somebody changed the spec, and other troubles are said as well', () => {
    const view = makeView();
    specOf(view, 'west', 'tidb').replicas = 3;
    database(view).leader = undefined;
    expect(said(view)).toEqual(['pd-no-leader', expect.stringMatching(/^drift\/west\/tidb\.replicas\//)]);
  });

  it('a change in another TidbCluster is a matter of its own steps', () => {
    const view = makeView();
    specOf(view, 'east', 'tidb').replicas = 3;
    expect(said(view)).toEqual([]);
  });
});

it('while it waits, drift is still asked', () => {
  const view = makeView();
  specOf(view, 'west', 'tikv').replicas = 2;
  expect(askAll(kind.standing, view, { member: tidbCluster(view, 'west'), component: 'tikv' }).map((reason) => reason.key)).toEqual([expect.stringMatching(/^drift\/west\/tikv\.replicas\//)]);
});

describe('steps that do not fit', () => {
  it('a kind of a newer worker is Unsupported', () => {
    expect(() => kindOf({ ...step, kind: 'turn-around' })).toThrow('this worker does not know steps of kind "turn-around"; it knows: roll-component, ');
  });
  it.each([{}, { ...step.input, component: 'tispark' }, { ...step.input, replicas: 'three' }])('an input that is none is a bug: %j', (input) => {
    expect(() => kindOf({ ...step, input })).toThrow();
  });
});
