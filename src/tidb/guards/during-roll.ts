/**
 * Guards while a component rolls. The one pod that the roll itself has down does not count; anything else that turns bad between
 * two pods does, and the brake then freezes the roll before the operator takes the next pod.
 */
import type { Component } from '../components.ts';
import { labels } from '../components.ts';
import { ownsAddress, podOf } from '../names.ts';
import { expectedPods, isPodUp, podsOf } from '../rolling.ts';
import { specOf } from '../spec.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';
import type { Reason } from '../../protocol/outcome.ts';
import { passing } from './guard.ts';
import type { Guard } from './guard.ts';
import { databaseAnswers, leaderExists, regionsWhole } from './database.ts';
import { discoveryServes } from './discovery.ts';

/** A PD member or store that is not well, and the pod it runs in. */
interface Ailing {
  pod: string;
  /** True when it belongs to the component and TidbCluster that roll. */
  inRoll: boolean;
  reason: Reason;
}

/**
 * Pods of the rolling component that the roll has taken down or just brought back: missing, leaving, not up, or already of the new
 * revision (a store of such a pod may still be on its way to PD).
 */
export function podsInTransit(member: TidbClusterView, component: Component): Set<string> {
  const revision = member.statefulSets[component]?.status.updateRevision;
  const pods = new Map(podsOf(member, component).map((pod) => [pod.metadata.name, pod]));
  const transit = expectedPods(member, component, specOf(member.object.spec, component)?.replicas ?? 0).filter((name) => {
    const pod = pods.get(name);
    return !pod || !isPodUp(pod) || pod.metadata.labels[labels.revision] === revision;
  });
  return new Set(transit);
}

function ailing(view: ClusterView, member: TidbClusterView, component: Component): Ailing[] {
  const { database } = view;
  if (!database) return [];
  const members = database.members
    .filter((each) => each.healthy !== true)
    .map((each) => {
      const url = each.clientUrls[0] ?? each.peerUrls[0] ?? '';
      return { pod: podOf(url), inRoll: component === 'pd' && ownsAddress(member, 'pd', url), reason: passing(`pd-member/${podOf(url)}`, `PD member ${podOf(url)} is not healthy in PD's own view while ${component} rolls in ${member.kubernetesCluster}`) };
    });
  const stores = database.stores
    .filter((store) => store.state !== 'Up' && store.state !== 'Tombstone')
    .map((store) => ({
      pod: podOf(store.address),
      // No roll makes a store Offline: somebody takes it out.
      inRoll: component === store.engine && store.state !== 'Offline' && ownsAddress(member, store.engine, store.address),
      reason: passing(`store/${store.id}/${store.state}`, `store ${store.id} (${podOf(store.address)}) is ${store.state} while ${component} rolls in ${member.kubernetesCluster}`),
    }));
  return [...members, ...stores];
}

/** Everything that is not well except the one pod that this roll has down. With two of its own down, all are said. */
export const onlyTheRollingPodIsDown: Guard = (view, { member, component }) => {
  if (!component) return [];
  const transit = podsInTransit(member, component);
  const bad = ailing(view, member, component);
  const allowed = new Set(bad.filter((each) => each.inRoll && transit.has(each.pod)).map((each) => each.pod));
  return bad.filter((each) => allowed.size > 1 || !(each.inRoll && allowed.has(each.pod))).map((each) => each.reason);
};

/** Between two pods, with all pods of the roll up, no region may be short; while one is down its replicas are. */
export const regionsWholeBetweenPods: Guard = (view, change) => {
  if (!change.component) return [];
  const replicas = specOf(change.member.object.spec, change.component)?.replicas ?? 0;
  const up = podsOf(change.member, change.component).filter(isPodUp).length;
  // Pending peers flicker after every restart (§5.6): they delay the next step, not the next pod.
  return up < replicas ? [] : regionsWhole(view, change).filter((reason) => reason.key !== 'regions/pending-peer');
};

export const guardsDuringRoll: readonly Guard[] = [databaseAnswers, leaderExists, onlyTheRollingPodIsDown, regionsWholeBetweenPods, discoveryServes];
