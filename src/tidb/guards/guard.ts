/** What a guard is: a reason against changing something now, or silence. A gate asks all of them; unknown never counts as healthy. */
import type { Reason } from '../../protocol/outcome.ts';
import type { Component } from '../components.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';

/** What is about to be changed, or is being changed. */
export interface Change {
  /** The TidbCluster that is touched. */
  member: TidbClusterView;
  /** The component that rolls; undefined when the change rolls nothing. */
  component?: Component;
}

/** A guard returns every reason that it sees, with words for a person. */
export type Guard = (view: ClusterView, change: Change) => Reason[];

/** A reason that goes away by itself when the world changes. */
export function passing(key: string, message: string): Reason {
  return { key, message, clears: 'itself' };
}

/** A reason that needs a person's word. */
export function standing(key: string, message: string): Reason {
  return { key, message, clears: 'decision' };
}

/** Asks all guards; reasons that a person accepted by `retry` are left out. */
export function askAll(guards: readonly Guard[], view: ClusterView, change: Change, accepted: readonly string[] = []): Reason[] {
  return guards.flatMap((guard) => guard(view, change)).filter((reason) => !accepted.includes(reason.key));
}
