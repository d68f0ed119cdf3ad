/**
 * Discovery, which with acrossK8s the pods of TiKV, TiDB and the others ask for PD at every start (§4.1). While it is gone each pod that a roll restarts
 * hangs; PD calls its store Up for another 20 s (Ⓞ4), long enough for the operator to take the next one as well. The brake is set for it too: frozen,
 * the operator restarts no pod more, and still looks after discovery (tidb-operator v1.6 tidb_discovery_manager.go).
 */
import { labels } from '../components.ts';
import type { Pod } from '../objects.ts';
import { isPodUp } from '../rolling.ts';
import type { TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import type { Reason } from '../../protocol/outcome.ts';
import { passing } from './guard.ts';
import type { Guard } from './guard.ts';

/**
 * Every TidbCluster with acrossK8s has discovery, also one without PD; without acrossK8s nobody asks it, and without PD as well there is none (the same file).
 * Whatever component rolls: PD that has data does not ask it, but what rolls after PD does.
 */
export const discoveryServes: Guard = (_view, { member }) => (member.object.spec.acrossK8s ? saidOf(member) : []);

/** For a patch that brings acrossK8s to a TidbCluster with PD: its pods will ask from then on. */
export const discoveryWillServe: Guard = (_view, { member }) => (member.object.spec.acrossK8s ? [] : saidOf(member));

function saidOf(member: TidbClusterView): Reason[] {
  const pods = member.pods.filter((pod) => pod.metadata.labels[labels.component] === 'discovery');
  if (pods.some(isPodUp)) return [];
  const what = pods[0] ? `its discovery pod ${pods[0].metadata.name} does not run (${stateOf(pods[0])})` : 'it has no discovery pod';
  return [passing(`discovery-pod/${member.key}`, `TidbCluster ${nameOf(member)} in ${member.kubernetesCluster}: ${what}; with acrossK8s the pods of TiKV, TiDB and the others ask it at every start and hang until it answers`)];
}

function stateOf({ status }: Pod): string {
  const waiting = status.containerStatuses.map(({ state }) => state?.waiting?.reason).find((reason) => reason !== undefined);
  return waiting ?? status.phase ?? 'state unknown';
}
