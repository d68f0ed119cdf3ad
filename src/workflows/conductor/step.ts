/**
 * Carries one step to its end as a chain of moves: apply → wait, with watching, asking and braking in between.
 * Invariant: nothing is applied after the end of the run, during a pause, or for a step that is over; each is asked
 * in the same breath as the activity is scheduled (`perform` asks again).
 */
import { condition } from '@temporalio/workflow';
import type { ApplyResult, Patience, Proof, WaitResult } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { askPerson, reasonOf } from './ask-person.ts';
import { holdBrake, isHardPaused } from './brake.ts';
import { calls } from './calls.ts';
import { continueIfLong } from './continue.ts';
import { perform } from './perform.ts';
import type { Failure } from './perform.ts';
import { now } from './run.ts';
import type { Run } from './run.ts';
import { isFinished, keysOf, stepOf } from './state.ts';

/** One thing done for a step; it answers with the next one, or nothing when the step is over. */
type Move = (run: Run, step: PlannedStep) => Promise<Move | undefined>;

export async function carryOut(run: Run, step: PlannedStep): Promise<void> {
  if (run.isOver(step)) return;
  let move: Move | undefined = begin(run, step);
  while (move && !run.isOver(step)) {
    await continueIfLong(run);
    move = await move(run, step);
  }
  run.change({ current: undefined });
}

/** A hard pause: freezes the roll, rests, and goes on with the proof when a person resumes. */
async function brake(run: Run, step: PlannedStep): Promise<Move> {
  await holdBrake(run, step);
  return wait;
}

/** A carried run goes on with the proof of what it has written; everything else is asked again by apply. */
function begin(run: Run, step: PlannedStep): Move {
  const number = run.state.steps.findIndex(({ id }) => id === step.id) + 1;
  run.change({ current: step.id, message: `Step ${number} of ${run.state.steps.length}: ${step.title}` });
  return run.state.written.includes(step.id) ? wait : apply;
}

async function apply(run: Run, step: PlannedStep): Promise<Move | undefined> {
  await condition(() => !run.state.pause || run.isOver(step));
  if (run.isOver(step)) return undefined;
  run.changeStep(step.id, { state: 'applying', startedAt: startOf(run, step) });
  const work = (): Promise<ApplyResult> => calls('write', step.title).applyStep(run.stepCall(step));
  const performed = await perform(run, work, () => run.isEnding || run.state.pause !== undefined);
  if (performed.kind === 'failed') return failed(run, step, performed.failure);
  if (performed.kind === 'interrupted') return notApplied(run, step);
  run.change({ crowded: performed.result.crowded });
  return afterApply(run, step, performed.result);
}

function notApplied(run: Run, step: PlannedStep): Move {
  if (!run.isEnding) run.changeStep(step.id, { state: 'pending' });
  return apply;
}

function afterApply(run: Run, step: PlannedStep, result: ApplyResult): Move | undefined {
  switch (result.outcome) {
    case 'held':
      if (!run.isEnding) run.hold(result.reasons, step);
      return watchGuards;
    case 'applied':
      run.changeStep(step.id, { state: 'waiting', message: result.message, found: result.found }, { hold: undefined, written: [...new Set([...run.state.written, step.id])] });
      return wait;
    case 'adopted':
      // The proof held when the plan was made and holds now: that is twice.
      if (step.alreadyDone) return finish(run, step, result);
      run.changeStep(step.id, { state: 'waiting', message: result.message }, { hold: undefined });
      return wait;
    case 'postponed':
      // It stays pending, and `conduct` comes back to it.
      run.changeStep(step.id, { state: 'pending', message: result.message }, { hold: undefined, postponed: [...(run.state.postponed ?? []), step.id] });
      return undefined;
  }
}

/** Waits beside a hold before anything is changed. It only reads, so a pause ends it. */
async function watchGuards(run: Run, step: PlannedStep): Promise<Move | undefined> {
  const known = knownKeys(run);
  const work = (): Promise<WaitResult> => calls('watch', `guards of ${step.title}`, run.state.crowded).awaitGuards({ ...run.stepCall(step), known });
  const performed = await perform(run, work, () => run.isOver(step) || !run.state.hold || run.state.pause !== undefined);
  if (performed.kind === 'failed') return failed(run, step, performed.failure);
  if (performed.kind === 'interrupted' || performed.result.outcome !== 'held') return apply;
  if (run.state.hold) run.hold(performed.result.reasons, step);
  return run.state.hold ? watchGuards : apply;
}

async function wait(run: Run, step: PlannedStep): Promise<Move | undefined> {
  const held = run.state.hold !== undefined;
  const retried = (): boolean => held && run.state.hold === undefined;
  const call = { ...run.stepCall(step), known: knownKeys(run), patience: patienceFor(run, step) };
  const work = (): Promise<WaitResult> => calls('wait', step.title, run.state.crowded).waitStep(call);
  const performed = await perform(run, work, () => run.isOver(step) || retried() || isHardPaused(run));
  if (performed.kind === 'failed') return failed(run, step, performed.failure);
  if (performed.kind === 'interrupted') return isHardPaused(run) ? brake : retried() ? apply : wait;
  const result = performed.result;
  if (result.outcome === 'done') return finish(run, step, result);
  if (run.isOver(step)) return undefined;
  if (retried()) return apply;
  if (result.outcome === 'held') run.hold(result.reasons, step);
  else run.changeStep(step.id, { state: 'waiting', message: 'The reasons to hold are gone; waiting for the proof' }, { hold: undefined, message: `${step.title} goes on` });
  return wait;
}

async function failed(run: Run, step: PlannedStep, failure: Failure): Promise<Move | undefined> {
  if (failure.type === 'LockLost') run.fail('LockLost', failure.message);
  if (run.isOver(step)) return undefined;
  await askPerson(run, [reasonOf(failure, step.id)], step);
  return apply;
}

/** A proof counts even when the run was aborted a moment before; only a skipped step stays skipped. */
function finish(run: Run, step: PlannedStep, { message, proof }: { message: string; proof: Proof }): undefined {
  const before = stepOf(run.state, step.id);
  if (isFinished(before)) return;
  const state = run.state.written.includes(step.id) && !before.found ? 'done' : 'adopted';
  run.changeStep(step.id, { state, message, proof, endedAt: now() }, { hold: undefined, ...(run.isEnding ? {} : { message }) });
}

function knownKeys(run: Run): string[] {
  return keysOf(run.state.hold?.reasons ?? []);
}

/** What was whole before this run came to it needs no soak: nothing can come after its proof. */
function patienceFor(run: Run, step: PlannedStep): Patience {
  const { patience } = run.stepCall(step);
  return run.state.written.includes(step.id) ? patience : { ...patience, soakMs: 0 };
}

function startOf(run: Run, step: PlannedStep): string {
  return stepOf(run.state, step.id).startedAt ?? now();
}
