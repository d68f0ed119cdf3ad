/** The list of behaviours, grouped by the TiDB cluster on which they are looked at. The order inside a group matters: one leads to the next. */
import { across } from './behaviours/across.ts';
import { domainsOfDoomed, domainsOfLone } from './behaviours/domains.ts';
import { exit } from './behaviours/exit.ts';
import { leftOut } from './behaviours/not-observed.ts';
import { lastOfDoomed, pdApi, pdApiOfDoomed } from './behaviours/pd-api.ts';
import { rolling } from './behaviours/rolling.ts';
import { silentStates } from './behaviours/silent-states.ts';
import { writers } from './behaviours/writers.ts';
import type { Behaviour, Group } from './behaviour.ts';

/** Deployments do not touch each other: the groups are looked at side by side. */
export const groups: Group[] = [
  // Events and defaults of a deployment first: the operator's events about one object run dry after 25.
  { name: 'a lone TidbCluster', behaviours: [...writers, ...rolling, ...silentStates, ...domainsOfLone] },
  { name: 'three TidbClusters of one TiDB cluster', behaviours: [...pdApi, ...across, ...exit] },
  { name: 'a TidbCluster that is thrown away', behaviours: [...pdApiOfDoomed, ...domainsOfDoomed, ...lastOfDoomed] },
  { name: 'no TidbCluster', behaviours: leftOut },
];

export const behaviours: Behaviour[] = groups.flatMap((group) => group.behaviours);
