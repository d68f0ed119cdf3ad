/**
 * The diary of the twins: one JSON line per fact, in `<directory>/events.jsonl`. A judge reads it together with the audit
 * logs of the API servers; nothing in it comes from the product under test.
 *
 * Every line has `time` (ISO), `kind` and, where it concerns one, `database` (name of the TiDB cluster),
 * `kubernetesCluster`, `namespace`, `tidbCluster`, `component`, `pod`. The kinds and what else they carry:
 *
 * | kind | meaning | further fields |
 * | --- | --- | --- |
 * | pod-created | a pod was seen for the first time | image |
 * | pod-deleted | deletion was asked for: the component stops serving now | |
 * | pod-gone | the pod object was removed | |
 * | pod-started | its container runs | image, attempt (0 = first container of this pod) |
 * | pod-failed | its container crashed, its image cannot be pulled, or it cannot be placed | reason, message |
 * | pod-ready / pod-unready | condition Ready changed | |
 * | member-joined / member-left | PD's member list changed | member, members |
 * | member-up / member-down | a PD member began or ceased to serve | member, alive, members |
 * | pd-leader | PD's leader changed; none when `leader` is null | leader, alive, members |
 * | store-state | PD's name for a store's state changed | store, from, to, engine, up (TiKV stores Up in the database), version |
 * | store-back / store-away | its process serves, or ceased to (long before PD says Disconnected) | store, engine, version, serving of stores (TiKV in the database, Tombstones left out) |
 * | eviction-begin / eviction-end | evict-leader scheduler of a store | store, leaders |
 * | leaders | number of region leaders on a store under eviction | store, leaders |
 * | region-shortage | regions with missing, pending or down peers changed | missing, pending, down |
 * | component-rolling | a StatefulSet has two revisions | revision, replicas |
 * | component-settled | all pods of the StatefulSet are of the newest revision and ready | revision, replicas |
 * | ddl-paused / ddl-resumed | `/upgrade/start`, `/upgrade/finish` | by |
 * | fault-on / fault-off | the switchboard | fault |
 * | call-held | a fault holds a call to an API server or, where there is a `pod`, to PD | moment (before or after it is carried out), method, path, body (of PD's) |
 * | operator-stopped / operator-started, api-server-stopped / api-server-started | | |
 * | database-bootstrapped | a new, empty TiDB cluster came to be | clusterId |
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Fact {
  kind: string;
  database?: string | undefined;
  kubernetesCluster?: string | undefined;
  namespace?: string | undefined;
  tidbCluster?: string | undefined;
  component?: string | undefined;
  pod?: string | undefined;
  [more: string]: unknown;
}

export type RecordFact = (fact: Fact) => void;

/** Writes facts in the order in which they happen. A line is on disk before `record` returns: a crash loses nothing. */
export class EventLog {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
    mkdirSync(dirname(file), { recursive: true });
  }

  readonly record: RecordFact = (fact) => {
    appendFileSync(this.file, `${JSON.stringify({ time: new Date().toISOString(), ...fact })}\n`);
  };
}
