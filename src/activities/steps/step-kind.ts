/**
 * What a kind of step has to say. The order of acting (read, ask all guards, write once, wait for the proof) is the same for all
 * kinds and stands in apply-step.ts and wait-step.ts; a kind is a pure description of one change and its proof.
 */
import type { JsonObject } from '../../protocol/json.ts';
import type { Proof } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import type { Component } from '../../tidb/components.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import type { ClusterView, TidbClusterView } from '../../tidb/view.ts';

/** A view in which the step's own TidbCluster is named. */
export interface Scene {
  view: ClusterView;
  member: TidbClusterView;
}

/** One step, its input parsed. */
export interface StepKind {
  /** The component that rolls; undefined when nothing may roll. The brake and the stall reasons follow from it. */
  readonly rolls: Component | undefined;
  /** Asked, all of them, before the change. */
  readonly guards: readonly Guard[];
  /** Asked also while the step waits: what nobody may change meanwhile. */
  readonly standing: readonly Guard[];
  /** Changes nothing by its nature: it is waited for even when its proof holds at the first look. */
  readonly provesOnly?: true;
  /** The merge patch on the TidbCluster, without resource version; undefined when the spec says it already. */
  change(scene: Scene): JsonObject | undefined;
  /** What is still missing from the proof, in words; empty: it holds. */
  missing(scene: Scene): string[];
  /** True when only the database's or the operator's word is missing: worth asking often. */
  almostDone(scene: Scene): boolean;
  /** The small facts for the report. */
  proof(scene: Scene): Proof;
}

/** Makes the kind for one planned step; throws when its input does not fit, which is a bug of a planner. */
export type StepKindOf = (step: PlannedStep) => StepKind;
