/** Why does a roll not go on? In words, from pod status, events, the operator and PD (peers-and-faults 3.1, row 11). */
import type { Reason } from '../protocol/outcome.ts';
import { components } from './components.ts';
import type { Component } from './components.ts';
import { passing } from './guards/guard.ts';
import type { Guard } from './guards/guard.ts';
import { operatorAlive, passesValidation } from './guards/tidb-clusters.ts';
import { ownsAddress, podOf } from './names.ts';
import type { KubernetesEvent, Pod } from './objects.ts';
import { podsOf } from './rolling.ts';
import { desiredImage, specOf, statusOf } from './spec.ts';
import type { ClusterView, TidbClusterView } from './view.ts';

const imageTroubles = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];
const crashTroubles = ['CrashLoopBackOff', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

/** The last lines of a pod's log, fetched only for a pod that crashes. */
export type LogLines = Record<string, string[]>;

/** Troubles of a pod that do not need patience to be recognised. */
function podTrouble(pod: Pod, logs: LogLines): Reason[] {
  const name = pod.metadata.name;
  const reasons: Reason[] = [];
  for (const { name: container, state, restartCount } of pod.status.containerStatuses) {
    const waiting = state?.waiting;
    if (!waiting) continue;
    if (imageTroubles.includes(waiting.reason)) reasons.push(passing(`image/${name}/${container}`, `pod ${name} cannot pull its image (${waiting.reason}): ${waiting.message}`));
    if (crashTroubles.includes(waiting.reason)) {
      const last = logs[name]?.length ? `; its log ends: ${logs[name].join(' | ')}` : '';
      reasons.push(passing(`crash/${name}/${container}`, `pod ${name} does not start (${waiting.reason}, ${restartCount} restarts): ${waiting.message}${last}`));
    }
  }
  const unschedulable = pod.status.conditions.find((each) => each.type === 'PodScheduled' && each.status === 'False');
  if (unschedulable) reasons.push(passing(`unschedulable/${name}`, `pod ${name} cannot be scheduled: ${unschedulable.message ?? unschedulable.reason ?? ''}`));
  return reasons;
}

/** Reasons that are certain as soon as they are seen. */
export function certainTroubles(view: ClusterView, member: TidbClusterView, component: Component, logs: LogLines = {}): Reason[] {
  const change = { member, component };
  const ask = (guard: Guard): Reason[] => guard(view, change);
  return [...podsOf(member, component).flatMap((pod) => podTrouble(pod, logs)), ...ask(passesValidation), ...ask(operatorAlive)];
}

export function crashingPods(member: TidbClusterView, component: Component): string[] {
  return podsOf(member, component)
    .filter((pod) => pod.status.containerStatuses.some(({ state }) => crashTroubles.includes(state?.waiting?.reason ?? '')))
    .map((pod) => pod.metadata.name);
}

/** Leaders that do not leave a store from which they are evicted: the operator would wait 1500 minutes (§2.4, Ⓞ7). */
function stuckLeaders({ database }: ClusterView, member: TidbClusterView, component: Component): Reason[] {
  if (component !== 'tikv' || !database) return [];
  return database.stores
    .filter((store) => database.evictingStores.includes(store.id) && store.leaderCount > 0 && ownsAddress(member, 'tikv', store.address))
    .map((store) => passing(`leaders/${store.id}`, `${store.leaderCount} region leaders do not leave store ${store.id} (${podOf(store.address)}): look for regions whose only voter is there, and at PD's operators and placement rules`));
}

/** The new version is in the spec, and the StatefulSet keeps the old template without a word (§2.2). */
function gated(member: TidbClusterView, component: Component): Reason[] {
  const image = member.statefulSets[component]?.spec.template.spec.containers.find((container) => container.name === component)?.image;
  if (image === desiredImage(member.object.spec, component)) return [];
  const blocking = (Object.keys(components) as Component[]).filter((each) => each !== component && specOf(member.object.spec, each) && ['Upgrade', 'Scale'].includes(statusOf(member.object, each)?.phase ?? ''));
  const why = blocking.length > 0 ? `it waits for ${blocking.map((each) => `${components[each].title} (phase ${statusOf(member.object, each)?.phase ?? ''})`).join(', ')}` : 'no other component is in phase Upgrade or Scale: look at the operator';
  return [passing(`gated/${member.key}/${component}`, `the operator keeps the old template of ${components[component].title}: ${why}`)];
}

const tellingEvents = ['FailedScaleIn', 'FailedCreate', 'FailedUpdate', 'FailedMount', 'FailedAttachVolume', 'FailedScheduling', 'ProvisioningFailed'];

/** Warning events on the component's objects and volume claims: quota, volumes, refusals of the operator. The newest of each kind. */
function eventsSay(member: TidbClusterView, component: Component): Reason[] {
  const telling = member.events
    .filter((event) => event.type === 'Warning' && tellingEvents.some((name) => event.reason.startsWith(name)) && concerns(member, component, event))
    .sort((a, b) => timeOf(a) - timeOf(b));
  const newest = new Map(telling.map((event) => [event.reason, event.message]));
  return [...newest].map(([reason, message]) => passing(`event/${member.key}/${component}/${reason}`, `event ${reason}: ${message}`));
}

function concerns(member: TidbClusterView, component: Component, { involvedObject: { kind, name } }: KubernetesEvent): boolean {
  const pods = podsOf(member, component).map((pod) => pod.metadata.name);
  // A claim is called `<volume>-<pod>`.
  if (kind === 'PersistentVolumeClaim') return pods.some((pod) => name.endsWith(`-${pod}`));
  return [member.object.metadata.name, member.statefulSets[component]?.metadata.name, ...pods].includes(name);
}

function timeOf({ lastTimestamp, eventTime, firstTimestamp }: KubernetesEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? '') || 0;
}

/** The line that the start script prints while discovery does not answer; official images without wget print it for ever (§4.1). */
const waitingForPd = 'waiting for the verification of PD endpoints';

function logsSay(logs: LogLines): Reason[] {
  return Object.entries(logs)
    .filter(([, lines]) => lines.some((line) => line.includes(waitingForPd)))
    .map(([pod]) => passing(`discovery/${pod}`, `pod ${pod} prints "${waitingForPd}": the discovery pod does not answer, or the image has no wget`));
}

/** All that can be said about a roll that makes no progress; when nothing is found, what is still missing. */
export function explainStall(view: ClusterView, at: { member: TidbClusterView; component: Component; logs: LogLines; missing: string[] }): Reason[] {
  const { member, component, logs, missing } = at;
  const found = [...certainTroubles(view, member, component, logs), ...stuckLeaders(view, member, component), ...gated(member, component), ...eventsSay(member, component), ...logsSay(logs)];
  return found.length > 0 ? found : [passing(`no-progress/${member.key}/${component}`, `no progress: ${missing.join('; ')}`)];
}

/** What must change for a roll to count as moving. */
export function progressSignature(view: ClusterView, member: TidbClusterView, component: Component): string {
  const set = member.statefulSets[component]?.status;
  const pods = podsOf(member, component).map((pod) => [pod.metadata.uid, pod.metadata.deletionTimestamp ?? '', pod.status.phase, pod.status.conditions.map((each) => each.status).join('')]);
  const stores = (view.database?.stores ?? []).map((store) => [store.id, store.state, store.version, view.database?.evictingStores.includes(store.id) ? store.leaderCount : 0]);
  const members = (view.database?.members ?? []).map((each) => [each.name, each.healthy, each.version]);
  const { 'pending-peer': pending, ...regions } = view.database?.regions ?? {};
  // Pending peers flicker in a busy cluster: they are progress only when they are what the pods' own roll has left behind.
  const left = set?.updatedReplicas === set?.replicas ? pending : undefined;
  return JSON.stringify([set?.updatedReplicas, set?.readyReplicas, set?.updateRevision, statusOf(member.object, component)?.phase, pods, stores, members, regions, left]);
}
