/** A hard pause: freezes the roll that is under way, rests, and lets it go on when a person resumes. */
import { condition } from '@temporalio/workflow';
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { askPerson, reasonOf } from './ask-person.ts';
import { calls } from './calls.ts';
import { perform } from './perform.ts';
import type { Run } from './run.ts';

export function isHardPaused(run: Run): boolean {
  return run.state.pause?.hard ?? false;
}

/** Returns when the brake is released again or the run ends; a step that was skipped meanwhile gets its brake released too. */
export async function holdBrake(run: Run, step: PlannedStep): Promise<void> {
  while (isHardPaused(run)) {
    await setBrake(run, step);
    await condition(() => run.state.pause === undefined);
    run.change({ hold: undefined });
    await releaseBrake(run, step);
  }
}

/** What could not be frozen is shown beside the pause. */
async function setBrake(run: Run, step: PlannedStep): Promise<void> {
  run.change({ braked: step.id });
  const problems = await turn(run, step, 'set');
  if (problems.length > 0 && run.state.pause && !run.isOver(step)) run.hold(problems, step);
}

async function releaseBrake(run: Run, step: PlannedStep): Promise<void> {
  while (run.state.braked !== undefined && !run.isEnding && !isHardPaused(run)) {
    const problems = await turn(run, step, 'release');
    if (problems.length === 0) run.change({ braked: undefined });
    else if (run.isOver(step)) return leave(run, step, problems);
    else await askPerson(run, problems, step);
  }
}

/** Sets or releases the brake and returns what could not be done. Ended early when people change their mind. */
async function turn(run: Run, step: PlannedStep, action: 'set' | 'release'): Promise<Reason[]> {
  const by = run.state.pause?.by ?? run.state.decisions.at(-1)?.by ?? run.state.runbook;
  const call = { ...run.stepCall(step), action, by };
  const isUnwanted = (): boolean => run.isEnding || (action === 'set') !== isHardPaused(run);
  const performed = await perform(run, () => calls('write', `${action} the brake: ${step.title}`).brakeStep(call), isUnwanted);
  if (performed.kind === 'result') return performed.result;
  if (performed.kind === 'interrupted') return [];
  if (performed.failure.type === 'LockLost') run.fail('LockLost', performed.failure.message);
  return [reasonOf(performed.failure, step.id)];
}

/** A skipped step must not stop the run once more; the report says that its brake stands. */
function leave(run: Run, step: PlannedStep, problems: Reason[]): void {
  const words = problems.map(({ message }) => message).join('; ');
  run.change({ remains: [...run.state.remains, `The brake of ${step.title} could not be released: ${words}`] });
}
