/**
 * Discovery, which the pods of TiKV, TiDB and the others ask for PD at every start once acrossK8s is set (§4.1). While it is gone each pod that the
 * roll restarts hangs; PD calls its store Up for another 20 s (Ⓞ4), long enough for the operator to take the next one as well.
 */
import { labels } from '../components.ts';
import { passing } from '../guards/guard.ts';
import type { Guard } from '../guards/guard.ts';
import { guardsDuringRoll } from '../guards/during-roll.ts';
import type { Pod } from '../objects.ts';
import { isPodUp } from '../rolling.ts';
import { nameOf } from '../view.ts';

export const discoveryServes: Guard = (_view, { member }) => {
  const pods = member.pods.filter((pod) => pod.metadata.labels[labels.component] === 'discovery');
  if (pods.some(isPodUp)) return [];
  const what = pods[0] ? `its discovery pod ${pods[0].metadata.name} does not run (${stateOf(pods[0])})` : 'it has no discovery pod';
  return [passing(`discovery-pod/${member.key}`, `TidbCluster ${nameOf(member)} in ${member.kubernetesCluster}: ${what}; with acrossK8s the pods of TiKV, TiDB and the others ask it at every start and hang until it answers`)];
};

function stateOf({ status }: Pod): string {
  const waiting = status.containerStatuses.map(({ state }) => state?.waiting?.reason).find((reason) => reason !== undefined);
  return waiting ?? status.phase ?? 'state unknown';
}

/** The brake is set for discovery as well: frozen, the operator restarts no pod more, and still looks after discovery (tidb-operator v1.6 tidb_discovery_manager.go). */
export const duringRollToAcross: Guard = (view, change) => (change.component ? [...guardsDuringRoll, discoveryServes].flatMap((guard) => guard(view, change)) : []);
