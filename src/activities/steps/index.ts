/** The kinds of step that this worker can carry out. A plan names them; a new runbook adds its own here. */
import { RunbookError } from '../../errors.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { deleteTidbCluster } from './delete-tidb-cluster.ts';
import { forgetExit } from './forget-exit.ts';
import { memberPeerUrl } from './member-peer-url.ts';
import { probeDomain } from './probe-domain.ts';
import { reclaim } from './reclaim.ts';
import { repointReference } from './repoint-reference.ts';
import { restartComponent } from './restart-component.ts';
import { keepStores, restoreReplicas } from './restore-replicas.ts';
import { rollComponent } from './roll-component.ts';
import { scaleToZero } from './scale-to-zero.ts';
import { setAcrossK8s } from './set-across-k8s.ts';
import { settleVersions } from './settle-versions.ts';
import type { StepKind, StepKindOf } from './step-kind.ts';
import { verifyAcross } from './verify-across.ts';
import { verifyUpgrade } from './verify-upgrade.ts';

const kinds: Record<string, StepKindOf> = {
  'roll-component': rollComponent,
  'restart-component': restartComponent,
  'settle-versions': settleVersions,
  'verify-upgrade': verifyUpgrade,
  'repoint-reference': repointReference,
  'scale-to-zero': scaleToZero,
  'delete-tidb-cluster': deleteTidbCluster,
  reclaim,
  'restore-replicas': restoreReplicas,
  'keep-stores': keepStores,
  'forget-exit': forgetExit,
  'probe-domain': probeDomain,
  'set-across-k8s': setAcrossK8s,
  'member-peer-url': memberPeerUrl,
  'verify-across': verifyAcross,
};

/** Throws Unsupported for a plan made by a newer worker. */
export function kindOf(step: PlannedStep): StepKind {
  const make = kinds[step.kind];
  if (!make) throw new RunbookError('Unsupported', `this worker does not know steps of kind "${step.kind}"; it knows: ${Object.keys(kinds).join(', ')}`);
  return make(step);
}
