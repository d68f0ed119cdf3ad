/** The gates: which guards are asked when. All of them speak, not only the first. */
import { databaseAnswers, leaderExists, majorityStays, membersHealthy, nobodyEvicts, regionsWhole, storesUp } from './database.ts';
import { discoveryServes } from './discovery.ts';
import type { Guard } from './guard.ts';
import { certificatesValid, nobodyRolls, noTiproxyAcross, notDeleting, noUnknownParts, notPaused, notSuspended, oneDatabase, operatorAlive, passesValidation, peersKnown } from './tidb-clusters.ts';

/** The database is whole: what must hold before a step begins and after it ended. */
export const databaseIsWhole: readonly Guard[] = [databaseAnswers, membersHealthy, leaderExists, storesUp, regionsWhole];

/** Before anything is rolled. */
export const beforeRoll: readonly Guard[] = [
  ...databaseIsWhole,
  majorityStays,
  nobodyEvicts,
  noUnknownParts,
  oneDatabase,
  notPaused,
  notSuspended,
  notDeleting,
  passesValidation,
  noTiproxyAcross,
  nobodyRolls,
  operatorAlive,
  peersKnown,
  discoveryServes,
  certificatesValid,
];

/** What matters only to pods that restart. */
const ofRestarts: readonly Guard[] = [peersKnown, majorityStays, discoveryServes];

/** Before a patch that must roll nothing. */
export const beforeSettling: readonly Guard[] = beforeRoll.filter((guard) => !ofRestarts.includes(guard));

/** While a step waits: states of its TidbCluster in which the operator does not act. */
export const standingGuards: readonly Guard[] = [notPaused, notSuspended, notDeleting];
