/** What one reconcile pass sees, and what it may want done. Decisions are functions from the one to the other. */
import type { ConfigMap, Named, Pod, StatefulSet, StatefulSetSpec } from '../process/kubernetes-objects.ts';
import type { Component } from '../settings.ts';
import type { DatabaseView } from './database-view.ts';
import { statusOf } from './status.ts';
import type { ComponentStatus, TidbClusterStatus } from './status.ts';
import type { TidbCluster } from './tidb-cluster.ts';

/** Everything observed before the pass; `status` is the draft that the pass writes at its end. */
export interface PassView {
  cluster: TidbCluster;
  status: TidbClusterStatus;
  now: number;
  /** Milliseconds that the operator waits for leaders to come back to a store. */
  leadersBack: number;
  set(component: Component): StatefulSet | undefined;
  pods(component: Component): Pod[];
  configMap(name: string): ConfigMap | undefined;
  claims(component: Component): Named[];
  /** A fault: scale-in of the component is refused, whatever the numbers are. */
  refusesScaleIn?: (component: Component) => boolean;
  /** Undefined when no PD answers. */
  database: DatabaseView | undefined;
  /** Notes what is to be done, in order; it is carried out after the turn of the component. */
  act(action: Action): void;
}

export type Action =
  | { do: 'write-config-map'; name: string; component: Component; data: Record<string, string> }
  | { do: 'create-set'; component: Component; spec: StatefulSetSpec }
  | { do: 'update-set'; old: StatefulSet; spec: StatefulSetSpec }
  | { do: 'transfer-pd-leader'; to: string }
  | { do: 'delete-member'; name: string }
  | { do: 'evict-leaders'; store: number }
  | { do: 'end-eviction'; store: number }
  | { do: 'delete-store'; store: number }
  | { do: 'pause-ddl'; paused: boolean; pod: string }
  | { do: 'annotate-cluster'; annotations: Record<string, string | null> }
  | { do: 'annotate-pod'; pod: string; annotations: Record<string, string | null> }
  | { do: 'label-pod'; pod: string; labels: Record<string, string> }
  | { do: 'annotate-claim'; claim: string; annotations: Record<string, string | null> }
  | { do: 'delete-claim'; claim: string }
  | { do: 'event'; type: 'Warning' | 'Normal'; reason: string; message: string };

/** Ends the pass: an error, or just "not yet". What follows in the pass order is not looked at. */
export class EndOfPass extends Error {}

/** A component's StatefulSet on its way from `old` to `wanted`, which scaling and upgrading change. */
export interface Rolling {
  view: PassView;
  component: Component;
  old: StatefulSet;
  wanted: StatefulSetSpec;
}

export const componentStatus = (view: PassView, component: Component): ComponentStatus => statusOf(view.status, component);
export const podOf = (view: PassView, component: Component, name: string): Pod | undefined => view.pods(component).find((pod) => pod.metadata.name === name);
export const isoTime = (view: PassView): string => new Date(view.now).toISOString().replace(/\.\d+Z$/, 'Z');
