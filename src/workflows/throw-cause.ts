/** For short runs with one activity: the run fails with the activity's own sentence and type, not with one that says that an activity failed. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';

export function throwCause(error: unknown): never {
  throw error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;
}
