/**
 * What a kind of step has to say. The order of acting (read, ask all guards, write once, wait for the proof) is the same for all
 * kinds and stands in apply-step.ts and wait-step.ts; a kind is a pure description of one change and its proof.
 */
import type { JsonObject } from '../../protocol/json.ts';
import type { ResourceRef } from '../../kubernetes/resources.ts';
import type { Proof, Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import type { Component } from '../../tidb/components.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import type { PeerPlace } from '../../tidb/peer-url.ts';
import type { ClusterView, TidbClusterView } from '../../tidb/view.ts';
import type { More } from '../observing/target.ts';

/** One write of a change, as data; src/activities/write.ts carries it out. */
export type Write =
  /** A merge patch on the step's TidbCluster, on the resource version that was read. */
  | { write: 'patch-tidb-cluster'; patch: JsonObject }
  /** A merge patch on another object, when it is still the one of this uid. */
  | { write: 'patch-object'; kubernetesCluster: string; object: NamedObject; patch: JsonObject }
  /** A deletion, when it is still the object of this uid. What is gone already is no error. */
  | { write: 'delete-object'; kubernetesCluster: string; object: NamedObject }
  /** PD is asked to take the removal of a store back. One that is buried already is no error. */
  | { write: 'store-up'; storeId: string }
  /** The evict-leader-scheduler of a store is removed from PD. */
  | { write: 'end-eviction'; storeId: string }
  /** A new object, its name made by the API server from `generateName`. */
  | { write: 'create-object'; kubernetesCluster: string; object: ResourceRef; body: JsonObject }
  /** The one peer URL of a PD member, in etcd's membership; judged once more against what etcd lists at that moment. */
  | { write: 'member-peer-url'; memberId: string; peerUrl: string; place: PeerPlace };

export type NamedObject = ResourceRef & { name: string; uid: string };

/** A view in which the step's own TidbCluster is named; of a kind that outlives it (`more.remainsOf`), a surviving one once it is gone. */
export interface Scene {
  view: ClusterView;
  member: TidbClusterView;
}

/** One step, its input parsed. */
export interface StepKind {
  /** The component that rolls; undefined when nothing may roll. The brake and the stall reasons follow from it. */
  readonly rolls: Component | undefined;
  /** For a change that rolls several components one after the other: the one whose turn it is. */
  rollsNow?(scene: Scene): Component | undefined;
  /** Asked, all of them, before the change. */
  readonly guards: readonly Guard[];
  /** Asked also while the step waits: what nobody may change meanwhile. */
  readonly standing: readonly Guard[];
  /** Changes nothing by its nature: it is waited for even when its proof holds at the first look. */
  readonly provesOnly?: true;
  /** What must be well before it ends; absent: the whole database. */
  readonly whole?: readonly Guard[];
  /** What freezes the TidbCluster by the brake when it turns bad while the step waits; absent: the guards during a roll, if it rolls. */
  readonly alarms?: readonly Guard[];
  /** Deletes its TidbCluster: that this is being deleted is then no reason to hold. */
  readonly deletes?: true;
  /** The plan found its change asked for: when it needs no write, it is somebody else's. */
  readonly askedBefore?: boolean;
  /** What its looks read beyond the usual. */
  readonly more?: More;
  /** No progress for this long is a stall. Milliseconds; absent: the limit of the component that rolls, else five minutes. */
  readonly stallMs?: number;
  /** Why the other steps of its kind come first, as things are now; asked once at most. */
  postponed?(scene: Scene): string | undefined;
  /** The writes of its one change, in their order, each safe to repeat; empty when it is asked for already. */
  change(scene: Scene): Write[];
  /** What is still missing from the proof, in words; empty: it holds. */
  missing(scene: Scene): string[];
  /** True when only the database's or the operator's word is missing: worth asking often. */
  almostDone(scene: Scene): boolean;
  /** Why nothing has moved for `forMs`, for a kind that rolls nothing; absent: what is missing is said. */
  explainStall?(scene: Scene, forMs: number): Reason[];
  /** The small facts for the report. */
  proof(scene: Scene): Proof;
}

/** Makes the kind for one planned step; throws when its input does not fit, which is a bug of a planner. */
export type StepKindOf = (step: PlannedStep) => StepKind;
