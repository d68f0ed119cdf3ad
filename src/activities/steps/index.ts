/** The kinds of step that this worker can carry out. A plan names them; a new runbook adds its own here. */
import { RunbookError } from '../../errors.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { restartComponent } from './restart-component.ts';
import { rollComponent } from './roll-component.ts';
import { settleVersions } from './settle-versions.ts';
import type { StepKind, StepKindOf } from './step-kind.ts';
import { verifyUpgrade } from './verify-upgrade.ts';

const kinds: Record<string, StepKindOf> = {
  'roll-component': rollComponent,
  'restart-component': restartComponent,
  'settle-versions': settleVersions,
  'verify-upgrade': verifyUpgrade,
};

/** Throws Unsupported for a plan made by a newer worker. */
export function kindOf(step: PlannedStep): StepKind {
  const make = kinds[step.kind];
  if (!make) throw new RunbookError('Unsupported', `this worker does not know steps of kind "${step.kind}"; it knows: ${Object.keys(kinds).join(', ')}`);
  return make(step);
}
