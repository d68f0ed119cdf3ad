/** Decisions of the operator twin in one pass, from states that are written down here. */
import type { DatabaseView } from '../../lab/operator/database-view.ts';
import { annotations, pdMemberName } from '../../lab/operator/naming.ts';
import { decidePass } from '../../lab/operator/pass.ts';
import type { PassResult } from '../../lab/operator/pass.ts';
import { readyCondition } from '../../lab/operator/ready-condition.ts';
import { isSwitchControlled } from '../../lab/operator/smooth-upgrade.ts';
import type { TidbClusterStatus } from '../../lab/operator/status.ts';
import { imageOf, withDefaults } from '../../lab/operator/tidb-cluster.ts';
import type { TidbCluster, TidbClusterSpec } from '../../lab/operator/tidb-cluster.ts';
import { faultsOf } from '../../lab/operator/validation.ts';
import type { Action, PassView } from '../../lab/operator/view.ts';
import type { ConfigMap, Meta, Named, Pod, StatefulSet, StatefulSetSpec } from '../../lab/process/kubernetes-objects.ts';
import type { Component } from '../../lab/settings.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const meta = (name: string, more: Partial<Meta> = {}): Meta => ({ name, namespace: 'shop', uid: name, resourceVersion: '1', generation: 1, creationTimestamp: '', ...more });

/** A TidbCluster with PD, TiKV and TiDB that was deployed, is whole and at rest. */
class Scene {
  cluster: TidbCluster;
  status: TidbClusterStatus = {};
  readonly sets = new Map<Component, StatefulSet>();
  readonly pods = new Map<Component, Pod[]>();
  readonly configMaps = new Map<string, ConfigMap>();
  readonly claims: Named[] = [];
  database: DatabaseView;
  /** Components whose scale-in a fault refuses. */
  refused: Component[] = [];

  constructor(spec: Partial<TidbClusterSpec> = {}, replicas: Partial<Record<Component, number>> = { pd: 1, tikv: 2, tidb: 1 }) {
    const parts = Object.fromEntries(Object.entries(replicas).map(([component, count]) => [component, { replicas: count, requests: { storage: '1Gi' } }]));
    this.cluster = withDefaults({ apiVersion: 'pingcap.com/v1alpha1', kind: 'TidbCluster', metadata: meta('a'), spec: { version: 'v8.5.3', acrossK8s: true, clusterDomain: 'east.local', ...parts, ...spec } });
    this.database = {
      clusterId: '9', evicting: [], maxReplicas: 3, ddlPaused: false, leader: 'peer-pd', servers: [],
      members: [{ name: 'peer-pd', id: '1', clientUrl: 'http://b-pd-0.b-pd-peer.shop.svc.west.local:2379', health: true }],
      stores: [{ id: 90, engine: 'tikv', host: 'b-tikv-0.b-tikv-peer.shop.svc.west.local', state: 'Up', leaders: 5 }],
    };
    for (let turn = 0; turn < 4; turn += 1) this.#settle(this.pass());
  }

  pass(): PassResult {
    const view: Omit<PassView, 'act'> = {
      cluster: this.cluster, status: this.status, now, leadersBack: 1_000, database: this.database,
      set: (component) => this.sets.get(component),
      pods: (component) => this.pods.get(component) ?? [],
      configMap: (name) => this.configMaps.get(name),
      claims: () => this.claims,
      refusesScaleIn: (component) => this.refused.includes(component),
    };
    return decidePass(view);
  }

  /** Carries out what creates: the rest of the world is as wanted at once. */
  #settle({ actions, status }: PassResult): void {
    this.status = status;
    for (const action of actions) {
      if (action.do === 'write-config-map') this.configMaps.set(action.name, { metadata: meta(action.name), data: action.data });
      if (action.do === 'create-set') this.#create(action.component, action.spec);
    }
  }

  #create(component: Component, spec: StatefulSetSpec): void {
    const { replicas } = spec;
    this.sets.set(component, {
      metadata: meta(`a-${component}`, { annotations: { [annotations.lastApplied]: JSON.stringify(spec) } }), spec,
      status: { observedGeneration: 1, replicas, readyReplicas: replicas, updatedReplicas: replicas, currentRevision: 'one', updateRevision: 'one' },
    });
    this.pods.set(component, Array.from({ length: replicas }, (_, ordinal) => this.#pod(component, ordinal, spec)));
    for (const { metadata: { name } } of this.pods.get(component) ?? []) this.#register(component, name);
  }

  #pod(component: Component, ordinal: number, { template }: StatefulSetSpec): Pod {
    const labels = { 'controller-revision-hash': 'one', 'tidb.pingcap.com/cluster-id': '9' };
    return { metadata: meta(`a-${component}-${ordinal}`, { labels }), spec: template.spec, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
  }

  #register(component: Component, pod: string): void {
    const host = `${pod}.a-${component}-peer.shop.svc.east.local`;
    if (component === 'pd') this.database.members.push({ name: pdMemberName(this.cluster, pod), id: '2', clientUrl: `http://${host}:2379`, health: true });
    else if (component === 'tikv') this.database.stores.push({ id: this.database.stores.length + 1, engine: 'tikv', host, state: 'Up', leaders: 10 });
    else this.database.servers.push({ component, kubernetesCluster: 'east', namespace: 'shop', pod, id: pod, version: 'v8.5.3', host, alive: true, startedAt: 1 });
  }

  /** What Kubernetes does after the operator wrote a new template: a new revision that no pod has yet. */
  applied(component: Component, { actions, status }: PassResult): this {
    const update = actions.find((action): action is Extract<Action, { do: 'update-set' }> => action.do === 'update-set' && action.old.metadata.name === `a-${component}`);
    const old = this.sets.get(component)!;
    if (!update) throw new Error('nothing was updated');
    this.sets.set(component, {
      ...old, spec: update.spec, status: { ...old.status, updateRevision: 'two' },
      metadata: { ...old.metadata, annotations: { [annotations.lastApplied]: JSON.stringify(update.spec), [annotations.ownerGeneration]: '1' } },
    });
    this.status = status;
    return this;
  }

  /** The pod was deleted and came back with the new revision. */
  restarted(component: Component, ordinal: number): this {
    const pod = this.pods.get(component)![ordinal]!;
    pod.metadata.labels = { ...pod.metadata.labels, 'controller-revision-hash': 'two' };
    pod.metadata.annotations = {};
    return this;
  }

  upgrade(component: 'pd' | 'tikv' | 'tidb', version = 'v8.5.4'): this {
    this.cluster.spec[component]!.version = version;
    return this;
  }
}

const wanted = ({ actions }: PassResult, component: Component): StatefulSetSpec | undefined =>
  actions.filter((action) => action.do === 'update-set').find((action) => action.old.metadata.name === `a-${component}`)?.spec;
const messages = ({ actions }: PassResult): string[] => actions.flatMap((action) => (action.do === 'event' && action.reason === 'FailedScaleIn' ? [action.message] : []));
const partition = (result: PassResult, component: Component): number | undefined => wanted(result, component)?.updateStrategy.rollingUpdate?.partition;
const image = (result: PassResult, component: Component): string | undefined => wanted(result, component)?.template.spec.containers[0]?.image;

test('at rest the partition equals the replicas, Ready is True and nothing is done', () => {
  const scene = new Scene();
  expect(scene.sets.get('tikv')?.spec.updateStrategy.rollingUpdate?.partition).toBe(2);
  const { actions, status } = scene.pass();
  expect(actions.filter((action) => action.do !== 'label-pod')).toEqual([]);
  expect(status.conditions).toEqual([expect.objectContaining({ type: 'Ready', status: 'True', reason: 'Ready' })]);
});

test('the first pass after a version patch writes the template and phase Upgrade, and leaves Ready True', () => {
  const result = new Scene().upgrade('pd').pass();
  expect(result.status).toMatchObject({ pd: { phase: 'Upgrade' }, conditions: [{ status: 'True' }] });
  expect([image(result, 'pd'), partition(result, 'pd')]).toEqual(['pingcap/pd:v8.5.4', 1]);
});

test('the second pass, which sees two revisions, makes Ready False and lowers the partition', () => {
  const scene = new Scene().upgrade('pd');
  const second = scene.applied('pd', scene.pass()).pass();
  expect(second.status.conditions).toEqual([expect.objectContaining({ status: 'False', reason: 'StatefulSetNotUpToDate' })]);
  expect(partition(second, 'pd')).toBe(0);
});

test('while a restarted pod is away, and the StatefulSet counts a pod less, the roll waits for it', () => {
  const scene = new Scene({}, { pd: 3, tikv: 2, tidb: 1 }).upgrade('pd');
  const second = scene.applied('pd', scene.pass()).pass();
  expect(partition(second, 'pd')).toBe(2);
  scene.applied('pd', second);
  Object.assign(scene.sets.get('pd')!.status, { replicas: 2, readyReplicas: 2 });
  scene.pods.get('pd')!.pop();
  const third = scene.pass();
  expect(third.endedBy).toContain('a-pd-2 does not exist yet');
  expect(wanted(third, 'pd')).toBeUndefined();
});

test('another version in the middle of a roll first writes its template with the partition at rest', () => {
  const scene = new Scene().upgrade('pd');
  const second = scene.applied('pd', scene.pass()).pass();
  scene.applied('pd', second).upgrade('pd', 'v8.5.5');
  const third = scene.pass();
  expect([image(third, 'pd'), partition(third, 'pd')]).toEqual(['pingcap/pd:v8.5.5', 1]);
});

test('a PD leader is moved to a peer of another TidbCluster before its pod restarts', () => {
  const scene = new Scene();
  scene.database.leader = 'a-pd-0.a-pd-peer.shop.svc.east.local';
  scene.upgrade('pd');
  const second = scene.applied('pd', scene.pass()).pass();
  expect(second.actions).toContainEqual({ do: 'transfer-pd-leader', to: 'peer-pd' });
  expect(wanted(second, 'pd')).toBeUndefined();
});

test('TiKV keeps its old template without a word while PD of the same TidbCluster rolls', () => {
  const scene = new Scene().upgrade('pd').upgrade('tikv');
  const first = scene.pass();
  expect(image(first, 'pd')).toBe('pingcap/pd:v8.5.4');
  expect(image(first, 'tikv') ?? 'pingcap/tikv:v8.5.3').toBe('pingcap/tikv:v8.5.3');
  expect(first.actions.some((action) => action.do === 'event')).toBe(false);
});

test('a TiKV pod restarts only when its leaders are gone, the highest ordinal first', () => {
  const scene = new Scene().upgrade('tikv');
  const second = scene.applied('tikv', scene.pass()).pass();
  const store = scene.database.stores.find(({ host }) => host.startsWith('a-tikv-1'))!;
  expect(second.actions).toContainEqual({ do: 'evict-leaders', store: store.id });
  scene.pods.get('tikv')![1]!.metadata.annotations = { [annotations.evictLeaderBegin]: '2026-11-23T11:00:00Z' };
  expect(scene.pass().endedBy).toContain('still has 10 leaders');
  store.leaders = 0;
  expect(partition(scene.pass(), 'tikv')).toBe(1);
});

test('an eviction that cannot finish is given up only after evictLeaderTimeout', () => {
  const scene = new Scene().upgrade('tikv');
  scene.applied('tikv', scene.pass());
  scene.pods.get('tikv')![1]!.metadata.annotations = { [annotations.evictLeaderBegin]: '2026-11-23T11:59:00Z' };
  expect(partition(scene.pass(), 'tikv')).toBeUndefined();
  scene.cluster.spec.tikv!.evictLeaderTimeout = '30s';
  expect(partition(scene.pass(), 'tikv')).toBe(1);
});

test('the eviction of a restarted store ends once PD says Up, and the next store is evicted without more waiting', () => {
  const scene = new Scene().upgrade('tikv');
  scene.applied('tikv', scene.pass()).restarted('tikv', 1);
  const store = scene.database.stores.find(({ host }) => host.startsWith('a-tikv-1'))!;
  scene.database.evicting = [store.id];
  store.state = 'Disconnected';
  expect(scene.pass().endedBy).toContain('is not Up');
  store.state = 'Up';
  expect(scene.pass().actions).toContainEqual({ do: 'end-eviction', store: store.id });
});

test('a component that ends the pass leaves all later ones untouched, and Ready is computed all the same', () => {
  const scene = new Scene({ tiproxy: { replicas: 1, version: 'v1.3.0' } });
  const result = scene.upgrade('tikv').pass();
  expect(result.endedBy).toContain('across k8s is not supported');
  expect(result.actions).toEqual([]);
  expect(scene.sets.has('tikv')).toBe(false);
  expect(result.status.conditions?.[0]).toMatchObject({ status: 'False' });
});

test('paused writes nothing, refreshes status and stays Ready', () => {
  const scene = new Scene();
  scene.cluster.spec.paused = true;
  const result = scene.upgrade('pd').pass();
  expect(result.actions).toEqual([]);
  expect(result.status).toMatchObject({ pd: { phase: 'Normal' }, conditions: [{ status: 'True' }] });
});

test('PD without a leader leaves synced false and the old members', () => {
  const scene = new Scene();
  scene.database.leader = undefined;
  const { status } = scene.pass();
  expect(status.pd?.synced).toBe(false);
  expect(Object.keys(status.pd?.members ?? {})).toHaveLength(1);
});

test('PD is not scaled in to zero while TiKV or TiDB are there: an event and no error', () => {
  const scene = new Scene();
  scene.cluster.spec.pd!.replicas = 0;
  const result = scene.pass();
  expect(result.actions).toContainEqual(expect.objectContaining({ do: 'event', reason: 'FailedScaleIn', message: expect.stringContaining('PD is in use') as string }));
  expect(messages(result)[0]).toBe("The PD is in use by TidbCluster [shop/a], can't scale in PD, podname a-pd-0, upComponents 3");
  expect(result.endedBy).toBeUndefined();
  expect(result.status.conditions?.[0]).toMatchObject({ status: 'False', reason: 'PDUnhealthy' });
});

test('TiKV is not scaled in at max-replicas, and the refusal keeps TiDB from its turn', () => {
  const scene = new Scene();
  for (const component of ['tikv', 'tidb'] as const) scene.cluster.spec[component]!.replicas = 0;
  const result = scene.pass();
  expect(result.actions).toContainEqual(expect.objectContaining({ do: 'event', reason: 'FailedScaleIn', message: expect.stringContaining('is equal to MaxReplicas') as string }));
  expect(messages(result)[0]).toMatch(/^can't scale in TiKV of TidbCluster \[shop\/a\], cause the number of up stores is equal to MaxReplicas in PD configuration\(3\), and the store in Pod a-tikv-1 which/);
  expect(wanted(result, 'tidb')).toBeUndefined();
});

test('one patch with all zeros at max-replicas moves nothing: two events in one pass, PD first, then TiKV, which ends it', () => {
  const scene = new Scene();
  for (const component of ['pd', 'tikv', 'tidb'] as const) scene.cluster.spec[component]!.replicas = 0;
  const result = scene.pass();
  expect(messages(result)).toEqual([expect.stringMatching(/^The PD is in use/), expect.stringContaining('is equal to MaxReplicas')]);
  expect(['pd', 'tikv', 'tidb'].map((component) => wanted(result, component as Component)?.replicas ?? 'as before')).toEqual(['as before', 'as before', 'as before']);
  expect(result.endedBy).toContain('refused');
});

test.each(['Up', 'Offline', 'Tombstone'] as const)('below max-replicas a store that is %s keeps its pod: the tail of a scale-in is blocked as well', (state) => {
  const scene = new Scene();
  scene.database.maxReplicas = 4;
  scene.cluster.spec.tikv!.replicas = 1;
  scene.database.stores.find(({ host }) => host.startsWith('a-tikv-1'))!.state = state;
  const result = scene.pass();
  const up = state === 'Up' ? 3 : 2;
  expect(messages(result)).toEqual([`the number of stores in Up state of TidbCluster [shop/a] is ${up}, less than MaxReplicas in PD configuration(4), can't scale in TiKV, podname a-tikv-1 `]);
  expect(wanted(result, 'tikv')?.replicas ?? 2).toBe(2);
});

test('TiDB is scaled to zero at once, whatever else cannot move', () => {
  const scene = new Scene();
  scene.cluster.spec.tidb!.replicas = 0;
  expect(wanted(scene.pass(), 'tidb')?.replicas).toBe(0);
});

test('PD\'s member leaves before its pod: its claim is marked and the replicas fall in the pass that deletes it', () => {
  const scene = new Scene({}, { pd: 1 });
  scene.claims.push({ metadata: meta('pd-a-pd-0') });
  scene.cluster.spec.pd!.replicas = 0;
  const name = 'a-pd-0.a-pd-peer.shop.svc.east.local';
  scene.database.leader = name;
  const first = scene.pass();
  expect(first.actions).toContainEqual({ do: 'transfer-pd-leader', to: 'peer-pd' });
  expect(wanted(first, 'pd')).toBeUndefined();
  scene.database.leader = 'peer-pd';
  const second = scene.pass();
  expect(second.actions).toContainEqual({ do: 'delete-member', name });
  expect(second.actions).toContainEqual(expect.objectContaining({ do: 'annotate-claim', claim: 'pd-a-pd-0', annotations: { [annotations.pvcDeferDeleting]: '2026-11-23T12:00:00Z' } }));
  expect(wanted(second, 'pd')?.replicas).toBe(0);
});

test('TiFlash that waits for its Tombstone keeps TiKV and TiDB from their turn', () => {
  const scene = new Scene({}, { pd: 1, tiflash: 1, tikv: 2, tidb: 1 });
  scene.database.stores.push({ id: 60, engine: 'tiflash', host: 'a-tiflash-0.a-tiflash-peer.shop.svc.east.local', state: 'Up', leaders: 0 });
  for (const component of ['tiflash', 'tidb'] as const) scene.cluster.spec[component]!.replicas = 0;
  const first = scene.pass();
  expect(first.actions).toContainEqual({ do: 'delete-store', store: 60 });
  expect(wanted(first, 'tidb')).toBeUndefined();
  scene.database.stores.at(-1)!.state = 'Tombstone';
  const last = scene.pass();
  expect([wanted(last, 'tiflash')?.replicas, wanted(last, 'tidb')?.replicas]).toEqual([0, 0]);
});

test('with its only Pumps at zero TiDB is never scaled: the known deadlock', () => {
  const scene = new Scene({}, { pd: 1, tikv: 2, pump: 1, tidb: 1 });
  scene.database.servers.push({ component: 'pump', kubernetesCluster: 'east', namespace: 'shop', pod: 'a-pump-0', id: 'p', version: 'v8.5.3', host: 'a-pump-0.a-pump.shop.svc.east.local', alive: true, startedAt: 1 });
  scene.cluster.spec.tidb!.replicas = 0;
  expect(wanted(scene.pass(), 'tidb')?.replicas).toBe(0);
  for (const server of scene.database.servers) if (server.component === 'pump') server.alive = false;
  expect(wanted(scene.pass(), 'tidb')).toBeUndefined();
});

test('an operator that refuses scales neither TiKV nor PD in, whatever the numbers are, and leaves TiDB alone', () => {
  const scene = new Scene();
  scene.database.maxReplicas = 1;
  scene.cluster.spec.tikv!.replicas = 0;
  expect(messages(scene.pass())).toEqual([]);
  scene.refused = ['tikv', 'pd', 'tidb'];
  expect(messages(scene.pass())).toEqual([expect.stringMatching(/^can't scale in TiKV/)]);
  const alone = new Scene({}, { pd: 2 });
  alone.cluster.spec.pd!.replicas = 1;
  alone.refused = ['pd'];
  const result = alone.pass();
  expect(messages(result)).toEqual([expect.stringMatching(/^The PD is in use/)]);
  expect(result.actions.some((action) => action.do === 'delete-member')).toBe(false);
  const tidb = new Scene();
  tidb.refused = ['tidb'];
  tidb.cluster.spec.tidb!.replicas = 0;
  expect(wanted(tidb.pass(), 'tidb')?.replicas).toBe(0);
});

test('fewer Up stores than max-replicas are told in the words of the real operator', () => {
  const scene = new Scene();
  scene.cluster.spec.tikv!.replicas = 0;
  scene.database.maxReplicas = 5;
  const message = "the number of stores in Up state of TidbCluster [shop/a] is 3, less than MaxReplicas in PD configuration(5), can't scale in TiKV, podname a-tikv-1 ";
  expect(scene.pass().actions).toContainEqual({ do: 'event', type: 'Warning', reason: 'FailedScaleIn', message });
});

test('PD that does not answer ends the pass of a scale-in before its users are looked at', () => {
  const scene = new Scene();
  scene.cluster.spec.pd!.replicas = 0;
  scene.database.leader = undefined;
  const result = scene.pass();
  expect(result.endedBy).toContain('synced');
  expect(result.actions.filter((action) => action.do === 'event')).toEqual([]);
});

test('the only PD of all gets its new template by force when it does not answer; with peers only by annotation', () => {
  const lone = new Scene().upgrade('pd');
  lone.database.members = lone.database.members.filter(({ name }) => name !== 'peer-pd');
  lone.database.leader = lone.database.members[0]!.name;
  lone.status = lone.pass().status;
  const withPeers = new Scene().upgrade('pd');
  for (const scene of [lone, withPeers]) scene.database.leader = undefined;
  expect(partition(lone.pass(), 'pd')).toBe(0);
  expect(wanted(withPeers.pass(), 'pd')).toBeUndefined();
  withPeers.cluster.metadata.annotations = { [annotations.forceUpgrade]: 'true' };
  expect(partition(withPeers.pass(), 'pd')).toBe(0);
});

const pdOf = (ordinal: number): string => `a-pd-${ordinal}.a-pd-peer.shop.svc.east.local`;

/** Three PD, of which this ordinal leads. */
function ledBy(ordinal: number): Scene {
  const scene = new Scene({}, { pd: 3, tikv: 1, tidb: 1 });
  scene.database.leader = pdOf(ordinal);
  return scene;
}

test.each([[2, [], 0], [1, [2], 2], [0, [2, 1], 2]])('the leader of ordinal %s goes to the highest upgraded member above it, else to the lowest below', (leader, done, target) => {
  const scene = ledBy(leader).upgrade('pd');
  scene.applied('pd', scene.pass());
  for (const ordinal of done) scene.restarted('pd', ordinal);
  expect(scene.pass().actions).toContainEqual({ do: 'transfer-pd-leader', to: pdOf(target) });
});

test('while a pod of the roll is away, and the StatefulSet counts one pod less, the pass ends: the next pod is not restarted', () => {
  const scene = ledBy(0).upgrade('pd');
  scene.applied('pd', scene.pass());
  scene.applied('pd', scene.pass());
  scene.pods.get('pd')!.pop();
  scene.sets.get('pd')!.status.replicas = 2;
  const { endedBy, actions } = scene.pass();
  expect(endedBy).toContain('pod a-pd-2 does not exist yet');
  expect(actions).toEqual([]);
});

test('in a scale-in the leader goes to the lowest local member and its own is deleted in the same pass', () => {
  const scene = ledBy(2);
  scene.cluster.spec.pd!.replicas = 2;
  const result = scene.pass();
  expect(result.actions).toContainEqual({ do: 'transfer-pd-leader', to: pdOf(0) });
  expect(result.actions).toContainEqual({ do: 'delete-member', name: pdOf(2) });
});

test('an evict-leader scheduler of somebody else stays at rest, and goes with the end of an upgrade', () => {
  const scene = new Scene();
  const [store] = scene.database.stores.filter(({ host }) => host.startsWith('a-tikv'));
  scene.database.evicting = [store!.id];
  expect(scene.pass().actions.filter((action) => action.do === 'end-eviction')).toEqual([]);
  scene.status.tikv!.phase = 'Upgrade';
  expect(scene.pass().actions).toContainEqual({ do: 'end-eviction', store: store!.id });
});

test('without a majority of wanted and peer PD members TiKV and all after it have no turn, not even for their status', () => {
  const scene = new Scene();
  scene.status.tikv!.phase = 'Upgrade';
  for (const member of scene.database.members) member.health = false;
  const result = scene.pass();
  expect(result.endedBy).toContain('waiting for PD');
  expect(result.status.tikv?.phase).toBe('Upgrade');
});

test('creating a StatefulSet is told by an event', () => {
  const scene = new Scene();
  scene.sets.delete('tidb');
  expect(scene.pass().actions).toContainEqual({ do: 'event', type: 'Normal', reason: 'SuccessfulCreate', message: 'create StatefulSet a-tidb in TidbCluster a successful' });
});

test('defaults are filled in, and configuration becomes text', () => {
  const { spec } = new Scene({ pd: { replicas: 1, requests: { storage: '1Gi' }, config: {} }, tidb: { replicas: 1, config: {} } }).cluster;
  expect(spec.pd).toMatchObject({ spareVolReplaceReplicas: 1, maxFailoverCount: 3, config: '' });
  expect(spec.tidb?.config).toContain('max-backups = 3');
});

test('a store leaves by eviction, deletion and Tombstone before its pod goes and its claim is marked', () => {
  const scene = new Scene();
  scene.database.stores.push({ id: 91, engine: 'tikv', host: 'b-tikv-1.b-tikv-peer.shop.svc.west.local', state: 'Up', leaders: 0 });
  scene.claims.push({ metadata: meta('tikv-a-tikv-1') });
  scene.cluster.spec.tikv!.replicas = 1;
  const store = scene.database.stores.find(({ host }) => host.startsWith('a-tikv-1'))!;
  expect(scene.pass().actions).toContainEqual({ do: 'evict-leaders', store: store.id });
  scene.pods.get('tikv')![1]!.metadata.annotations = { [annotations.evictLeaderBegin]: '2026-11-23T11:59:59Z' };
  store.leaders = 0;
  expect(scene.pass().actions).toContainEqual({ do: 'delete-store', store: store.id });
  store.state = 'Tombstone';
  const last = scene.pass();
  expect(wanted(last, 'tikv')?.replicas).toBe(1);
  expect(last.actions).toContainEqual(expect.objectContaining({ do: 'annotate-claim', claim: 'tikv-a-tikv-1' }));
  expect(last.status.tikv?.tombstoneStores).toHaveProperty(String(store.id));
});

test('turning on acrossK8s and a domain rolls PD under RollingUpdate and nothing at all in place', () => {
  const before = { acrossK8s: false, clusterDomain: '' };
  const inPlace = new Scene(before);
  Object.assign(inPlace.cluster.spec, { acrossK8s: true, clusterDomain: 'east.local' });
  const quiet = inPlace.pass();
  expect(quiet.actions.some((action) => action.do === 'write-config-map' && action.name === 'a-pd')).toBe(true);
  expect(wanted(quiet, 'pd')).toBeUndefined();
  expect(Object.keys(quiet.status.pd?.unjoinedMembers ?? {})).toEqual(['a-pd-0']);
  const rolling = new Scene({ ...before, configUpdateStrategy: 'RollingUpdate' });
  Object.assign(rolling.cluster.spec, { acrossK8s: true, clusterDomain: 'east.local' });
  expect(wanted(rolling.pass(), 'pd')).toBeDefined();
});

test('strategy, domain and acrossK8s in one patch roll PD, while TiKV and TiDB wait for it', () => {
  const scene = new Scene({ acrossK8s: false, clusterDomain: '' });
  Object.assign(scene.cluster.spec, { acrossK8s: true, clusterDomain: 'east.local', configUpdateStrategy: 'RollingUpdate' });
  const first = scene.pass();
  const config = (component: Component): string | undefined => wanted(first, component)?.template.spec.volumes?.[0]?.configMap?.name;
  expect(config('pd')).toMatch(/^a-pd-[0-9a-f]{7}$/);
  expect(first.status.pd?.phase).toBe('Upgrade');
  expect([config('tikv') ?? 'a-tikv', config('tidb') ?? 'a-tidb']).toEqual(['a-tikv', 'a-tidb']);
});

test('the strategy before the patch does the same; after an in-place patch only a forced restart helps', () => {
  const scene = new Scene({ acrossK8s: false, clusterDomain: '' });
  Object.assign(scene.cluster.spec, { acrossK8s: true, clusterDomain: 'east.local' });
  for (const action of scene.pass().actions) if (action.do === 'write-config-map') scene.configMaps.set(action.name, { metadata: meta(action.name), data: action.data });
  scene.cluster.spec.configUpdateStrategy = 'RollingUpdate';
  expect(wanted(scene.pass(), 'pd')).toBeUndefined();
  scene.cluster.spec.pd!.annotations = { 'tidb.pingcap.com/restartedAt': 'now' };
  const forced = scene.pass();
  expect(wanted(forced, 'pd')?.template.metadata.annotations).toEqual({ 'tidb.pingcap.com/restartedAt': 'now' });
  expect(wanted(forced, 'pd')?.template.spec.volumes?.[0]?.configMap?.name).toBe('a-pd');
});

test('a strategy set after the change rolls nothing, because the data are as wanted', () => {
  const scene = new Scene();
  scene.cluster.spec.configUpdateStrategy = 'RollingUpdate';
  expect(wanted(scene.pass(), 'pd')).toBeUndefined();
});

test('moving the version from all components to the cluster rolls nothing', () => {
  const scene = new Scene();
  for (const component of ['pd', 'tikv', 'tidb'] as const) scene.cluster.spec[component]!.version = 'v8.5.3';
  scene.cluster.spec.version = 'v8.5.3';
  expect(['pd', 'tikv', 'tidb'].map((component) => wanted(scene.pass(), component as Component))).toEqual([undefined, undefined, undefined]);
});

test('smooth upgrade asks TiDB to pause DDL before its first pod restarts, and to resume when its own pods are new', () => {
  const scene = new Scene().upgrade('tidb');
  const first = scene.pass();
  expect(first.actions).toContainEqual({ do: 'pause-ddl', paused: true, pod: 'a-tidb-0' });
  scene.cluster.metadata.annotations = { [annotations.ddlPaused]: 'true', [annotations.ddlSource]: 'v8.5.3', [annotations.ddlTarget]: 'v8.5.4' };
  scene.applied('tidb', first);
  expect(partition(scene.pass(), 'tidb')).toBe(0);
  scene.restarted('tidb', 0).sets.get('tidb')!.status = { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1, currentRevision: 'two', updateRevision: 'two' };
  expect(scene.pass().actions).toContainEqual({ do: 'pause-ddl', paused: false, pod: 'a-tidb-0' });
});

test('with DDL paused for a broken target and no healthy TiDB left, a good target is not written until the annotations are gone', () => {
  const scene = new Scene().upgrade('tidb', 'v8.5.9');
  const first = scene.pass();
  scene.applied('tidb', first).upgrade('tidb', 'v8.5.3');
  scene.cluster.metadata.annotations = { [annotations.ddlPaused]: 'true', [annotations.ddlSource]: 'v8.5.3', [annotations.ddlTarget]: 'v8.5.9' };
  for (const server of scene.database.servers) server.alive = false;
  const stuck = scene.pass();
  expect(stuck.endedBy).toContain('no healthy TiDB pod');
  expect(wanted(stuck, 'tidb')).toBeUndefined();
  scene.cluster.metadata.annotations = {};
  expect(wanted(scene.pass(), 'tidb')?.template.spec.containers[0]?.image).toBe('pingcap/tidb:v8.5.3');
});

test.each([
  ['v8.5.3', 'v8.5.4', true], ['v7.5.0', 'v8.5.0', true], ['v7.1.2', 'v7.1.3', true], ['v7.1.2', 'v7.5.0', true],
  ['v7.1.0', 'v7.1.1', false], ['v6.5.0', 'v7.5.0', false], ['v8.5.4', 'v8.5.3', false], ['8.5.3', 'v8.5.4', false], ['v7.3.0', 'v7.5.0', false],
])('smooth upgrade from %s to %s: %s', (from, to, expected) => expect(isSwitchControlled(from, to)).toBe(expected));

test('condition Ready keeps its times while status and reason stay the same', () => {
  const scene = new Scene();
  const [known] = scene.status.conditions!;
  expect(readyCondition(scene.cluster, scene.status, 'later')).toBe(known);
});

test('Ready is True at zero of everything', () => {
  const scene = new Scene();
  for (const component of ['pd', 'tikv', 'tidb'] as const) scene.cluster.spec[component]!.replicas = 0;
  expect(readyCondition(scene.cluster, {}, 'now')).toMatchObject({ status: 'True' });
});

test('a missing storage request is a validation fault', () => {
  const scene = new Scene();
  expect(faultsOf(scene.cluster)).toEqual([]);
  scene.cluster.spec.tikv!.requests = {};
  expect(faultsOf(scene.cluster)).toEqual([expect.stringContaining('spec.tikv.requests.storage')]);
});

test('a component version of null falls back to the cluster\'s', () => {
  const { cluster } = new Scene();
  cluster.spec.pd!.version = null;
  cluster.spec.version = 'v8.5.9';
  expect(imageOf(cluster, 'pd')).toBe('pingcap/pd:v8.5.9');
});
