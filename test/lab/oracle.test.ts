/** The judge, tried on logs written by hand: what holds is called held, and for every invariant there is a log that breaks it. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { judge } from '../../lab/oracle/judge.ts';
import type { Case, Verdict } from '../../lab/oracle/judge.ts';
import { clusters, iso, person, Story } from './oracle-story.ts';

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

function written(story: Story, tail?: string): ReturnType<Story['write']> {
  const place = story.write(tail);
  directories.push(place.directory);
  return place;
}

const judged = (story: Story, more: Partial<Case> = {}): Promise<Verdict> => judge({ ...written(story), ...more });
const finding = ({ invariants }: Verdict, name: string): Verdict['invariants'][number] => {
  const found = invariants.find((one) => one.name === name);
  if (!found) throw new Error(`no invariant ${name}`);
  return found;
};

const oneDisruption = 'one disruption at a time';
const majority = 'PD keeps its majority';
const storesUp = 'TiKV stores stay Up but one';
const order = 'changes come in the documented order';
const fields = 'nothing but expected fields is written';
const brakes = 'brakes of others are not released';
const whole = 'the database is whole before every step';
const secrets = 'no secret escapes';
const settling = 'settling rolls nothing';

/** What the story's author must not be accused of besides. */
const brokenIn = ({ invariants }: Verdict): string[] => invariants.filter(({ held }) => !held).map(({ name }) => name);

describe('a whole upgrade as it should be', () => {
  let verdict: Verdict;
  beforeAll(async () => {
    verdict = await judged(new Story().wholeUpgrade(), { expectChanges: true, storesFloor: 4 });
  });

  it('keeps every invariant', () => expect(brokenIn(verdict)).toEqual([]));

  it('is told in the order in which the versions were changed', () => {
    expect(verdict.order).toEqual(['pd', 'tikv', 'tidb', 'settle'].flatMap((step) => clusters.map((cluster) => `${step}/${cluster}`)));
  });

  it('names every change with the version before', () => {
    expect(verdict.changes).toContainEqual({
      at: iso(40.01), by: 'system:serviceaccount:tidb-runbooks:tidb-runbooks (tidb-runbooks/0.1.0)', kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop-east',
      what: 'spec.tikv.version v8.5.3 → v8.5.4', code: 200,
    });
    expect(verdict.changes.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^settle: .*spec\.version v8\.5\.3 → v8\.5\.4/));
  });

  it('does not take the defaults in the operator\'s full writes for changes', () => {
    expect(verdict.changes.filter(({ what }) => what.includes('timezone'))).toEqual([]);
  });
});

describe('one disruption at a time', () => {
  it('is broken by a change before the PD member of the last one is up, though its pods are settled', async () => {
    const verdict = await judged(new Story().roll(10, 'east', 'pd').roll(13.5, 'west', 'pd'));
    expect(finding(verdict, oneDisruption).held).toBe(false);
    expect(finding(verdict, oneDisruption).evidence[0]).toContain('west (spec.pd.version v8.5.3 → v8.5.4) came while pd of east was disturbed');
  });

  it('is broken by a change before the stores of the last one serve again', async () => {
    const story = new Story().roll(10, 'east', 'tikv').storeAway(14, 20, 'east-0').roll(15, 'west', 'tikv');
    expect(finding(await judged(story), oneDisruption).held).toBe(false);
  });

  it('is broken by another component of the same TidbCluster', async () => {
    expect(brokenIn(await judged(new Story().roll(10, 'east', 'tikv').roll(12, 'east', 'tidb')))).toContain(oneDisruption);
  });

  it('is broken by settling while a component rolls', async () => {
    const versions = { pd: { version: 'v8.5.4' }, tikv: { version: 'v8.5.4' }, tidb: { version: 'v8.5.4' } };
    const verdict = await judged(new Story().patch(-5, 'west', { spec: versions }, person).roll(10, 'east', 'tidb').settle(12, 'west'));
    expect(brokenIn(verdict)).toEqual([oneDisruption]);
    expect(finding(verdict, oneDisruption).evidence[0]).toContain('west (settle: ');
  });

  it('is broken by one patch that changes several components', async () => {
    const verdict = await judged(new Story().patch(10, 'east', { spec: { version: 'v8.5.4' } }));
    expect(finding(verdict, oneDisruption).evidence[0]).toContain('changed pd, tikv, tidb at once');
  });

  it('is broken by going on after a roll that never began', async () => {
    const verdict = await judged(new Story().patch(10, 'east', { spec: { pd: { version: 'v8.5.4' } } }).roll(500, 'west', 'pd'));
    expect(finding(verdict, oneDisruption).evidence[0]).toContain('whole again never');
  });

  it('is broken by two changes in the same millisecond', async () => {
    expect(brokenIn(await judged(new Story().roll(10, 'east', 'tidb').roll(10, 'west', 'tidb')))).toContain(oneDisruption);
  });

  it('is broken by a change while a pod that somebody else deleted is not back', async () => {
    const pod = { component: 'tidb', pod: 'shop-south-tidb-0' };
    const story = new Story().fact(8, 'pod-deleted', 'south', pod).fact(9, 'pod-gone', 'south', pod).fact(9.1, 'pod-created', 'south', pod).fact(12, 'pod-ready', 'south', pod);
    expect(brokenIn(await judged(story.roll(10, 'east', 'pd')))).toEqual([oneDisruption]);
  });

  it('holds where the pod was deleted too shortly before, or was taken away for good', async () => {
    const pod = { component: 'tidb', pod: 'shop-south-tidb-0' };
    expect(brokenIn(await judged(new Story().fact(9.8, 'pod-deleted', 'south', pod).roll(10, 'east', 'pd')))).toEqual([]);
    expect(brokenIn(await judged(new Story().fact(6, 'pod-deleted', 'south', pod).fact(7, 'pod-gone', 'south', pod).roll(10, 'east', 'pd')))).toEqual([]);
  });

  it('holds when the same component is asked a second time', async () => {
    const story = new Story().roll(10, 'east', 'tidb').patch(11, 'east', { spec: { tidb: { version: 'v8.5.5' } } });
    expect(finding(await judged(story), oneDisruption).held).toBe(true);
  });

  it('takes only accepted writes for changes', async () => {
    const story = new Story().roll(10, 'east', 'tidb').patch(12, 'west', { spec: { tidb: { version: 'v8.5.4' } } }, { code: 409 });
    story.patch(12.2, 'west', { spec: { tidb: { version: 'v8.5.4' } } }, { uri: '/x?fieldManager=tidb-runbooks&dryRun=All' });
    expect((await judged(story)).order).toEqual(['tidb/east']);
  });
});

describe('the majority of PD', () => {
  it('is broken when two of three members are down by our rolls', async () => {
    const verdict = await judged(new Story().roll(10, 'east', 'pd').roll(20, 'west', 'pd').memberDown(21, 22, 'south', 1));
    expect(brokenIn(verdict)).toContain(majority);
    expect(finding(verdict, majority).evidence[0]).toBe(`at ${iso(21).slice(11)} 1 of 3 PD members served, 2 are a majority (PD member shop-west-pd-0 down since ${iso(20.5).slice(11)}, pod-deleted ${iso(20.5).slice(11)}, pod-gone ${iso(21).slice(11)}; PD member shop-south-pd-0 down since ${iso(21).slice(11)})`);
  });

  it('is broken when a roll goes on into a fault that was there before', async () => {
    const story = new Story().fault(5, undefined, 'pod-crashing', { pod: 'shop-south-pd-0' }).memberDown(6, 60, 'south').roll(10, 'east', 'pd').memberDown(10.6, 11, 'east', 1);
    expect(brokenIn(await judged(story))).toEqual(expect.arrayContaining([majority, whole]));
  });

  it('holds when a fault came after our change, and says so', async () => {
    const story = new Story().roll(10, 'east', 'pd').fault(11, undefined, 'pod-crashing', { pod: 'shop-south-pd-0' }).memberDown(11.5, 60, 'south', 1);
    const { held, evidence } = finding(await judged(story), majority);
    expect(held).toBe(true);
    expect(evidence[0]).toContain('fault pod-crashing (pod shop-south-pd-0) came after our change');
  });

  it('holds when faults alone take it away', async () => {
    const story = new Story().roll(10, 'east', 'tidb').fault(20, 40, 'pod-crashing', { component: 'pd' }).memberDown(21, 40, 'south').memberDown(22, 40, 'west', 1);
    expect(finding(await judged(story), majority).held).toBe(true);
  });
});

describe('TiKV stores', () => {
  it('are broken when two are not Up in PD\'s view', async () => {
    const verdict = await judged(new Story().roll(10, 'east', 'tikv').storeNotUp(11, 13, 'east-0').storeNotUp(12, 14, 'east-1'));
    expect(finding(verdict, storesUp).held).toBe(false);
    expect(finding(verdict, storesUp).evidence[0]).toContain('2 stores were not Up at once: store 10 (shop-east-tikv-0) Disconnected, store 11 (shop-east-tikv-1) Disconnected');
  });

  it('are broken when stores of two TidbClusters are away at once', async () => {
    const verdict = await judged(new Story().roll(10, 'east', 'tikv').storeAway(10.6, 11, 'west-1'));
    expect(finding(verdict, storesUp).evidence[0]).toContain('stores of east and west were away at once');
  });

  it('hold when the operator is faster than the stores of one TidbCluster, and it is said', async () => {
    const { held, evidence } = finding(await judged(new Story().roll(10, 'east', 'tikv').storeAway(11, 12, 'east-1')), storesUp);
    expect(held).toBe(true);
    expect(evidence.join()).toContain('the operator\'s own pace');
  });

  it('hold when a new PD leader calls all of them Disconnected', async () => {
    const story = new Story().roll(10, 'east', 'pd').fact(10.5, 'pd-leader', undefined, { leader: 'west-pd-0', alive: 2, members: 3 });
    for (const cluster of clusters) story.storeNotUp(10.51, 11, `${cluster}-0`).storeNotUp(10.51, 11, `${cluster}-1`);
    const { held, evidence } = finding(await judged(story), storesUp);
    expect(held).toBe(true);
    expect(evidence.join()).toContain('6 times a new PD leader had not yet heard of a store');
  });

  it('hold when a fault took the second one, and it is said', async () => {
    const story = new Story().roll(10, 'east', 'tikv').fault(10.2, 30, 'store-down', { pod: 'shop-west-tikv-0' }).storeNotUp(10.3, 31, 'west-0', 'Down');
    const { held, evidence } = finding(await judged(story), storesUp);
    expect(held).toBe(true);
    expect(evidence.join()).toContain('fault store-down (pod shop-west-tikv-0)');
  });

  it('are not excused by a fault elsewhere', async () => {
    const story = new Story().roll(10, 'east', 'tikv').fault(10.2, 30, 'store-down', { pod: 'shop-south-tikv-0' }).storeNotUp(10.3, 31, 'west-0', 'Down');
    expect(finding(await judged(story), storesUp).held).toBe(false);
  });

  it('are broken when the Up ones do not stay above the floor', async () => {
    const story = new Story().roll(10, 'east', 'tikv');
    expect(finding(await judged(story, { storesFloor: 5 }), storesUp).evidence[0]).toContain('5 TiKV stores were Up, which is not above 5');
    expect(finding(await judged(story, { storesFloor: 4 }), storesUp).held).toBe(true);
  });

  it('do not miss a Tombstone', async () => {
    const story = new Story().storeFact(-20, 'store-away', 'south-1').storeFact(-19, 'store-state', 'south-1', { from: 'Offline', to: 'Tombstone', up: 5 });
    expect(brokenIn(await judged(story.roll(10, 'east', 'tikv'), { storesFloor: 3 }))).toEqual([]);
    expect(brokenIn(await judged(story, { storesFloor: 4 }))).toEqual([storesUp]);
  });
});

describe('the order', () => {
  it('is broken by a component that comes too early', async () => {
    const verdict = await judged(new Story().roll(10, 'east', 'tidb').roll(20, 'east', 'tikv'));
    expect(brokenIn(verdict)).toEqual([order]);
    expect(finding(verdict, order).evidence[0]).toContain('tidb/east');
  });

  it('is broken when another TidbCluster comes before the initial one', async () => {
    expect(brokenIn(await judged(new Story().roll(10, 'west', 'pd').roll(20, 'east', 'pd')))).toEqual([order]);
  });

  it('is broken by another order of TidbClusters than the given one', async () => {
    expect(brokenIn(await judged(new Story().roll(10, 'south', 'pd').roll(20, 'west', 'pd')))).toEqual([order]);
  });

  it('knows the initial TidbCluster by its spec, wherever it was given', async () => {
    const story = new Story().wholeUpgrade();
    const place = written(story);
    const [east, west, south] = place.tidbClusters;
    expect(brokenIn(await judge({ ...place, tidbClusters: [west, south, east].filter((one) => one !== undefined) }))).toEqual([]);
  });

  it('is broken by going back after settling', async () => {
    expect(brokenIn(await judged(new Story().wholeUpgrade().patch(120, 'west', { spec: { tidb: { version: 'v8.5.5' } } })))).toEqual([order]);
  });
});

describe('expected fields', () => {
  const deeds: [string, (story: Story) => Story][] = [
    ['another field of a TidbCluster', (story) => story.patch(10, 'east', { spec: { tikv: { replicas: 3 } } })],
    ['a field that it only repeats', (story) => story.patch(10, 'east', { spec: { tikv: { replicas: 2 } } })],
    ['somebody else\'s annotation', (story) => story.patch(10, 'east', { metadata: { annotations: { 'tidb.pingcap.com/x': '1' } } })],
    ['a field by JSON patch', (story) => story.patch(10, 'east', [{ op: 'replace', path: '/spec/tidb/replicas', value: 2 }])],
    ['a field by a full update', (story) => story.request(10, 'east', { verb: 'update', body: { spec: { version: 'v8.5.3', pd: { replicas: 1 }, tikv: { replicas: 2 }, tidb: { replicas: 9 }, timezone: 'UTC' } } })],
    ['the replicas in spec.pdms', (story) => story.patch(5, 'east', { spec: { pdms: [{ name: 'tso', replicas: 1 }] } }, person).patch(10, 'east', { spec: { pdms: [{ name: 'tso', replicas: 2, version: 'v8.5.4' }] } })],
    ['another TidbCluster', (story) => story.patch(10, 'east', { spec: { paused: true } }, { name: 'other' })],
    ['a Lease of another name', (story) => story.request(10, 'east', { verb: 'create', resource: 'leases', name: 'tidb-controller-manager', code: 201 })],
    ['a pod', (story) => story.request(10, 'east', { verb: 'delete', resource: 'pods', name: 'shop-east-tikv-0' })],
    ['a whole TidbCluster', (story) => story.request(10, 'east', { verb: 'delete' })],
  ];
  it.each(deeds)('are broken by writing %s', async (_what, tell) => {
    expect(brokenIn(await judged(tell(new Story())))).toEqual([fields]);
  });

  it('are broken by every deletion of a TidbCluster, also of one that is going already', async () => {
    const story = new Story().request(10, 'east', { verb: 'delete' }).request(11, 'east', { verb: 'delete' });
    expect(finding(await judged(story), fields).evidence).toHaveLength(3);
  });

  it('hold for versions, the brake, own annotations, the list pdms and own Leases', async () => {
    const story = new Story().patch(5, 'east', { spec: { pdms: [{ name: 'tso', replicas: 1 }] } }, person).wholeUpgrade();
    story.patch(15, 'east', { spec: { pdms: [{ name: 'tso', replicas: 1, version: 'v8.5.4' }] } });
    story.patch(12, 'east', { metadata: { annotations: { 'tidb-runbooks.io/brake': '{}' } }, spec: { paused: true } }).patch(13, 'east', { metadata: { annotations: { 'tidb-runbooks.io/brake': null } }, spec: { paused: false } });
    story.patch(14, 'east', [{ op: 'test', path: '/metadata/uid', value: 'x' }, { op: 'add', path: '/metadata/annotations/tidb-runbooks.io~1note', value: 'x' }]);
    story.request(16, 'east', { verb: 'create', resource: 'selfsubjectaccessreviews', code: 201 }).request(17, 'east', { verb: 'create', resource: 'pods', subresource: 'portforward' });
    expect(finding(await judged(story), fields)).toMatchObject({ held: true });
  });

  it('hold when others write what they like', async () => {
    expect(brokenIn(await judged(new Story().wholeUpgrade().patch(200, 'east', { spec: { tikv: { replicas: 9 } } }, person)))).toEqual([]);
  });
});

describe('restarts', () => {
  const restarted = { 'tidb.pingcap.com/restartedAt': 'after-old' };
  const restart = (story: Story, second: number, cluster: (typeof clusters)[number], component: string): Story =>
    story.patch(second, cluster, { spec: { [component]: { annotations: restarted } } }).rollPods(second, cluster, component);

  it('are expected, and are steps like changes of versions', async () => {
    const verdict = await judged(restart(restart(new Story(), 10, 'east', 'pd'), 20, 'west', 'pd'), { expectChanges: true });
    expect(brokenIn(verdict)).toEqual([]);
    expect(verdict.order).toEqual(['pd/east', 'pd/west']);
  });
  it('break the order when they come in another', async () => expect(brokenIn(await judged(restart(restart(new Story(), 10, 'east', 'tikv'), 20, 'west', 'pd')))).toEqual([order]));
  it('are disruptions', async () => expect(brokenIn(await judged(restart(restart(new Story(), 10, 'east', 'pd'), 11, 'west', 'pd')))).toEqual(expect.arrayContaining([oneDisruption])));
});

describe('a migration', () => {
  const care = 'peer URLs are written with care';
  const url = (cluster: string): string => `http://shop-${cluster}-pd-0.shop-${cluster}-pd-peer.shop.svc.k1.example:2380`;
  const moved = (story: Story, second: number, peerUrls = url('west')): Story =>
    story.fact(5, 'pd-leader', 'east', { leader: 'east-pd-0', alive: 3, members: 3 }).fact(second, 'member-moved', 'west', { component: 'pd', pod: 'shop-west-pd-0', member: 'west-pd-0', peerUrls });
  const migrating = (story: Story): Story =>
    story
      .request(8, 'east', { verb: 'create', resource: 'pods', name: '', code: 201, body: { metadata: { generateName: 'shop-east-probe-' } } })
      .request(9, 'east', { verb: 'delete', resource: 'pods', name: 'shop-east-probe-x' })
      .patch(10, 'east', { spec: { acrossK8s: true, clusterDomain: 'k1.example', configUpdateStrategy: 'RollingUpdate', tikv: { configUpdateStrategy: 'RollingUpdate' } } });

  it('may write its own fields and look names up; another run may not', async () => {
    expect(brokenIn(await judged(migrating(new Story()), { migrates: true }))).toEqual([]);
    expect(brokenIn(await judged(migrating(new Story())))).toEqual([fields]);
  });
  it('may not remove another pod', async () => {
    expect(brokenIn(await judged(new Story().request(9, 'east', { verb: 'delete', resource: 'pods', name: 'shop-east-pd-0' }), { migrates: true }))).toEqual([fields]);
  });
  it('writes a peer URL while all members are up and one leads', async () => expect(brokenIn(await judged(moved(migrating(new Story()), 20), { migrates: true }))).toEqual([]));
  it('knows a member that came back under another name', async () => {
    const renamed = { pod: 'shop-south-pd-0', members: 3 };
    const story = migrating(new Story()).fact(12, 'member-down', 'south', { ...renamed, member: 'south-pd-0', alive: 2 }).fact(14, 'member-up', 'south', { ...renamed, member: 'shop-south-pd-0.k1.example', alive: 3 });
    expect(brokenIn(await judged(moved(story, 20), { migrates: true }))).toEqual([]);
  });
  it.each(['garbage', '', '${member_peer_url}', url('east'), `${url('west')},${url('west')}`, url('west').replace('2380', '2379')])('is broken by the peer URL %j', async (peerUrls) => {
    expect(brokenIn(await judged(moved(migrating(new Story()), 20, peerUrls), { migrates: true }))).toEqual([care]);
  });
  it('is broken by a peer URL while a member is down', async () => expect(brokenIn(await judged(moved(migrating(new Story()), 20).memberDown(18, 22, 'south'), { migrates: true }))).toEqual([care]));
  it('is broken by a peer URL while nobody leads', async () => {
    expect(brokenIn(await judged(moved(migrating(new Story()), 20).fact(19, 'pd-leader', 'east', { leader: null, alive: 3, members: 3 }), { migrates: true }))).toContain(care);
  });
});

describe('brakes', () => {
  it('are broken when one that a person set is released by us', async () => {
    const verdict = await judged(new Story().patch(10, 'east', { spec: { paused: true } }, person).patch(20, 'east', { spec: { paused: false } }));
    expect(brokenIn(verdict)).toEqual([brakes]);
    expect(finding(verdict, brakes).evidence[0]).toBe(`at ${iso(20).slice(11)} the author released the brake on east that alice (kubectl/v1.34.0) had set 10.0 s before`);
  });

  it('hold when our own is released, and it is said', async () => {
    const { held, evidence } = finding(await judged(new Story().patch(10, 'east', { spec: { paused: true } }).patch(20, 'east', { spec: { paused: false } })), brakes);
    expect([held, evidence]).toEqual([true, [`at ${iso(20).slice(11)} the author released the brake on east that the author had set 10.0 s before`]]);
  });

  it('hold when our own stands at the end, and it is said', async () => {
    const { held, evidence } = finding(await judged(new Story().patch(10, 'east', { spec: { paused: true } })), brakes);
    expect([held, evidence]).toEqual([true, [`the brake on east that the author set at ${iso(10).slice(11)} stands at the end`]]);
  });

  it('are looked at for what changes: false where there was nothing releases nothing', async () => {
    expect(finding(await judged(new Story().patch(20, 'east', { spec: { paused: false } })), brakes)).toMatchObject({ held: true, evidence: ['no brake (spec.paused) seen'] });
  });
});

describe('the whole database before every step', () => {
  it('is broken by a step while a store is not Up', async () => {
    const verdict = await judged(new Story().storeNotUp(8, 12, 'west-1').roll(10, 'east', 'tidb'));
    expect(brokenIn(verdict)).toEqual([whole]);
    expect(finding(verdict, whole).evidence[0]).toContain('began while store 21 (shop-west-tikv-1) was Disconnected');
  });

  it('is broken by a step while a PD member is down', async () => {
    expect(brokenIn(await judged(new Story().memberDown(9.9, 12, 'west').roll(10, 'east', 'tidb')))).toEqual([whole]);
  });

  it('is broken by a fault that could have been seen', async () => {
    const story = new Story().fault(8, undefined, 'store-disconnected', { pod: 'shop-west-tikv-1' }).storeNotUp(9.9, 30, 'west-1').roll(10, 'east', 'tidb');
    expect(brokenIn(await judged(story))).toEqual([whole]);
  });

  it('holds when the fault began while the step was being decided, and it is said', async () => {
    const story = new Story().fault(9.8, undefined, 'store-down', { pod: 'shop-west-tikv-1' }).storeNotUp(9.9, 30, 'west-1', 'Down').roll(10, 'east', 'tidb');
    const { held, evidence } = finding(await judged(story), whole);
    expect(held).toBe(true);
    expect(evidence.join()).toContain('had begun too shortly before to be seen');
  });

  it('is broken by a step while PD has no leader, or a member is unhealthy by a fault', async () => {
    const leaderless = new Story().fact(8, 'pd-leader', undefined, { leader: null, alive: 3, members: 3 }).fact(11, 'pd-leader', undefined, { leader: 'west-pd-0', alive: 3, members: 3 });
    expect(finding(await judged(leaderless.roll(10, 'east', 'tidb')), whole).evidence[0]).toContain('began while PD was without a leader');
    expect(brokenIn(await judged(leaderless.roll(20, 'west', 'tidb')))).toEqual([whole]);
    expect(brokenIn(await judged(new Story().fault(8, 12, 'pd-member-unhealthy', { pod: 'shop-west-pd-0' }).roll(10, 'east', 'tidb')))).toEqual([whole]);
    expect(brokenIn(await judged(new Story().fault(9.9, 12, 'pd-leader-lost', {}).fact(9.95, 'pd-leader', undefined, { leader: null, alive: 3, members: 3 }).roll(10, 'east', 'tidb')))).toEqual([]);
  });

  it('is asked at the moment of the request, not of the answer', async () => {
    expect(brokenIn(await judged(new Story().memberDown(9, 10.3, 'west').roll(10, 'east', 'tidb', { takes: 0.4 })))).toEqual([whole]);
  });
});

describe('secrets', () => {
  const secret = randomBytes(24).toString('base64');
  const held = async (story: Story, files: string[] = [], planted = [secret]): Promise<boolean> => finding(await judged(story, { secrets: { planted, files } }), secrets).held;
  const fileWith = (text: string): string => {
    const file = join(written(new Story()).directory, 'history.json');
    writeFileSync(file, text);
    return file;
  };

  it('hold when the planted ones are nowhere', async () => expect(await held(new Story().wholeUpgrade(), [fileWith('{"events":[]}')])).toBe(true));

  it('are broken by one in a request of ours, and are not shown', async () => {
    const verdict = await judged(new Story().patch(10, 'east', { metadata: { annotations: { 'tidb-runbooks.io/x': `key ${secret}` } } }), { secrets: { planted: [secret] } });
    expect(finding(verdict, secrets).held).toBe(false);
    expect(JSON.stringify(verdict)).not.toContain(secret);
  });

  it('are broken by one in a request that was refused', async () => {
    expect(await held(new Story().patch(10, 'east', { metadata: { annotations: { x: secret } } }, { code: 403 }))).toBe(false);
  });

  it('are broken by one in the event log', async () => expect(await held(new Story().fact(10, 'pod-failed', 'east', { message: secret }))).toBe(false));

  it('are broken by one in a payload of a history, as text or as data of a Secret', async () => {
    const payload = (value: unknown): string => JSON.stringify({ payloads: [{ data: Buffer.from(JSON.stringify(value)).toString('base64') }] });
    expect(await held(new Story(), [fileWith(payload({ note: secret }))])).toBe(false);
    expect(await held(new Story(), [fileWith(payload({ 'tls.key': Buffer.from(secret).toString('base64') }))])).toBe(false);
  });

  it('are found line by line: a key in PEM does not escape by its line ends', async () => {
    const pem = `-----BEGIN PRIVATE KEY-----\n${randomBytes(48).toString('base64')}\n-----END PRIVATE KEY-----\n`;
    expect(await held(new Story(), [fileWith(JSON.stringify({ log: JSON.stringify({ pem }) }))], [pem])).toBe(false);
    expect(await held(new Story(), [fileWith('-----BEGIN PRIVATE KEY-----')], [pem])).toBe(true);
  });

  it('cannot be looked for in a missing file, nor when too short', async () => {
    await expect(held(new Story(), ['/nowhere/history.json'])).rejects.toThrow('/nowhere/history.json cannot be searched for secrets (ENOENT)');
    await expect(held(new Story(), [], ['x'])).rejects.toThrow('Planted secret 1 has no line of at least 8 characters');
  });
});

describe('settling', () => {
  it('is broken by a roll after it', async () => {
    const verdict = await judged(new Story().settle(10, 'east').fact(10.2, 'component-rolling', 'east', { component: 'tikv', revision: 'new' }));
    expect(finding(verdict, settling).evidence[0]).toContain('tikv of east began to roll');
    expect(brokenIn(verdict)).toContain(settling);
  });

  it('holds when somebody changed the spec in between, or another TidbCluster rolls', async () => {
    const story = new Story().wholeUpgrade().patch(200, 'east', { spec: { tidb: { version: 'v8.5.5' } } }, person).rollPods(200, 'east', 'tidb');
    expect(brokenIn(await judged(story))).toEqual([]);
  });
});

describe('nothing to look at', () => {
  it('is said, and held, where no change is expected', async () => {
    const verdict = await judged(new Story());
    expect(brokenIn(verdict)).toEqual([]);
    expect(finding(verdict, oneDisruption).evidence).toEqual(['no change of versions by the author seen']);
  });

  it('is a failure where changes are expected', async () => {
    expect(brokenIn(await judged(new Story(), { expectChanges: true }))).toEqual([oneDisruption, order, fields, whole]);
  });

  it('is what an earlier life of the database is for a later one', async () => {
    const story = new Story().storeFact(-100, 'store-away', 'south-0', { store: 99 }).patch(-90, 'south', { spec: { tiflash: { version: 'v8.5.2' } } });
    expect(brokenIn(await judged(story.wholeUpgrade(), { since: iso(0) }))).toEqual([]);
  });
});

describe('the author', () => {
  it('may be a script, known by its user agent', async () => {
    const story = new Story();
    for (const cluster of clusters) story.patch(10, cluster, { spec: { version: 'v8.5.4' } }, person);
    expect(brokenIn(await judged(story, { author: { userAgent: 'kubectl/' }, since: iso(0) }))).toContain(oneDisruption);
    expect(brokenIn(await judged(story))).toEqual([]);
  });

  it('changed nothing when it only read, asked for its rights, tried dry runs, or was refused', async () => {
    const story = new Story().request(10, 'east', { verb: 'list', resource: 'pods' }).request(11, 'east', { verb: 'create', resource: 'selfsubjectaccessreviews', code: 201 });
    story.patch(12, 'east', { spec: { paused: true } }, { uri: '/x?dryRun=All' }).patch(13, 'east', { spec: { paused: true } }, { code: 403 });
    expect(await changedNothing(written(story))).toMatchObject({ held: true });
  });

  it('changed something when it wrote anything, even a Lease', async () => {
    const story = new Story().request(10, 'east', { verb: 'list', resource: 'pods' }).request(11, 'east', { verb: 'create', resource: 'leases', name: 'tidb-runbooks-shop', code: 201 });
    expect(await changedNothing(written(story))).toMatchObject({ held: false, evidence: [expect.stringContaining('leases shop/tidb-runbooks-shop in east'), expect.any(String)] });
  });

  it('is not asked about what it did to TiDB clusters beside this one, and about any other namespace it is', async () => {
    const story = new Story().request(10, 'east', { verb: 'list', resource: 'pods' }).request(11, 'east', { verb: 'patch', resource: 'tidbclusters', namespace: 'other', name: 'other-east' });
    expect(await changedNothing({ ...written(story), beside: ['other'] })).toMatchObject({ held: true });
    expect(await changedNothing({ ...written(story), beside: ['another'] })).toMatchObject({ held: false });
  });

  it('is not believed to have changed nothing when it never came', async () => {
    expect(await changedNothing(written(new Story()))).toMatchObject({ held: false });
  });

  it('is counted in its reads, a watch once', async () => {
    const story = new Story();
    for (const second of [10, 11, 12, 30]) story.request(second, 'east', { verb: 'get' });
    story.request(13, 'west', { verb: 'watch', resource: 'pods' }).request(14, 'west', { verb: 'list', resource: 'pods', ...person });
    const place = written(story);
    const log = place.auditLogs['west'] ?? '';
    const watch = readFileSync(log, 'utf8').split('\n').find((line) => line.includes('"watch"')) ?? '';
    appendFileSync(log, `${watch}\n`);
    const { reads } = await judge({ ...place, windows: [{ from: iso(10), until: iso(20) }] });
    expect(reads['east']).toEqual({ counts: { 'get tidbclusters': 4 }, perSecond: [{ from: iso(10), until: iso(20), perSecond: 0.3 }] });
    expect(reads['west']?.counts).toEqual({ 'watch pods': 1 });
    expect(reads['south']?.counts).toEqual({});
  });
});

describe('the logs', () => {
  const upgrade = (): Story => new Story().wholeUpgrade();

  it('may end in a torn line', async () => expect(brokenIn(await judge({ ...written(upgrade(), '{"time":"2026-'), expectChanges: true }))).toEqual([]));

  it('may hold kinds of facts that are not known, whatever they carry', async () => {
    expect(brokenIn(await judged(upgrade().fact(12, 'comet-passed', 'east', { from: 7, store: 'none' }), { expectChanges: true }))).toEqual([]);
  });

  it('are read with the parts that the API server rotated away', async () => {
    const place = written(upgrade());
    const log = place.auditLogs['east'] ?? '';
    const lines = readFileSync(log, 'utf8').split('\n');
    writeFileSync(log.replace('.log', '-2026-01-01T10-00-20.000.log'), `${lines.slice(0, 6).join('\n')}\n`);
    writeFileSync(log, lines.slice(6).join('\n'));
    const { order: found, invariants } = await judge(place);
    expect(found[0]).toBe('pd/east');
    expect(invariants.every(({ held }) => held)).toBe(true);
  });

  it('are an error when one is missing, never "held"', async () => {
    const place = written(upgrade());
    renameSync(place.auditLogs['west'] ?? '', join(place.directory, 'elsewhere'));
    await expect(judge(place)).rejects.toThrow(/There is no log .*west\.log/);
    await expect(judge({ ...place, events: join(place.directory, 'none.jsonl') })).rejects.toThrow('There is no log');
    const { west: _west, ...others } = place.auditLogs;
    await expect(judge({ ...place, auditLogs: others })).rejects.toThrow('There is no audit log of Kubernetes cluster west');
  });

  it('are an error when a line in the middle is not JSON', async () => {
    await expect(judge(written(upgrade(), 'oops\n{"time":"2026-01-01T10:00:00.000Z","kind":"x"}\n'))).rejects.toThrow(/:\d+ is not JSON/);
  });

  it('are an error when a known fact or a request lacks what it must have', async () => {
    const place = written(upgrade());
    appendFileSync(place.events, '{"time":"yesterday","kind":"member-up"}\n');
    await expect(judge(place)).rejects.toThrow(/events\.jsonl:\d+ \(member-up\) cannot be read: time/);
    const other = written(upgrade());
    appendFileSync(other.auditLogs['east'] ?? '', '{"kind":"Event"}\n');
    await expect(judge(other)).rejects.toThrow(/east\.log:\d+ is no line of an audit log: auditID/);
  });

  it('are told to have a gap when a killed API server tore a line', async () => {
    const place = written(upgrade());
    const log = place.auditLogs['east'] ?? '';
    const lines = readFileSync(log, 'utf8').split('\n');
    lines.splice(3, 0, `{"kind":"Event","apiVersion":"aud${lines[2] ?? ''}`);
    writeFileSync(log, lines.join('\n'));
    const { gaps, invariants } = await judge(place);
    expect(gaps).toEqual([expect.stringContaining('east.log:4: the beginning of the line is torn')]);
    expect(invariants.every(({ held }) => held)).toBe(true);
  });

  it('are an error when they know nothing of a TidbCluster', async () => {
    const place = written(upgrade());
    const stranger = { kubernetesCluster: 'east', namespace: 'shop', name: 'typo' };
    await expect(judge({ ...place, tidbClusters: [stranger] })).rejects.toThrow('knows nothing of TidbCluster shop/typo in east');
  });
});

describe('an exit', () => {
  const stages = 'an exit goes in stages';
  const leaving = { kubernetesCluster: 'west', namespace: 'shop', name: 'shop-west' };
  /** Pods of the story were created before it; west has one of each component, and two of TiKV. */
  const podsOfWest = (story: Story): Story => {
    for (const pod of ['pd-0', 'tikv-0', 'tikv-1', 'tidb-0']) story.fact(-55, 'pod-created', 'west', { component: pod.split('-')[0], pod: `shop-west-${pod}` });
    return story;
  };
  const toZero = (story: Story, second: number, component: string, gone: string[]): Story => {
    story.patch(second, 'west', { spec: { [component]: { replicas: 0 } }, metadata: { annotations: { 'tidb-runbooks.io/replicas-before-exit': '{}' } } });
    gone.forEach((pod, number) => story.fact(second + 2 + number, 'pod-gone', 'west', { component, pod: `shop-west-${pod}` }));
    return story;
  };
  const buries = (story: Story, second: number, name: 'west-0' | 'west-1', up: number): Story =>
    story.storeFact(second, 'store-state', name, { from: 'Up', to: 'Offline', up }).storeFact(second + 0.5, 'store-state', name, { from: 'Offline', to: 'Tombstone', up }).storeFact(second + 0.8, 'store-away', name);
  const exit = (story = new Story()): Story => {
    toZero(podsOfWest(story), 10, 'tidb', ['tidb-0']);
    toZero(story, 20, 'tikv', ['tikv-1', 'tikv-0']);
    buries(buries(story, 20.5, 'west-1', 5), 22, 'west-0', 4);
    toZero(story, 30, 'pd', ['pd-0']).fact(31, 'member-left', 'west', { pod: 'shop-west-pd-0', member: 'west-pd-0', alive: 2, members: 2 });
    return story.request(40, 'west', { verb: 'delete' }).request(45, 'west', { verb: 'delete', resource: 'persistentvolumeclaims', name: 'tikv-shop-west-tikv-0' });
  };
  const judgedExit = (story: Story, more: Partial<Case> = {}): Promise<Verdict> => judged(story, { leaving, expectChanges: true, ...more });

  it('in stages, with deletion and reclaim, holds every invariant', async () => {
    expect(brokenIn(await judgedExit(exit(), { storesFloor: 3 }))).toEqual([]);
  });

  it('that is not announced is an unexpected write', async () => {
    expect(brokenIn(await judged(exit()))).toContain(fields);
  });

  it('that takes data away before clients, or PD first, is out of order', async () => {
    const story = toZero(toZero(podsOfWest(new Story()), 10, 'tikv', ['tikv-1', 'tikv-0']), 20, 'tidb', ['tidb-0']);
    expect(finding(await judgedExit(story), stages)).toMatchObject({ held: false, evidence: expect.arrayContaining([expect.stringMatching(/tikv .* left before tidb/)]) });
  });

  it('that scales another TidbCluster in is broken', async () => {
    const story = exit().patch(50, 'south', { spec: { tidb: { replicas: 0 } } });
    expect(brokenIn(await judgedExit(story))).toEqual(expect.arrayContaining([stages, fields]));
  });

  it('that deletes while a store or member lives is broken', async () => {
    const story = toZero(podsOfWest(new Story()), 10, 'tidb', ['tidb-0']).request(15, 'west', { verb: 'delete' });
    const { evidence } = finding(await judgedExit(story), stages);
    expect(evidence.join('; ')).toMatch(/deleted at .* while PD had its member west-pd-0.*its store 20 was Up/);
  });

  it('that leaves too few stores is broken when a floor is given', async () => {
    expect(brokenIn(await judgedExit(exit(), { storesFloor: 4 }))).toEqual(['TiKV stores stay Up but one']);
  });

  it('that begins a stage before the one before it is over is more than one disruption', async () => {
    const story = toZero(toZero(podsOfWest(new Story()), 10, 'tidb', ['tidb-0']), 11, 'tikv', ['tikv-1', 'tikv-0']);
    expect(brokenIn(await judgedExit(story))).toContain('one disruption at a time');
  });

  it('that is taken back disturbs nobody for longer than its pods were away', async () => {
    const story = toZero(toZero(podsOfWest(new Story()), 10, 'tidb', ['tidb-0']), 20, 'tikv', []);
    story.patch(30, 'west', { spec: { tidb: { replicas: 1 }, tikv: { replicas: 2 } } }).fact(31, 'pod-created', 'west', { component: 'tidb', pod: 'shop-west-tidb-0' });
    expect(brokenIn(await judgedExit(story))).toEqual([]);
  });

  it('that is taken back and made again later holds every invariant: what never became empty the first time is no disturbance until the second', async () => {
    const story = toZero(toZero(podsOfWest(new Story()), 1, 'tidb', ['tidb-0']), 4, 'tikv', []);
    story.patch(6, 'west', { spec: { tidb: { replicas: 1 }, tikv: { replicas: 2 } } }).fact(7, 'pod-created', 'west', { component: 'tidb', pod: 'shop-west-tidb-0' });
    expect(brokenIn(await judgedExit(exit(story), { since: iso(9) }))).toEqual([]);
  });

  it('may change references, of everybody, but no other field of a survivor', async () => {
    const refers = exit().patch(5, 'south', { spec: { cluster: { name: 'shop-east', namespace: 'shop', clusterDomain: null } } });
    expect(brokenIn(await judgedExit(refers))).toEqual([]);
    expect(brokenIn(await judgedExit(exit().patch(5, 'south', { spec: { tikv: { replicas: 3 } } })))).toEqual([fields]);
  });

  it('may delete no claim but those of the leaving TidbCluster', async () => {
    const story = exit().request(46, 'south', { verb: 'delete', resource: 'persistentvolumeclaims', name: 'tikv-shop-south-tikv-0' });
    expect(brokenIn(await judgedExit(story))).toEqual([fields]);
  });
});
