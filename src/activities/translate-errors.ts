/** RunbookErrors become Temporal's ApplicationFailures here, in one place: the type says whether Temporal tries again. */
import { ApplicationFailure } from '@temporalio/common';
import { errorTypes, isRunbookError } from '../errors.ts';

/** Other errors pass unchanged: they are bugs or cancellations, and Temporal retries or cancels. */
export async function translated<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isRunbookError(error)) throw error;
    const failure = ApplicationFailure.create({
      type: error.type,
      message: error.message,
      nonRetryable: !errorTypes[error.type].retried,
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
    // The sentence is for a person; a stack would be shown beside it.
    failure.stack = '';
    throw failure;
  }
}
