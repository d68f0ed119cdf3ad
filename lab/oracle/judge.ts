/** The judge: reads what the API servers and the twins wrote down, and says which invariants held. Knows nothing of the product's code. */
import { gatherEvidence } from './evidence.ts';
import type { Sources } from './evidence.ts';
import type { Finding } from './finding.ts';
import { foreignBrakesStand } from './invariants/brakes.ts';
import { exitInStages } from './invariants/exit-stages.ts';
import { onlyExpectedFields } from './invariants/expected-fields.ts';
import { oneDisruptionAtATime } from './invariants/one-disruption.ts';
import { orderOf, upgradeInOrder } from './invariants/order.ts';
import { pdKeepsItsMajority } from './invariants/pd-majority.ts';
import { peerUrlsWithCare } from './invariants/peer-urls.ts';
import { noSecretEscapes } from './invariants/secrets.ts';
import type { PlantedSecrets } from './invariants/secrets.ts';
import { settlingRollsNothing } from './invariants/settling.ts';
import { storesStayUp } from './invariants/stores-up.ts';
import { wholeBeforeEveryStep } from './invariants/whole-before-step.ts';
import type { TidbClusterName } from './places.ts';
import { countReads } from './reads.ts';
import type { Reads, Window } from './reads.ts';
import type { Change } from './tidb-cluster-history.ts';

export interface Case extends Sources {
  /** "Nothing seen" breaks the invariants that an upgrade must put to the test: all but brakes, secrets and settling. */
  expectChanges?: boolean;
  /** The author may write what a migration to across-Kubernetes writes. */
  migrates?: boolean;
  /** The Up TiKV stores must stay above this number, such as `max-replicas` minus one. */
  storesFloor?: number;
  /** The TidbCluster that leaves: it may be scaled in and deleted with what is its, and references may change. */
  leaving?: TidbClusterName;
  secrets?: PlantedSecrets;
  /** Where reads per second are wanted. */
  windows?: readonly Window[];
}

export interface JudgedChange {
  /** When it was carried out; ISO. */
  at: string;
  /** User and user agent. */
  by: string;
  kubernetesCluster: string;
  namespace: string;
  tidbCluster: string;
  /** Such as `spec.tikv.version v8.5.3 → v8.5.4`. */
  what: string;
  /** The answer's HTTP status. */
  code: number;
}

export interface Verdict {
  invariants: Finding[];
  /** What truly changed in the TidbClusters, by everybody, over the whole log. */
  changes: JudgedChange[];
  /** In which order the author's changes of versions came, such as `pd/east`. */
  order: string[];
  /** By the name of the Kubernetes cluster. */
  reads: Record<string, Reads>;
  /** What is lost of the logs, in sentences: a verdict over such logs is weaker. */
  gaps: string[];
}

/** Throws a sentence when a log is missing, cannot be read or does not know a TidbCluster: then nothing is held, and nothing broken. */
export async function judge(given: Case): Promise<Verdict> {
  const evidence = await gatherEvidence(given);
  const mustSee = given.expectChanges ?? false;
  return {
    invariants: [
      oneDisruptionAtATime(evidence, mustSee),
      pdKeepsItsMajority(evidence, mustSee),
      storesStayUp(evidence, mustSee, given.storesFloor),
      upgradeInOrder(evidence, mustSee && !given.leaving),
      ...(given.leaving ? [exitInStages(evidence, mustSee, given.leaving)] : []),
      onlyExpectedFields(evidence, mustSee, { leaving: given.leaving, migrates: given.migrates }),
      foreignBrakesStand(evidence),
      wholeBeforeEveryStep(evidence, mustSee),
      await noSecretEscapes(evidence, given.events, given.secrets),
      settlingRollsNothing(evidence),
      ...(given.migrates ? [peerUrlsWithCare(evidence, mustSee)] : []),
    ],
    changes: evidence.changes.map(judgedChange),
    order: orderOf(evidence),
    reads: countReads(evidence, Object.keys(given.auditLogs), given.windows ?? []),
    gaps: evidence.gaps,
  };
}

function judgedChange({ request, what }: Change): JudgedChange {
  const { at, user, userAgent, kubernetesCluster, namespace, name, code } = request;
  return { at: new Date(at).toISOString(), by: userAgent === '' ? user : `${user} (${userAgent})`, kubernetesCluster, namespace, tidbCluster: name, what, code };
}
