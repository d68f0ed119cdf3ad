/** The exit code that a run's status means. */
import type { LiveStatus } from '../client.ts';
import { isOpen } from '../client/execution.ts';
import type { ExitCode } from './exit-codes.ts';

/** 0 while it is open or when it did what it was asked to. */
export function outcomeOf(status: LiveStatus): ExitCode {
  if (isOpen(status)) return 0;
  if (status.phase === 'aborted') return 6;
  return status.phase === 'done' ? 0 : 5;
}
