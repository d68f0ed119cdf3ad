/** Writes down when a StatefulSet of a database begins to roll and when all its pods are of the newest revision again. */
import { componentOf } from '../node/container-inputs.ts';
import type { RecordFact } from '../event-log.ts';
import type { Pod, StatefulSet } from './kubernetes-objects.ts';

export class RolloutDiary {
  readonly #kubernetesCluster: string;
  readonly #record: RecordFact;
  readonly #databaseOf: (set: StatefulSet) => string;
  readonly #rolling = new Map<string, boolean>();

  constructor(kubernetesCluster: string, record: RecordFact, databaseOf: (set: StatefulSet) => string) {
    this.#kubernetesCluster = kubernetesCluster;
    this.#record = record;
    this.#databaseOf = databaseOf;
  }

  see(set: StatefulSet, gone: boolean): void {
    // A StatefulSet bears the same labels as its pods.
    const component = componentOf(set as unknown as Pod);
    if (!component) return;
    const { uid, namespace, labels } = set.metadata;
    if (gone) return void this.#rolling.delete(uid);
    const rolling = isRolling(set);
    if (rolling === undefined || this.#rolling.get(uid) === rolling) return;
    this.#rolling.set(uid, rolling);
    this.#record({
      kind: rolling ? 'component-rolling' : 'component-settled',
      database: this.#databaseOf(set), kubernetesCluster: this.#kubernetesCluster, namespace, tidbCluster: labels?.['app.kubernetes.io/instance'], component,
      revision: set.status.updateRevision, replicas: set.spec.replicas,
    });
  }
}

/** Undefined while neither can be said: between a write and the controller's answer to it. */
export function isRolling({ metadata, spec, status }: StatefulSet): boolean | undefined {
  if (status.currentRevision !== status.updateRevision) return true;
  const isSeen = (status.observedGeneration ?? 0) >= metadata.generation;
  const isComplete = status.replicas === spec.replicas && (status.readyReplicas ?? 0) === spec.replicas;
  return isSeen && isComplete ? false : undefined;
}
