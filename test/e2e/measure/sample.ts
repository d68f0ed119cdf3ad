/** What the watcher sees at one moment, pod by pod. */

export const measured = ['pd', 'tikv', 'tidb'] as const;
export type MeasuredComponent = (typeof measured)[number];

export interface PodSight {
  kubernetesCluster: string;
  component: MeasuredComponent;
  pod: string;
  /** Missing, ending, not Ready, or a new pod whose process has not answered as healthy yet. */
  away: boolean;
  /** Its process answers. */
  alive: boolean;
  /** Its process answers and calls itself healthy. */
  healthy: boolean;
}

export interface Sample {
  /** Milliseconds of one clock. */
  at: number;
  pods: PodSight[];
  /** Of a TiDB that answers: DDL is paused for a smooth upgrade; undefined when none answers. */
  ddlPaused: boolean | undefined;
}
