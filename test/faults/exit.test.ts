/** A TidbCluster leaves: straight, refused, taken back, and with things going wrong on the way. */
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { judge } from '../../lab/oracle/judge.ts';
import type { KubernetesObject } from '../../lab/kubernetes-api.ts';
import type { WorkflowHandle } from '@temporalio/client';
import type { Plan } from '../../src/protocol/plan.ts';
import type { PlanResult, Report, RunStatus } from '../../src/protocol/run.ts';
import { end } from './ground/processes.ts';
import { Scenario, from } from './scenario.ts';
import type { KubernetesCluster } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());


/** What an administrator binds for a run that deletes. */
async function letDelete(cluster: KubernetesCluster): Promise<void> {
  const role = 'tidb-runbooks-exit';
  await scenario.admin(cluster).create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: 'tidb-runbooks', namespace: 'tidb-runbooks' }],
  }).catch((error: unknown) => {
    // Another scenario of this file has bound it already.
    if (!String(error).includes('409') && !String(error).includes('exists')) throw error;
  });
}

const leaves = (kubernetesCluster: string) => ({ kubernetesCluster, namespace: scenario.name, name: `${scenario.name}-${kubernetesCluster}` });

const isGone = async (cluster: KubernetesCluster): Promise<boolean> => scenario.tidbCluster(cluster).then(() => false, () => true);

/** Two TiKV in each: four remain, one more than max-replicas. */
const enough = { pd: 1, tikv: 2, tidb: 1 };

/** The judge's word on an exit of this TidbCluster: nothing but what holds. */
async function broken(cluster: KubernetesCluster): Promise<unknown[]> {
  const verdict = await judge({ ...scenario.evidence, leaving: leaves(cluster), storesFloor: 3, expectChanges: true });
  return verdict.invariants.filter((invariant) => !invariant.held);
}

/** Volumes of the claims that stand there now. */
async function volumesIn(cluster: KubernetesCluster): Promise<string[]> {
  const { items } = await scenario.admin(cluster).list(`/api/v1/namespaces/${scenario.name}/persistentvolumeclaims`);
  return items.map(({ spec }) => (spec as { volumeName: string }).volumeName).toSorted();
}

/** As an administrator does who wants to keep one. */
async function retain(cluster: KubernetesCluster, volume: string | undefined): Promise<void> {
  await scenario.admin(cluster).patch(`/api/v1/persistentvolumes/${volume ?? ''}`, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
}

/** Their phases; those that are gone have none. */
async function phasesOf(cluster: KubernetesCluster, volumes: string[]): Promise<Record<string, string>> {
  const { items } = await scenario.admin(cluster).list('/api/v1/persistentvolumes');
  const own = items.filter(({ metadata }) => volumes.includes(String(metadata['name'])));
  return Object.fromEntries(own.map((volume) => [String(volume.metadata['name']), (volume['status'] as { phase: string }).phase]));
}

/** Approves every gate before this one, and waits at it. */
async function untilGate(run: WorkflowHandle, gate: string): Promise<void> {
  for (;;) {
    const status = await scenario.until(run, (each) => each.gate !== undefined);
    if (status.gate?.id === gate) return;
    const planHash = status.gate?.id === 'plan' ? { planHash: (await run.query<Plan>('plan')).hash } : {};
    await scenario.decide(run, { decision: 'approve', by: 'bob', gate: status.gate?.id ?? '', ...planHash });
  }
}

async function isReady(cluster: KubernetesCluster): Promise<boolean> {
  const { status } = (await scenario.tidbCluster(cluster)) as unknown as { status: { conditions: { type: string; status: string }[] } };
  return status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

const failureOf = async (run: WorkflowHandle): Promise<string> => run.result().then(() => '', (error: { cause?: Error }) => error.cause?.message ?? '');
const stepsOf = (report: Report): Record<string, string> => Object.fromEntries(report.steps.map(({ id, state }) => [id, state]));

const specOf = (object: KubernetesObject): Record<string, { replicas?: number; name?: string } | undefined> => object['spec'] as Record<string, { replicas?: number }>;
const annotationsOf = (object: KubernetesObject): string[] => Object.keys((object.metadata['annotations'] ?? {}) as object);

test('a joining TidbCluster leaves in stages, proved by the others, and is deleted with its claims and volumes, whatever their policy', async () => {
  scenario = await Scenario.begin('exitjoined', { replicas: { pd: 1, tiflash: 1, tikv: 2, pump: 1, tidb: 1, ticdc: 1 } });
  await letDelete('west');
  await scenario.worker();
  const volumes = await volumesIn('west');
  expect(volumes.length).toBeGreaterThanOrEqual(4);
  await retain('west', volumes[0]);
  const run = await scenario.start('exitCluster', { leaving: 'west', reclaim: { data: 'volumes' } });
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id }) => id)).toEqual(['tidb/west', 'ticdc/west', 'pump/west', 'tiflash/west', 'tikv/west', 'pd/west', 'delete/west', 'reclaim-claims/west']);
  expect(new Set(report.steps.map(({ state }) => state))).toEqual(new Set(['done']));
  const database = await scenario.lab.database('exitjoined');
  expect(database.members.map(({ name }) => name).filter((name) => name.includes('west'))).toEqual([]);
  expect(await isGone('west')).toBe(true);
  const { items } = await scenario.admin('west').list('/api/v1/namespaces/exitjoined/persistentvolumeclaims');
  expect(items).toEqual([]);
  expect(await phasesOf('west', volumes)).toEqual({});
  expect(await broken('west')).toEqual([]);
});

test('the initial TidbCluster leaves: the others name each other before, the report says what the inventory must name, and what was kept is reclaimed later', async () => {
  scenario = await Scenario.begin('exitinitial', { replicas: enough });
  await letDelete('east');
  const first = await scenario.worker();
  const volumes = await volumesIn('east');
  await retain('east', volumes[0]);
  const report = await scenario.report(await scenario.start('exitCluster', { leaving: 'east' }));
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id }) => id)).toEqual(['reference/east', 'reference/west', 'reference/south', 'tidb/east', 'tikv/east', 'pd/east', 'delete/east']);
  expect(report.remains.join('\n')).toMatch(/the inventory names exitinitial\/exitinitial-east in east as the initial TidbCluster of exitinitial, which is gone: name another there, such as exitinitial\/exitinitial-west in west/);
  expect(await isGone('east')).toBe(true);
  expect([specOf(await scenario.tidbCluster('west'))['cluster']?.name, specOf(await scenario.tidbCluster('south'))['cluster']?.name]).toEqual(['exitinitial-south', 'exitinitial-west']);
  expect(annotationsOf(await scenario.tidbCluster('west')).filter((name) => name.startsWith('tidb-runbooks.io/'))).toEqual(['tidb-runbooks.io/departed']);
  expect(await phasesOf('east', volumes)).toEqual(Object.fromEntries(volumes.map((name) => [name, 'Bound'])));
  expect(report.remains.join('\n')).toMatch(/exitinitial-east in east has left and is deleted; of it stay 3 PersistentVolumeClaims: tidb-runbook start exit exitinitial --leaving east/);

  const input = { leaving: 'east', reclaim: { data: 'claims' } };
  expect(await failureOf(await scenario.start('exitCluster', input))).toMatch(/^there is no TidbCluster exitinitial\/exitinitial-east .*: it has left by an exit; name another there, such as exitinitial\/exitinitial-west in west/);
  await end(first);
  scenario.writeInventory({ initial: { kubernetesCluster: 'west', namespace: 'exitinitial', name: 'exitinitial-west' } });
  await scenario.worker();
  const later = await scenario.report(await scenario.start('exitCluster', input));
  expect(stepsOf(later)).toEqual({ 'delete/east': 'adopted', 'reclaim-claims/east': 'done' });
  expect(await volumesIn('east')).toEqual([]);
  await scenario.eventually('volumes go by their own policy', async () => Object.keys(await phasesOf('east', volumes)).length === 1);
  expect(await phasesOf('east', volumes)).toEqual({ [volumes[0] ?? '']: 'Released' });
  expect(await broken('east')).toEqual([]);
});

test('of two TidbClusters that share a Kubernetes cluster one leaves: the other, whose key is a shorter one from then on, stands alone at the end', async () => {
  const member = (tidbCluster: string, pd: number, tikv: number) => ({ cluster: 'east' as const, namespace: 'exitshared', tidbCluster, replicas: { pd, tikv, tidb: 1 } });
  scenario = await Scenario.begin('exitshared', { members: [member('exitshared-east', 1, 1), member('exitshared-other', 3, 4)] });
  await letDelete('east');
  await scenario.worker();
  expect(await failureOf(await scenario.start('exitCluster', { leaving: 'east' }))).toMatch(/has no TidbCluster in "east"; it has them in: east.exitshared-east, east.exitshared-other$/);
  const report = await scenario.report(await scenario.start('exitCluster', { leaving: 'east.exitshared-east', reclaim: { data: 'claims' } }));
  expect(report.phase).toBe('done');
  expect(report.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'reference/east.exitshared-east done', 'tidb/east.exitshared-east done', 'tikv/east.exitshared-east done', 'pd/east.exitshared-east done', 'delete/east.exitshared-east done', 'reclaim-claims/east.exitshared-east done', 'reference/east.exitshared-other done',
  ]);
  expect(await isGone('east')).toBe(true);
  expect(specOf(await scenario.admin('east').get('/apis/pingcap.com/v1alpha1/namespaces/exitshared/tidbclusters/exitshared-other'))['cluster']).toBeUndefined();
});

test('a run that ended after the deletion is gone on with by another of the same input, and a name that was never there is still refused', async () => {
  scenario = await Scenario.begin('exitended', { replicas: enough });
  await letDelete('west');
  await scenario.worker();
  const volumes = await volumesIn('west');
  const input = { leaving: 'west', reclaim: { data: 'volumes' } };

  const { plan } = (await (await scenario.start('exitCluster', { ...input, mode: 'plan' })).result()) as PlanResult;
  await scenario.lab.changeDatabase('exitended', { stores: [{ kubernetesCluster: 'east', capacityGiB: 90 }] });
  const terminated = await scenario.start('exitCluster', { ...input, gates: 'component' });
  await untilGate(terminated, 'component/reclaim');
  const carriedOut = await terminated.query<Plan>('plan');
  expect(carriedOut.figures).not.toEqual(plan.figures);
  expect(carriedOut.hash).toBe(plan.hash);
  await terminated.terminate('for ever, without its clean-up');
  expect(await isGone('west')).toBe(true);

  expect(await failureOf(await scenario.start('exitCluster', { ...input, leaving: 'wset' }))).toMatch(/has no TidbCluster in "wset"; it has them in: east, south$/);
  const aborted = await scenario.start('exitCluster', { ...input, gates: 'component' });
  await untilGate(aborted, 'step/reclaim-claims/west');
  expect((await aborted.query<RunStatus>('status')).gate?.question).toMatch(/^Delete what TidbCluster exitended\/exitended-west in west has left\? .*PersistentVolumeClaims to be deleted \(3\)/);
  await scenario.decide(aborted, { decision: 'abort', by: 'tester' });
  expect((await scenario.report(aborted)).remains.join('\n')).toMatch(/exitended-west in west has left and is deleted; of it stay 3 PersistentVolumeClaims/);
  expect(await phasesOf('west', volumes)).toEqual(Object.fromEntries(volumes.map((name) => [name, 'Bound'])));

  const last = await scenario.report(await scenario.start('exitCluster', input));
  expect([last.phase, stepsOf(last)]).toEqual(['done', { 'delete/west': 'adopted', 'reclaim-claims/west': 'done' }]);
  expect([await volumesIn('west'), await phasesOf('west', volumes)]).toEqual([[], {}]);
  expect(last.remains.join('\n')).not.toMatch(/has left/);
  expect(stepsOf(await scenario.report(await scenario.start('exitCluster', input)))).toEqual({ 'delete/west': 'adopted' });
  expect(await broken('west')).toEqual([]);
});

test('an exit that must not be is refused with all reasons at once, and writes nothing', async () => {
  scenario = await Scenario.begin('exitrefused', { replicas: { pd: 1, tiflash: 1, tikv: 1, tidb: 1 } });
  await scenario.lab.changeDatabase('exitrefused', { tiflashReplicas: 3 });
  await scenario.worker();
  await scenario.patch('south', { spec: { paused: true } });
  const since = new Date().toISOString();
  const run = await scenario.start('exitCluster', { leaving: 'west' });
  const failure = await run.result().then(() => '', (error: { cause?: Error }) => error.cause?.message ?? '');
  expect(failure).toMatch(/^exitCluster of exitrefused is refused: /);
  expect(failure).toMatch(/in south is paused by somebody else/);
  expect(failure).toMatch(/2 TiKV stores would remain and max-replicas is 3/);
  expect(failure).toMatch(/rule pd\/default wants 3 voters, and 2 would remain/);
  expect(failure).toMatch(/rule tiflash\/\S+ wants 3 learners.*SET TIFLASH REPLICA/);
  const unknown = await (await scenario.start('exitCluster', { leaving: 'wset' })).result().then(() => '', (error: { cause?: Error }) => error.cause?.message ?? '');
  expect(unknown).toMatch(/has no TidbCluster in "wset"; it has them in: east, west, south/);
  expect((await changedNothing({ ...scenario.evidence, since })).held).toBe(true);
});

test('a second data cluster that somebody connected by spec.cluster is neither taken out nor upgraded, though both look Ready', async () => {
  const members = (['east', 'west'] as const).map((cluster) => ({ cluster, namespace: 'exitsecond', tidbCluster: `exitsecond-${cluster}`, replicas: enough }));
  scenario = await Scenario.begin('exitsecond', { members });
  await scenario.lab.deploy({ name: 'exitstranger', version: from, members: [{ cluster: 'south', namespace: 'exitsecond', tidbCluster: 'exitsecond-south', replicas: enough }] });
  await scenario.patch('south', { spec: { cluster: { name: 'exitsecond-east', namespace: 'exitsecond', clusterDomain: 'east.local' } } });
  await scenario.worker();
  expect(await Promise.all((['east', 'south'] as const).map(isReady))).toEqual([true, true]);
  const since = new Date().toISOString();
  const words = /two TiDB clusters with data are never connected: .*exitsecond-east in east runs cluster id (\d+), .*exitsecond-west in west runs cluster id \1, .*exitsecond-south in south runs cluster id (?!\1)\d+/;
  expect(await failureOf(await scenario.start('exitCluster', { leaving: 'south', reclaim: { data: 'volumes' } }))).toMatch(words);
  expect(await failureOf(await scenario.start('exitCluster', { leaving: 'west' }))).toMatch(words);
  expect(await failureOf(await scenario.upgrade())).toMatch(words);
  expect((await changedNothing({ ...scenario.evidence, since })).held).toBe(true);
  await scenario.lab.remove('exitstranger');
});

test('an operator that refuses is said in its own words, and the exit goes on when it does', async () => {
  scenario = await Scenario.begin('exitrefuses', { replicas: enough });
  await scenario.worker();
  const allow = await scenario.fault({ kind: 'operator-refuses', scope: { database: 'exitrefuses', kubernetesCluster: 'west' } });
  const run = await scenario.start('exitCluster', { leaving: 'west', deleteTidbCluster: false });
  const held = await scenario.untilHeld(run, /operator refuses to scale in TiKV in west: .*number of up stores/);
  expect(held.hold?.reasons.map(({ clears }) => clears)).toEqual(['itself']);
  await allow();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(report.plan?.notes.join('\n')).toMatch(/stays at zero pods.*context deadline exceeded/);
  expect(specOf(await scenario.tidbCluster('west'))['pd']?.replicas).toBe(0);
});

test('a store that never drains is a stall in words, and no other may leave meanwhile; abort names the way back, which restores everything', async () => {
  scenario = await Scenario.begin('exitstuck', { replicas: enough });
  await scenario.worker();
  const drain = await scenario.fault({ kind: 'store-never-drains', scope: { database: 'exitstuck', kubernetesCluster: 'west' } });
  const run = await scenario.start('exitCluster', { leaving: 'west', stallAfter: '3s' });
  const held = await scenario.untilHeld(run, /store \d+ \(exitstuck-west-tikv-1\) is Offline and keeps \d+ regions, none has left it for \d+ s/);
  expect(held.hold?.step).toBe('tikv/west');
  const refusal = await (await scenario.start('exitCluster', { leaving: 'south' })).result().then(() => '', (error: { cause?: Error }) => error.cause?.message ?? '');
  expect(refusal).toMatch(/exitCluster of exitstuck is refused: 3 TiKV stores would remain/);
  await scenario.decide(run, { decision: 'abort', by: 'tester' });
  const aborted = await scenario.report(run);
  expect(aborted.phase).toBe('aborted');
  expect(aborted.remains.join('\n')).toMatch(/was scaled in by an exit: TiDB \(had 1\), TiKV \(had 2\)/);
  expect(aborted.remains.join('\n')).toContain('tidb-runbook start exit exitstuck --leaving west --way back');
  const back = await scenario.report(await scenario.start('exitCluster', { leaving: 'west', way: 'back' }));
  expect(back.phase).toBe('done');
  const west = await scenario.tidbCluster('west');
  expect([specOf(west)['tikv']?.replicas, specOf(west)['tidb']?.replicas, specOf(west)['pd']?.replicas]).toEqual([2, 1, 1]);
  expect(annotationsOf(west).filter((name) => name.startsWith('tidb-runbooks.io/'))).toEqual([]);
  expect((await scenario.lab.database('exitstuck')).stores.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'Up'));
  expect(await broken('west')).toEqual([]);
  await drain();
});

test('two exits at once are impossible: the second ends with the name of the first', async () => {
  scenario = await Scenario.begin('exittwice', { replicas: enough });
  await scenario.worker();
  const first = await scenario.start('exitCluster', { leaving: 'west', gates: 'plan' });
  await scenario.until(first, ({ phase }) => phase === 'awaiting-approval');
  const second = await (await scenario.start('exitCluster', { leaving: 'south' })).result().then(() => '', (error: { cause?: Error }) => error.cause?.message ?? '');
  expect(second).toMatch(/^TiDB cluster exittwice is locked by run exitCluster\/exittwice\/1 \(exitCluster, since .*: wait for its end or abort it/);
  await scenario.decide(first, { decision: 'reject', by: 'tester', gate: 'plan' });
  expect((await scenario.report(first)).phase).toBe('aborted');
});

test('a worker killed with SIGKILL while a store drains: another goes on, and nothing is written twice', async () => {
  scenario = await Scenario.begin('exitkilled', { replicas: enough });
  await letDelete('west');
  const first = await scenario.worker();
  const drain = await scenario.fault({ kind: 'store-never-drains', scope: { database: 'exitkilled', kubernetesCluster: 'west' } });
  const run = await scenario.start('exitCluster', { leaving: 'west' });
  await scenario.eventually('a store is being emptied', async () => (await scenario.lab.database('exitkilled')).stores.some(({ state }) => state === 'Offline'));
  await end(first, 'SIGKILL');
  await drain();
  await scenario.worker();
  const report = await scenario.report(run);
  expect(report.phase).toBe('done');
  expect(new Set(report.steps.map(({ state }) => state))).toEqual(new Set(['done']));
  expect(await isGone('west')).toBe(true);
  expect(await broken('west')).toEqual([]);
});
