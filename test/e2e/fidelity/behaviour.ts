/** What one row of the differential suite is: something a runbook relies on, and how it is looked at in a lab. */
import type { Ground } from './ground.ts';

/**
 * Who gives the answer. Only the operator differs between the two labs by design; the database's own answers come from the same
 * twin in both, and etcd's member API from a real etcd beside the real operator.
 */
export type Judge = 'operator' | 'etcd' | 'database twin' | 'Kubernetes';

export interface Behaviour {
  id: string;
  title: string;
  /** Where the fact comes from: a section of the domain notes (§), an observed row (#), or a source file of tidb-operator v1.6.6. */
  source: string;
  /** The runbook or guard that would be wrong without it. */
  reliedOnBy: string;
  judge: Judge;
  /** What the facts say will be seen; undefined where they leave it open. */
  documented?: string;
  /** A short phrase of what was seen: order instead of times, no random ids. Equal phrases mean agreement. */
  observe: (ground: Ground) => Promise<string>;
}

/** Behaviours about one matter, by id. */
export type Topic = Record<string, Omit<Behaviour, 'id'>>;

/** Behaviours that share one TiDB cluster, looked at in this order. */
export interface Group {
  name: string;
  behaviours: Behaviour[];
}

export const notObserved = (reason: string): Promise<string> => Promise.resolve(`not observed: ${reason}`);
