/** What changed between two reads of a run: one line each, for logs and for programs. Pure. */
import type { LiveStatus } from '../../client.ts';
import type { StepStatus } from '../../protocol/run.ts';
import { approveCommand } from './commands.ts';
import { progressOf } from './status.ts';
import { oneLine, timestamp } from './text.ts';

export interface Change {
  /** ISO 8601: when it was seen. */
  at: string;
  kind: 'run' | 'step' | 'gate' | 'hold';
  /** Phase of the run, or state of the step. */
  state: string;
  /** Step or gate. */
  id?: string;
  message: string;
  /** With a gate: the line that approves it. */
  approve?: string;
}

/** Changes from `before` (absent: the first read) to `after`, in the order in which a person reads them. */
export function changesBetween(before: LiveStatus | undefined, after: LiveStatus, at: string): Change[] {
  return [...runChanges(before, after, at), ...stepChanges(before, after, at), ...gateChanges(before, after, at), ...holdChanges(before, after, at)];
}

function runChanges(before: LiveStatus | undefined, after: LiveStatus, at: string): Change[] {
  return before?.phase === after.phase ? [] : [{ at, kind: 'run', state: after.phase, message: after.message }];
}

function stepChanges(before: LiveStatus | undefined, after: LiveStatus, at: string): Change[] {
  const words = (step: StepStatus, status: LiveStatus): string => `${step.state} ${progressOf(step, status)}`;
  const known = new Map(before?.steps.map((step) => [step.id, words(step, before)]));
  return after.steps
    .filter((step) => step.state !== 'pending' && known.get(step.id) !== words(step, after))
    .map((step) => ({ at, kind: 'step', id: step.id, state: step.state, message: progressOf(step, after) }));
}

function gateChanges(before: LiveStatus | undefined, after: LiveStatus, at: string): Change[] {
  const { gate, phase } = after;
  if (!gate || gate.id === before?.gate?.id) return [];
  return [{ at, kind: 'gate', id: gate.id, state: phase, message: gate.question, approve: approveCommand(after) }];
}

function holdChanges(before: LiveStatus | undefined, { hold, phase }: LiveStatus, at: string): Change[] {
  const known = new Set(before?.hold?.reasons.map(({ message }) => message));
  return (hold?.reasons ?? [])
    .filter(({ message }) => !known.has(message))
    .map(({ message }) => ({ at, kind: 'hold', state: phase, message, ...(hold?.step ? { id: hold.step } : {}) }));
}

/** `2026-03-01 14:05:09Z  tikv/west  waiting  pod 2 of 3 updated`. */
export function changeLine({ at, kind, id, state, message, approve }: Change): string {
  const subject = id ?? 'run';
  const word = kind === 'gate' ? 'asks' : kind === 'hold' ? 'holds' : state;
  return [timestamp(at), subject, word, oneLine(message), ...(approve ? [approve] : [])].join('  ').trimEnd();
}
