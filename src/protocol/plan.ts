/** The plan: the ordered steps for the state observed now, as data. Made by a pure planner inside an activity, so that history keeps it. */
import type { JsonObject } from './json.ts';
import type { Reason } from './outcome.ts';
import type { Place } from './place.ts';

/** One change and its proof. The workflow reads all fields but `input`, which belongs to the kind of step. */
export interface PlannedStep {
  /** Stable and unique in the plan: `<component>/<kubernetes cluster>`, e.g. `tikv/west`. */
  id: string;
  /** Which pair of apply and wait carries it out, e.g. `roll-component`. */
  kind: string;
  /** One line for a person: `TiKV in west: v8.5.3 → v8.5.4`. */
  title: string;
  /** What the step belongs to; the gate `component` opens before the first step of each. */
  component: string;
  /** The Kubernetes cluster it changes; the gate `tidbcluster` opens before the first step of each. */
  kubernetesCluster: string;
  /** True when the proof already held when the plan was made. */
  alreadyDone: boolean;
  /** A question of its own, e.g. with the exact list of what is deleted: the gate `step/<id>` then opens at every level but `none`. */
  gate?: string;
  input: JsonObject;
}

export interface Plan {
  runbook: string;
  /** Inventory name of the TiDB cluster. */
  cluster: string;
  /** PD's cluster id as a decimal string: it exceeds 2^53. */
  clusterId: string;
  /** One sentence: what this plan does. */
  summary: string;
  /** A TidbCluster that is there at every moment of the run, when that is not the initial one: from it the others are found. */
  anchor?: Place;
  steps: PlannedStep[];
  /** What a person must know before approving: no downgrade, what is not held, warnings. */
  notes: string[];
  /** Measured when the plan was made, for the person who approves: sizes, regions, who is healthy. They change every moment, so they are not part of the hash. */
  figures?: string[];
  /** Guards that speak now. They do not stop the plan; the first step holds until they are silent. Not part of the hash. */
  holds: Reason[];
  /** SHA-256 (first 12 hex digits) over everything above but `figures` and `holds`: what will be done and must be known, not what was measured. An approval names it. */
  hash: string;
}
