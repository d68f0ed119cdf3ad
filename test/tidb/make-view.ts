/**
 * Builds what would be observed of a healthy TiDB cluster, in the real shapes, and lets an operator of our own roll it. Knows nothing
 * from src but the schemas and types, so that a wrong idea there is not repeated in its tests.
 */
import type { Component } from '../../src/tidb/components.ts';
import { podSchema, statefulSetSchema, tidbClusterSchema } from '../../src/tidb/objects.ts';
import type { ComponentSpec, ComponentStatus, Pod, StatefulSet } from '../../src/tidb/objects.ts';
import type { ClusterView, PdMember, PlacementRule, Store, TidbClusterView } from '../../src/tidb/view.ts';

export const OLD = 'v8.5.3';
export const NEW = 'v8.5.4';
/** TiProxy has a version line of its own. */
export const TIPROXY = 'v1.3.0';
/** The clock of the tests. */
export const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

const NAMESPACE = 'shop';
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Pods of a healthy cluster are this old; their processes started a little later. */
const POD_AGE_MS = 1_440 * MINUTE_MS;
const PROCESS_START_MS = 20_000;
const HEARTBEAT_AGE_MS = 3_000;
const GIBIBYTE = 1024 ** 3;

const baseImages: Record<Component, string> = {
  pd: 'pingcap/pd',
  tso: 'pingcap/pd',
  scheduling: 'pingcap/pd',
  tiproxy: 'pingcap/tiproxy',
  tiflash: 'pingcap/tiflash',
  tikv: 'pingcap/tikv',
  pump: 'pingcap/tidb-binlog',
  tidb: 'pingcap/tidb',
  ticdc: 'pingcap/ticdc',
};

export type Replicas = Partial<Record<Component, number>>;

export interface Shape {
  /** Kubernetes clusters in inventory order; the first holds the initial TidbCluster. */
  kubernetesClusters?: string[];
  /** In every TidbCluster. */
  replicas?: Replicas;
  /** What everything runs. */
  version?: string;
  acrossK8s?: boolean;
}

export const small = { pd: 1, tikv: 1, tidb: 1 } satisfies Replicas;
export const usual = { pd: 3, tikv: 3, tidb: 2 } satisfies Replicas;

export const isMicroservice = (component: Component): boolean => component === 'tso' || component === 'scheduling';
export const imageOf = (component: Component, version: string): string => `${baseImages[component]}:${version}`;
export const podName = (key: string, component: Component, ordinal: number): string => `shop-${key}-${component}-${ordinal}`;
export const discoveryPodName = (key: string): string => `shop-${key}-discovery-7d9f`;
const domainOf = (key: string): string => `${key}.example`;
const revisionOf = (key: string, component: Component, version: string): string => `shop-${key}-${component}-${version.replaceAll('.', '')}`;
const isoTime = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

export function hostOf(key: string, component: Component, ordinal: number): string {
  return `${podName(key, component, ordinal)}.shop-${key}-${component}-peer.${NAMESPACE}.svc.${domainOf(key)}`;
}

/** Three Kubernetes clusters, one PD, TiKV and TiDB each, all on the old version, unless the shape says otherwise. */
export function makeView(shape: Shape = {}): ClusterView {
  const { kubernetesClusters = ['west', 'east', 'north'], replicas = small, version = OLD, acrossK8s = true } = shape;
  const view: ClusterView = {
    name: 'shop',
    tidbClusters: kubernetesClusters.map((key) => makeTidbCluster(key, { initial: kubernetesClusters[0] ?? key, replicas, version, acrossK8s })),
    database: {
      clusterId: '7264954738145913996',
      members: [],
      leader: undefined,
      stores: [],
      regions: { 'miss-peer': 0, 'down-peer': 0, 'pending-peer': 0, 'offline-peer': 0 },
      evictingStores: [],
      maxReplicas: 3,
      locationLabels: [],
      isolationLevel: '',
      placementRules: [defaultRule(3)],
      notReady: [],
    },
    databaseProblem: undefined,
    nowMs: NOW_MS,
  };
  for (const component of Object.keys(replicas) as Component[]) {
    for (const key of kubernetesClusters) found(view, key, component, component === 'tiproxy' ? TIPROXY : version);
  }
  database(view).leader = database(view).members[0]?.name;
  fillPeers(view);
  return view;
}

function makeTidbCluster(key: string, given: { initial: string; replicas: Replicas; version: string; acrossK8s: boolean }): TidbClusterView {
  const spec: Record<string, unknown> = { version: given.version, acrossK8s: given.acrossK8s, clusterDomain: domainOf(key), tlsCluster: { enabled: true }, pvReclaimPolicy: 'Retain' };
  if (key !== given.initial) spec['cluster'] = { name: `shop-${given.initial}`, namespace: NAMESPACE, clusterDomain: domainOf(given.initial) };
  for (const [component, replicas] of Object.entries(given.replicas) as [Component, number][]) {
    const own = { replicas, baseImage: baseImages[component], ...(component === 'tiproxy' ? { version: TIPROXY } : {}), requests: { storage: '10Gi' } };
    if (isMicroservice(component)) spec['pdms'] = [...((spec['pdms'] as object[] | undefined) ?? []), { name: component, ...own }];
    else spec[component] = own;
  }
  const managedFields = [
    { manager: 'kubectl-client-side-apply', operation: 'Update', time: isoTime(NOW_MS - POD_AGE_MS), fieldsV1: {} },
    { manager: 'tidb-controller-manager', operation: 'Update', time: isoTime(NOW_MS - 30 * MINUTE_MS), fieldsV1: {} },
  ];
  const metadata = { name: `shop-${key}`, namespace: NAMESPACE, uid: `uid-of-${key}`, resourceVersion: '4711', generation: 7, managedFields };
  return {
    key,
    kubernetesCluster: key,
    initial: key === given.initial,
    object: tidbClusterSchema.parse({ metadata, spec, status: { clusterID: '7264954738145913996' } }),
    statefulSets: {},
    pods: given.replicas.pd !== undefined || given.acrossK8s ? [makeDiscoveryPod(key)] : [],
    events: [],
    operator: { alive: true, version: 'v1.6.3', detail: 'its Lease was renewed 2 s ago' },
    certificates: [{ secret: `shop-${key}-cluster-client-secret`, dnsNames: [], notAfterMs: NOW_MS + 200 * POD_AGE_MS }],
  };
}

/** The operator gives one to every TidbCluster that has PD or acrossK8s. */
function makeDiscoveryPod(key: string): Pod {
  const name = discoveryPodName(key);
  return podSchema.parse({
    metadata: { name, namespace: NAMESPACE, uid: `uid-of-${name}`, labels: { 'app.kubernetes.io/instance': `shop-${key}`, 'app.kubernetes.io/component': 'discovery' }, creationTimestamp: isoTime(NOW_MS - POD_AGE_MS) },
    spec: { nodeName: `node-of-${key}`, containers: [{ name: 'discovery', image: 'pingcap/tidb-operator:v1.6.3' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ name: 'discovery', ready: true, restartCount: 0, state: { running: {} } }] },
  });
}

// Where things are.

export function tidbCluster(view: ClusterView, key: string): TidbClusterView {
  return known(view.tidbClusters.find((each) => each.key === key), `TidbCluster ${key}`);
}

export function database(view: ClusterView): NonNullable<ClusterView['database']> {
  return known(view.database, 'database');
}

export function specOf(view: ClusterView, key: string, component: Component): ComponentSpec {
  const { spec } = tidbCluster(view, key).object;
  return known(isMicroservice(component) ? spec.pdms?.find((entry) => entry.name === component) : (spec[component as 'tikv']), `spec of ${component} in ${key}`);
}

export function statusOf(view: ClusterView, key: string, component: Component): ComponentStatus & Record<string, unknown> {
  const { status } = tidbCluster(view, key).object;
  return known(isMicroservice(component) ? status.pdms?.[component] : status[component as 'tikv'], `status of ${component} in ${key}`);
}

export function statefulSet(view: ClusterView, key: string, component: Component): StatefulSet {
  return known(tidbCluster(view, key).statefulSets[component], `StatefulSet of ${component} in ${key}`);
}

export function podsOf(view: ClusterView, key: string, component: Component): Pod[] {
  return tidbCluster(view, key).pods.filter((each) => each.metadata.labels['app.kubernetes.io/component'] === component);
}

export function pod(view: ClusterView, name: string): Pod {
  return known(view.tidbClusters.flatMap((each) => each.pods).find((each) => each.metadata.name === name), `pod ${name}`);
}

export function member(view: ClusterView, key: string, ordinal = 0): PdMember {
  return known(database(view).members.find((each) => each.name === hostOf(key, 'pd', ordinal)), `PD member of ${key}`);
}

export function store(view: ClusterView, key: string, { engine = 'tikv', ordinal = 0 }: { engine?: 'tikv' | 'tiflash'; ordinal?: number } = {}): Store {
  return known(database(view).stores.find((each) => each.address.startsWith(`${hostOf(key, engine, ordinal)}:`)), `${engine} store of ${key}`);
}

function known<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new Error(`the view of the test holds no ${what}`);
  return thing;
}

// What the operator, Kubernetes and PD make of a component.

/** The component comes into being, complete and at rest. */
function found(view: ClusterView, key: string, component: Component, version: string): void {
  const each = tidbCluster(view, key);
  const { replicas } = specOf(view, key, component);
  const revision = revisionOf(key, component, version);
  const labels = { 'app.kubernetes.io/instance': `shop-${key}`, 'app.kubernetes.io/component': component };
  each.statefulSets[component] = statefulSetSchema.parse({
    metadata: { name: `shop-${key}-${component}`, namespace: NAMESPACE, generation: 3, labels },
    spec: { replicas, template: { spec: { containers: [{ name: component, image: imageOf(component, version) }, { name: 'log-tailer', image: 'busybox:1' }] } } },
    status: { observedGeneration: 3, replicas, readyReplicas: replicas, updatedReplicas: replicas, currentRevision: revision, updateRevision: revision },
  });
  const status = { phase: 'Normal', synced: true };
  if (isMicroservice(component)) each.object.status.pdms = { ...each.object.status.pdms, [component]: status };
  else Object.assign(each.object.status, { [component]: status });
  for (let ordinal = 0; ordinal < replicas; ordinal++) startPod(view, { key, component, ordinal }, version, NOW_MS - POD_AGE_MS);
  refreshStatus(view, key, component);
}

export interface Seat {
  key: string;
  component: Component;
  ordinal: number;
}

/** Puts a new pod into its seat; its process reports to PD. */
export function startPod(view: ClusterView, seat: Seat, version: string, bornMs: number): void {
  const { key, component, ordinal } = seat;
  const each = tidbCluster(view, key);
  const name = podName(key, component, ordinal);
  const image = imageOf(component, version);
  const labels = { 'app.kubernetes.io/instance': `shop-${key}`, 'app.kubernetes.io/component': component, 'controller-revision-hash': revisionOf(key, component, version) };
  const born = podSchema.parse({
    metadata: { name, namespace: NAMESPACE, uid: `${name}-of-${bornMs}`, labels, creationTimestamp: isoTime(bornMs) },
    spec: { nodeName: `node-of-${key}`, containers: [{ name: component, image }, { name: 'log-tailer', image: 'busybox:1' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'PodScheduled', status: 'True' }, { type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: component, image, ready: true }, { name: 'log-tailer', image: 'busybox:1', ready: true }],
    },
  });
  each.pods = [...each.pods.filter((other) => other.metadata.name !== name), born];
  register(view, seat, version, bornMs);
}

function register(view: ClusterView, { key, component, ordinal }: Seat, version: string, bornMs: number): void {
  const { members, stores } = database(view);
  const host = hostOf(key, component, ordinal);
  const reported = version.replace('v', '');
  if (component === 'pd') {
    const old = members.find((each) => each.name === host);
    const id = old?.id ?? `${15985099378392235000n + BigInt(members.length)}`;
    const now = { name: host, id, peerUrls: [`https://${host}:2380`], clientUrls: [`https://${host}:2379`], version: reported, healthy: true };
    if (old) Object.assign(old, now);
    else members.push(now);
  }
  if (component === 'tikv' || component === 'tiflash') {
    const address = `${host}:${component === 'tikv' ? 20160 : 3930}`;
    const old = stores.find((each) => each.address === address && each.state !== 'Tombstone');
    const times = { startTimestamp: (bornMs + PROCESS_START_MS) / 1_000, lastHeartbeatMs: Math.max(bornMs + 2 * PROCESS_START_MS, NOW_MS - HEARTBEAT_AGE_MS) };
    const now = { id: old?.id ?? String(stores.length + 1), address, version: reported, state: 'Up' as const, engine: component, ...times, leaderCount: 10, regionCount: 30, ...room(component) };
    if (old) Object.assign(old, now);
    else stores.push(now);
  }
  if (component === 'ticdc') {
    const status = tidbCluster(view, key).object.status.ticdc;
    if (status) status.captures = { ...status.captures, [podName(key, component, ordinal)]: { version, ready: true } };
  }
}

/** Labels and sizes of a store; TiFlash is known by its label. */
const room = (engine: 'tikv' | 'tiflash'): Pick<Store, 'labels' | 'capacity' | 'available' | 'usedSize'> => ({
  labels: engine === 'tiflash' ? { engine } : {}, capacity: 100 * GIBIBYTE, available: 90 * GIBIBYTE, usedSize: 10 * GIBIBYTE,
});

/** The rule that every PD has from the beginning. */
export const defaultRule = (count: number): PlacementRule => ({
  groupId: 'pd', id: 'default', index: 0, override: false, role: 'voter', count, startKey: '', endKey: '', locationLabels: [], isolationLevel: '', labelConstraints: [],
});

/** The StatefulSet controller counts, the operator copies. */
export function refreshStatus(view: ClusterView, key: string, component: Component): void {
  const { status, spec } = statefulSet(view, key, component);
  const pods = podsOf(view, key, component);
  const updated = pods.filter((each) => each.metadata.labels['controller-revision-hash'] === status.updateRevision);
  status.replicas = pods.length;
  status.readyReplicas = pods.filter((each) => each.status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')).length;
  status.updatedReplicas = updated.length;
  if (updated.length === spec.replicas && status.readyReplicas === spec.replicas) status.currentRevision = status.updateRevision;
  const phase = status.currentRevision === status.updateRevision ? 'Normal' : 'Upgrade';
  Object.assign(statusOf(view, key, component), { phase, statefulSet: { ...status } });
}

/** What TidbClusters tell of their peers; the operator leaves leaders where they are without it. */
function fillPeers(view: ClusterView): void {
  for (const { key, object } of view.tidbClusters) {
    const foreign = (address: string): boolean => !address.includes(domainOf(key));
    const { pd, tikv } = object.status;
    if (pd) pd.peerMembers = Object.fromEntries(database(view).members.filter((each) => foreign(each.name)).map((each) => [each.name, true]));
    if (tikv) tikv.peerStores = Object.fromEntries(database(view).stores.filter((each) => foreign(each.address)).map((each) => [each.id, true]));
  }
}

// Changes.

/** Only the spec asks: nothing has been seen by the operator yet (the stale Ready). */
export function askFor(view: ClusterView, key: string, component: Component, version: string): void {
  specOf(view, key, component).version = version;
}

/** The operator writes the template, the pods stay. */
export function beginRoll(view: ClusterView, key: string, component: Component, version: string): void {
  const set = statefulSet(view, key, component);
  const main = set.spec.template.spec.containers.find((each) => each.name === component);
  if (main) main.image = imageOf(component, version);
  set.metadata.generation += 1;
  set.status.observedGeneration = set.metadata.generation;
  set.status.updateRevision = revisionOf(key, component, version);
  refreshStatus(view, key, component);
}

/** Rolls `pods` of them, the highest ordinal first; all of them unless said otherwise. The spec is not touched. */
export function roll(view: ClusterView, key: string, component: Component, { version, pods }: { version: string; pods?: number }): void {
  beginRoll(view, key, component, version);
  const { replicas } = statefulSet(view, key, component).spec;
  for (let done = 0; done < (pods ?? replicas); done++) startPod(view, { key, component, ordinal: replicas - 1 - done }, version, NOW_MS - 5 * MINUTE_MS + done * SECOND_MS);
  refreshStatus(view, key, component);
}

/** Asked for and rolled. */
export function upgrade(view: ClusterView, key: string, component: Component, version: string): void {
  askFor(view, key, component, version);
  roll(view, key, component, { version });
}

/** The spec asks for a restart: nothing has been seen by the operator yet. */
export function askRestart(view: ClusterView, key: string, component: Component, value: string): void {
  const spec = specOf(view, key, component);
  spec.annotations = { ...spec.annotations, 'tidb.pingcap.com/restartedAt': value };
}

/** Asked for and rolled: the template carries the annotation, and all pods are new. */
export function restart(view: ClusterView, key: string, component: Component, value: string): void {
  askRestart(view, key, component, value);
  statefulSet(view, key, component).spec.template.metadata.annotations['tidb.pingcap.com/restartedAt'] = value;
  reroll(view, key, component);
}

let rerolls = 0;
/** Rolls all pods to a new revision of the same image. */
export function reroll(view: ClusterView, key: string, component: Component, version = OLD): void {
  const set = statefulSet(view, key, component);
  set.metadata.generation += 1;
  set.status.observedGeneration = set.metadata.generation;
  set.status.updateRevision = `${revisionOf(key, component, version)}-${(rerolls += 1)}`;
  for (let ordinal = set.spec.replicas - 1; ordinal >= 0; ordinal--) {
    startPod(view, { key, component, ordinal }, version, NOW_MS - 5 * MINUTE_MS);
    pod(view, podName(key, component, ordinal)).metadata.labels['controller-revision-hash'] = set.status.updateRevision;
  }
  refreshStatus(view, key, component);
}

export function podNotReady(view: ClusterView, name: string): void {
  for (const condition of pod(view, name).status.conditions) if (condition.type === 'Ready') condition.status = 'False';
}

export function podTerminating(view: ClusterView, name: string): void {
  pod(view, name).metadata.deletionTimestamp = isoTime(NOW_MS);
}

export function podGone(view: ClusterView, name: string): void {
  for (const each of view.tidbClusters) each.pods = each.pods.filter((other) => other.metadata.name !== name);
}

/** A pod waits with a reason, as with an image that cannot be pulled. */
export function podWaits(view: ClusterView, name: string, { reason, message, restarts = 0 }: { reason: string; message: string; restarts?: number }): void {
  const main = known(pod(view, name).status.containerStatuses[0], `container in ${name}`);
  Object.assign(main, { ready: false, restartCount: restarts, state: { waiting: { reason, message } } });
  podNotReady(view, name);
}

/** The database is unwell in PD's eyes as the pod goes down. */
export function goDown(view: ClusterView, seat: Seat, state: Store['state'] = 'Disconnected'): void {
  const host = hostOf(seat.key, seat.component, seat.ordinal);
  for (const each of database(view).members) if (each.name === host) each.healthy = false;
  for (const each of database(view).stores) if (each.address.startsWith(`${host}:`)) each.state = state;
}
