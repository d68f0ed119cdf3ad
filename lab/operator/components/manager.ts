/** What is particular to one component in a reconcile pass; everything common is in `component-turn.ts`. */
import type { StatefulSet } from '../../process/kubernetes-objects.ts';
import type { Component } from '../../settings.ts';
import type { PassView, Rolling } from '../view.ts';

export interface Manager {
  component: Component;
  /** Fills the component's status; may end the pass. */
  sync(view: PassView, set: StatefulSet): void;
  /** Ends the pass, or says false, while the component must not be created or changed yet. */
  mayProceed(view: PassView): boolean;
  /** Lets `wanted.replicas` follow the desired number as far as it may now. */
  scale(rolling: Rolling): void;
  /** Called when the template differs or the phase is Upgrade. */
  upgrade(rolling: Rolling): void;
}

/** A component of a TidbCluster with PD needs it to answer first (`PDIsAvailable`). */
export function isPdAvailable(view: PassView): boolean {
  const { pd } = view.status;
  const healthy = Object.values({ ...pd?.members, ...pd?.peerMembers }).filter((member) => (member as { health?: boolean }).health === true);
  return view.cluster.spec.pd ? pd?.synced === true && healthy.length > 0 : view.database?.leader !== undefined;
}

/** At least one Up store, here or at a peer (`TiKVIsAvailable`). */
export function isTikvAvailable(view: PassView): boolean {
  const stores = Object.values({ ...view.status.tikv?.stores, ...view.status.tikv?.peerStores });
  return stores.some((store) => store.state === 'Up') || (!view.cluster.spec.tikv && view.database?.stores.some((store) => store.engine === 'tikv' && store.state === 'Up') === true);
}
