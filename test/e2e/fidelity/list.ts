/** The list of behaviours, grouped by the TiDB cluster on which they are looked at. The order inside a group matters: one leads to the next. */
import { across } from './behaviours/across.ts';
import { domainsOfDoomed, domainsOfLone } from './behaviours/domains.ts';
import { exit } from './behaviours/exit.ts';
import { leftOut } from './behaviours/not-observed.ts';
import { lastOfDoomed, pdApi, pdApiOfDoomed } from './behaviours/pd-api.ts';
import { repairs } from './behaviours/repair.ts';
import { rolling } from './behaviours/rolling.ts';
import { silentStates } from './behaviours/silent-states.ts';
import { writers } from './behaviours/writers.ts';
import type { Behaviour, Group, Topic } from './behaviour.ts';

const of = (...topics: Topic[]): Behaviour[] => topics.flatMap((topic) => Object.entries(topic).map(([id, behaviour]) => ({ id, ...behaviour })));

/** Deployments do not touch each other: the groups are looked at side by side. */
export const groups: Group[] = [
  { name: 'a lone TidbCluster', behaviours: of(writers, rolling, silentStates, domainsOfLone, repairs) },
  { name: 'three TidbClusters of one TiDB cluster', behaviours: of(pdApi, across, exit) },
  { name: 'a TidbCluster that is thrown away', behaviours: of(pdApiOfDoomed, domainsOfDoomed, lastOfDoomed) },
  { name: 'no TidbCluster', behaviours: of(leftOut) },
];

export const behaviours: Behaviour[] = groups.flatMap((group) => group.behaviours);
