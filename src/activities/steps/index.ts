/** The kinds of step that this worker can carry out. A plan names them; a new runbook adds its own here. */
import { RunbookError } from '../../errors.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { memberPeerUrl } from './member-peer-url.ts';
import { probeDomain } from './probe-domain.ts';
import { restartComponent } from './restart-component.ts';
import { rollComponent } from './roll-component.ts';
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
