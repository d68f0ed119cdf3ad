/**
 * Is component X of TidbCluster T really running version V? Six points, all of them, never Ready alone (§1.6, Ⓞ1–Ⓞ4, Ⓞ9).
 * A proof is a list of what is still missing, in words; empty means that it holds.
 */
import type { Proof } from '../protocol/outcome.ts';
import { components, labels, statefulSetName } from './components.ts';
import type { Component } from './components.ts';
import { ownsAddress, podOf } from './names.ts';
import { isPodUp, isSettledSet, podsOf } from './rolling.ts';
import { desiredImage, desiredVersion, isSuspended, specOf, statusOf } from './spec.ts';
import type { ClusterView, TidbClusterView } from './view.ts';
import { nameOf } from './view.ts';
import { isAtLeast, sameVersion } from './versions.ts';

export interface Target {
  component: Component;
  version: string;
  /** Recorded when the plan was made: never compare with whatever the spec says now. */
  replicas: number;
}

type Point = (view: ClusterView, member: TidbClusterView, target: Target) => string[];

/** 1. The spec still asks for it, and the operator may act. */
const specAsks: Point = (_view, member, { component, version, replicas }) => {
  const { spec } = member.object;
  const missing: string[] = [];
  if (desiredVersion(spec, component) !== version) missing.push(`spec asks for ${desiredVersion(spec, component) || 'no version'}, not ${version}`);
  if (specOf(spec, component)?.replicas !== replicas) missing.push(`spec asks for ${specOf(spec, component)?.replicas ?? 0} pods, the plan knew ${replicas}`);
  if (spec.paused) missing.push('spec.paused is set');
  if (isSuspended(spec, [component])) missing.push('spec.suspendAction is set');
  return missing;
};

/** 2. The StatefulSet has the new image, its controller has seen it, and every pod is updated and ready. */
const statefulSetDone: Point = (_view, member, { component, replicas }) => {
  const set = member.statefulSets[component];
  if (!set) return [`StatefulSet ${statefulSetName(member.object.metadata.name, component)} does not exist`];
  const image = set.spec.template.spec.containers.find((container) => container.name === component)?.image;
  const expected = desiredImage(member.object.spec, component);
  if (image !== expected) return [`the operator has not begun: StatefulSet image is ${image ?? 'missing'}, not ${expected ?? 'known'}`];
  const { status } = set;
  if (set.metadata.generation > status.observedGeneration) return ['the StatefulSet controller has not seen the new template'];
  if (set.spec.replicas !== replicas || !isSettledSet(set) || status.updatedReplicas !== replicas) {
    return [`${status.updatedReplicas} of ${replicas} pods are updated, ${status.readyReplicas} ready`];
  }
  return [];
};

/** 3. The pods themselves: as many as expected, none leaving, of the new revision, with the expected image, ready. */
const podsRun: Point = (_view, member, { component, replicas }) => {
  const pods = podsOf(member, component);
  const revision = member.statefulSets[component]?.status.updateRevision;
  const expected = desiredImage(member.object.spec, component);
  const missing = pods.length === replicas ? [] : [`${pods.length} pods exist, ${replicas} are expected`];
  for (const pod of pods) {
    if (!isPodUp(pod)) missing.push(`pod ${pod.metadata.name} is not up`);
    else if (pod.metadata.labels[labels.revision] !== revision) missing.push(`pod ${pod.metadata.name} has the old revision`);
    else if (!runsImage(pod.spec.containers, component, expected)) missing.push(`pod ${pod.metadata.name} runs another image`);
    else if (!reportsImage(pod.status.containerStatuses, component, expected)) missing.push(`pod ${pod.metadata.name} does not report the new image yet`);
  }
  return missing;
};

function runsImage(containers: { name: string; image: string }[], component: Component, expected: string | undefined): boolean {
  return containers.find((container) => container.name === component)?.image === expected;
}

/**
 * Container runtimes may prefix a registry (`docker.io/pingcap/tikv:v8.5.4` is `pingcap/tikv:v8.5.4`), or name an image with several
 * tags by its digest, which says nothing about the tag: the pod's own spec has spoken then.
 */
function reportsImage(statuses: { name: string; image: string; ready: boolean }[], component: Component, expected: string | undefined): boolean {
  const status = statuses.find((container) => container.name === component);
  return status !== undefined && status.ready && expected !== undefined && (status.image === expected || status.image.endsWith(`/${expected}`) || status.image.startsWith('sha256:'));
}

/** 4. The operator's status is of now, not of before: phase Normal, synced, and a copy of the StatefulSet's live status. */
const statusFresh: Point = (_view, member, { component }) => {
  const status = statusOf(member.object, component);
  const live = member.statefulSets[component]?.status;
  const missing: string[] = [];
  if (status?.phase !== 'Normal') missing.push(`the operator's phase is ${status?.phase || 'unknown'}`);
  if (status?.synced === false) missing.push('the operator could not read the component (synced is false)');
  const copy = status?.statefulSet;
  if (live && (copy?.updateRevision !== live.updateRevision || copy.currentRevision !== live.currentRevision || copy.readyReplicas !== live.readyReplicas)) {
    missing.push("the operator's copy of the StatefulSet status is old");
  }
  return missing;
};

/** 5. The database says so itself. */
const databaseSays: Point = (view, member, target) => {
  if (!view.database) return [`PD does not answer: ${view.databaseProblem ?? ''}`];
  if (target.component === 'pd') return membersRun(view, member, target);
  if (target.component === 'tikv' || target.component === 'tiflash') return storesRun(view, member, target);
  if (target.component === 'ticdc') return capturesRun(member, target);
  return [];
};

/** The member is healthy under its name with the new version (Ⓞ2: 8 s after the StatefulSet was "done"). */
function membersRun({ database }: ClusterView, member: TidbClusterView, { version, replicas }: Target): string[] {
  const own = (database?.members ?? []).filter((each) => each.clientUrls.some((url) => ownsAddress(member, 'pd', url)));
  const missing = own.length === replicas ? [] : [`PD lists ${own.length} members of ${nameOf(member)}, ${replicas} are expected`];
  for (const each of own) {
    if (each.healthy !== true) missing.push(`PD member ${podOf(each.name)} is not healthy in PD's own view`);
    else if (!sameVersion(each.version, version)) missing.push(`PD member ${podOf(each.name)} reports version ${each.version || 'none'}`);
    else if (database?.notReady.includes(each.name)) missing.push(`PD member ${podOf(each.name)} is loading regions`);
  }
  return missing;
}

/**
 * "Up" proves little: PD keeps a restarted store Up for 20 s (Ⓞ4). What counts is the new version, a start newer than the pod,
 * and a heartbeat newer than that start. `status.startTime` is the kubelet's word: its clock and the store's are of the same node.
 */
function storesRun({ database }: ClusterView, member: TidbClusterView, { component, version, replicas }: Target): string[] {
  const own = (database?.stores ?? []).filter((store) => store.state !== 'Tombstone' && ownsAddress(member, component, store.address));
  const missing = own.length === replicas ? [] : [`PD knows ${own.length} stores of ${nameOf(member)}, ${replicas} are expected`];
  for (const store of own) {
    const pod = member.pods.find((each) => each.metadata.name === podOf(store.address));
    const podStart = Math.floor(Date.parse(pod?.status.startTime ?? pod?.metadata.creationTimestamp ?? '') / 1_000);
    if (store.state !== 'Up') missing.push(`store ${store.id} (${podOf(store.address)}) is ${store.state}`);
    else if (!sameVersion(store.version, version)) missing.push(`store ${store.id} (${podOf(store.address)}) still reports version ${store.version} to PD`);
    else if (!(store.startTimestamp >= podStart)) missing.push(`store ${store.id} (${podOf(store.address)}) started before its pod: PD's entry is old`);
    else if (store.lastHeartbeatMs < store.startTimestamp * 1_000) missing.push(`store ${store.id} (${podOf(store.address)}) has sent no heartbeat since its start`);
  }
  return missing;
}

/** Captures report a version from v6.3 on; one that reports none is not held against the roll. */
function capturesRun(member: TidbClusterView, { version, replicas }: Target): string[] {
  const captures = Object.entries(member.object.status.ticdc?.captures ?? {});
  const missing = captures.length === replicas ? [] : [`${captures.length} TiCDC captures are registered, ${replicas} are expected`];
  for (const [pod, capture] of captures) {
    if (capture.ready === false) missing.push(`TiCDC capture ${pod} is not ready`);
    else if (capture.version && isAtLeast(capture.version, '0.0.0') && !sameVersion(capture.version, version)) missing.push(`TiCDC capture ${pod} reports ${capture.version}`);
  }
  return missing;
}

/** 6. No evict-leader scheduler is left for the stores of this TidbCluster. */
const nothingLeft: Point = ({ database }, member) =>
  (database?.stores ?? [])
    .filter((store) => database?.evictingStores.includes(store.id) && ownsAddress(member, store.engine, store.address))
    .map((store) => `an evict-leader-scheduler is still there for store ${store.id} (${podOf(store.address)})`);

const points: Point[] = [specAsks, statefulSetDone, podsRun, statusFresh, databaseSays, nothingLeft];

/** Everything that is still missing, in words. Empty: the component runs the target. */
export function missingFor(view: ClusterView, member: TidbClusterView, target: Target): string[] {
  return points.flatMap((point) => point(view, member, target));
}

/** True when nothing but PD's or the operator's word is missing: the pods are through, so it is worth asking often. */
export function podsAreThrough(view: ClusterView, member: TidbClusterView, target: Target): boolean {
  return [specAsks, statefulSetDone, podsRun].every((point) => point(view, member, target).length === 0);
}

/** The small facts that made the proof hold, for the report. */
export function proofFacts(view: ClusterView, member: TidbClusterView, { component, version }: Target): Proof {
  const set = member.statefulSets[component];
  const facts: Proof = {
    version,
    image: desiredImage(member.object.spec, component) ?? '',
    updateRevision: set?.status.updateRevision ?? '',
    pods: podsOf(member, component).map((pod) => `${pod.metadata.name} ${pod.metadata.uid}`),
  };
  const { database } = view;
  if (component === 'pd' && database) facts['members'] = database.members.filter((each) => each.clientUrls.some((url) => ownsAddress(member, 'pd', url))).map((each) => `${each.name} ${each.version} healthy`);
  if ((component === 'tikv' || component === 'tiflash') && database) {
    facts['stores'] = database.stores.filter((store) => ownsAddress(member, component, store.address)).map((store) => `${store.id} ${podOf(store.address)} ${store.version} ${store.state} started ${store.startTimestamp}`);
  }
  return facts;
}

export function describeTarget(member: TidbClusterView, { component, version }: Target): string {
  return `${components[component].title} of ${nameOf(member)} in ${member.kubernetesCluster} runs ${version}`;
}
