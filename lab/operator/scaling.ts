/** What the scalers of the components share: refusals as events, claims kept for later deletion (`M/scaler.go:release-1.6`). */
import { annotations } from './naming.ts';
import { desiredReplicas } from './tidb-cluster.ts';
import { isoTime } from './view.ts';
import type { Rolling } from './view.ts';

/** Only an event tells of a refusal; the pass goes on. */
export function refuseScaleIn(rolling: Rolling, message: string): void {
  rolling.view.act({ do: 'event', type: 'Warning', reason: 'FailedScaleIn', message });
}

export const claimOf = (rolling: Rolling, pod: string): string => `${rolling.component}-${pod}`;

/** The claim outlives its pod; a later scale-out deletes it first. */
export function deferClaim(rolling: Rolling, pod: string, more: Record<string, string> = {}): void {
  const claim = claimOf(rolling, pod);
  if (!rolling.view.claims(rolling.component).some((one) => one.metadata.name === claim)) return;
  rolling.view.act({ do: 'annotate-claim', claim, annotations: { [annotations.pvcDeferDeleting]: isoTime(rolling.view), ...more } });
}

/** Deletes the deferred claim of a pod that is to come back; true while there is one. */
export function deleteDeferredClaim(rolling: Rolling, pod: string): boolean {
  const name = claimOf(rolling, pod);
  const claim = rolling.view.claims(rolling.component).find((one) => one.metadata.name === name);
  if (claim?.metadata.annotations?.[annotations.pvcDeferDeleting] === undefined) return false;
  rolling.view.act({ do: 'delete-claim', claim: name });
  return true;
}

/** Components without data go to the desired number at once. */
export function scaleAtOnce(rolling: Rolling): void {
  rolling.wanted.replicas = desiredReplicas(rolling.view.cluster, rolling.component);
}
