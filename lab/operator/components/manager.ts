/** What is particular to one component in a reconcile pass; everything common is in `component-turn.ts`. */
import type { StatefulSet } from '../../process/kubernetes-objects.ts';
import type { Component } from '../../settings.ts';
import { membersOf } from '../status.ts';
import type { PassView, Rolling } from '../view.ts';

export interface Manager {
  component: Component;
  /** Ends the pass, before the status is looked at, while what the component stands on is not available. */
  require?(view: PassView): void;
  /** Fills the component's status; may end the pass. */
  sync(view: PassView, set: StatefulSet): void;
  /** Ends the pass, or says false, while the component must not be created or changed yet. */
  mayProceed(view: PassView): boolean;
  /** True when the new template is to be written at once, for all pods and without any look at health; the pass ends with it. */
  isForced?(rolling: Rolling): boolean;
  /** Lets `wanted.replicas` follow the desired number as far as it may now. */
  scale(rolling: Rolling): void;
  /** Called when the template differs or the phase is Upgrade. */
  upgrade(rolling: Rolling): void;
}

/** A majority of the wanted and the peer members is healthy, by status (`PDIsAvailable`); true without PD here. */
export function isPdAvailable({ status: { pd }, cluster: { spec } }: PassView): boolean {
  if (!spec.pd) return true;
  const [own, peers] = [Object.values(membersOf(pd)), Object.values(pd?.peerMembers ?? {})];
  const needed = Math.floor((spec.pd.replicas + peers.length) / 2) + 1;
  const healthyPeers = peers.filter(({ health }) => health).length;
  const healthy = own.filter(({ health }) => health).length + healthyPeers;
  return own.length + peers.length >= needed && healthy >= needed && (pd?.statefulSet?.readyReplicas ?? 0) + healthyPeers >= needed;
}

/** At least one Up store and one ready pod, here or at a peer, by status (`TiKVIsAvailable`); true without TiKV here. */
export function isTikvAvailable({ status: { tikv }, cluster: { spec } }: PassView): boolean {
  if (!spec.tikv) return true;
  const isUp = ({ state }: { state: string }): boolean => state === 'Up';
  const upPeers = Object.values(tikv?.peerStores ?? {}).filter(isUp).length;
  const isSomeUp = upPeers > 0 || Object.values(tikv?.stores ?? {}).some(isUp);
  return isSomeUp && tikv?.statefulSet !== undefined && (tikv.statefulSet.readyReplicas ?? 0) + upPeers > 0;
}
