/** The one place where errors of the Temporal client become sentences for a person. */
import {
  ApplicationFailure,
  CancelledFailure,
  isGrpcServiceError,
  NamespaceNotFoundError,
  QueryNotRegisteredError,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { RunbookError, sentenceOf } from '../errors.ts';
import type { Report } from '../protocol/run.ts';
import { DecisionRefused, RunFailed } from './failures.ts';
import { createCommand } from './search-attributes.ts';

/** Where a call went: stands in sentences. */
export interface Place {
  /** `host:port` of the Temporal server. */
  address: string;
  namespace: string;
}

/** gRPC status codes (grpc/grpc, doc/statuscodes.md) which tell a person what to do. */
const grpcStatus = { cancelled: 1, invalidArgument: 3, deadlineExceeded: 4, permissionDenied: 7, resourceExhausted: 8, unavailable: 14, unauthenticated: 16 } as const;

/** The gRPC status code in `error` or its causes; undefined when there is none. */
function grpcCodeOf(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? grpcCodeOf(error.cause) : undefined;
}

/** No answer from a worker: the deadline passed, or the server knows why none can come (FAILED_PRECONDITION with these words). */
export function isSilence(error: unknown): boolean {
  const code = grpcCodeOf(error);
  return code === grpcStatus.deadlineExceeded || code === grpcStatus.cancelled || /no poller|task in failed state/i.test(wordsOf(error));
}

/** The words of the server (1.32) when the workflow task that carried an update failed. */
export function isDroppedUpdate(error: unknown): boolean {
  return /update due to unexpected workflow task failure/i.test(wordsOf(error));
}

/** An error with a sentence that says what was tried; RunbookErrors and our own failures pass unchanged. */
export function translate(error: unknown, tried: string, place: Place): Error {
  if (error instanceof RunbookError || error instanceof DecisionRefused || error instanceof RunFailed) return error;
  if (error instanceof WorkflowUpdateFailedError) return refusalOf(error);
  if (error instanceof WorkflowFailedError) return failureOf(error, tried);
  return translateNotFound(error, tried, place) ?? translateGrpc(error, tried, place);
}

function translateNotFound(error: unknown, tried: string, { namespace, address }: Place): Error | undefined {
  if (error instanceof NamespaceNotFoundError) {
    return new RunbookError('NotFound', `Temporal at ${address} has no namespace "${namespace}": create it (temporal operator namespace create --namespace ${namespace}) or set TEMPORAL_NAMESPACE to another`);
  }
  if (error instanceof WorkflowNotFoundError) {
    if (/already completed/i.test(error.message)) return new DecisionRefused(`The run ${error.workflowId} has ended: nothing can be decided any more`);
    return new RunbookError('NotFound', `There is no run "${error.workflowId}" in namespace ${namespace} of Temporal at ${address}`);
  }
  if (error instanceof QueryNotRegisteredError) return new RunbookError('Unsupported', `${tried} failed: it is a workflow, and not a runbook of this project`);
  return undefined;
}

function translateGrpc(error: unknown, tried: string, { address, namespace }: Place): Error {
  const words = wordsOf(error);
  switch (grpcCodeOf(error)) {
    case grpcStatus.unavailable:
      return unreachable({ address }, `${tried}: ${words}`);
    case grpcStatus.deadlineExceeded:
    case grpcStatus.cancelled:
      // The words of gRPC tell of its last retry, not of the whole wait.
      return unreachable({ address }, `${tried}: no answer in time`);
    case grpcStatus.permissionDenied:
    case grpcStatus.unauthenticated:
      return new RunbookError('Forbidden', `Temporal at ${address} does not allow it in namespace ${namespace} (${tried}: ${words}): check the API key or certificate of your profile`);
    case grpcStatus.resourceExhausted:
      return new RunbookError('Throttled', `Temporal at ${address} asks for patience (${tried}: ${words}): try again in a moment`);
    case grpcStatus.invalidArgument:
      return new RunbookError('InvalidInput', `${tried} was refused: ${words}${/search attribute|column name/i.test(words) ? `; register what is missing: ${createCommand(namespace)}` : ''}`);
    default:
      return new Error(`${tried} failed: ${words}`, { cause: error });
  }
}

function unreachable({ address }: Pick<Place, 'address'>, words: string): RunbookError {
  return new RunbookError('Unreachable', `Temporal at ${address} does not answer (${words}): start it, or set TEMPORAL_ADDRESS or TEMPORAL_PROFILE to the right one`);
}

/** While connecting, an error without a gRPC status means that there is no connection. */
export function translateConnecting(error: unknown, place: Place): Error {
  return grpcCodeOf(error) === undefined ? unreachable(place, wordsOf(error)) : translate(error, 'connecting', place);
}

/** The server's own words: they stand in the innermost cause. */
function wordsOf(error: unknown): string {
  if (isGrpcServiceError(error)) return error.details || error.message;
  return error instanceof Error && error.cause !== undefined ? wordsOf(error.cause) : sentenceOf(error);
}

/** The sentence of the run, unchanged; a decision that cannot be read is an invalid input. */
function refusalOf({ cause, message }: WorkflowUpdateFailedError): Error {
  const sentence = cause?.message ?? message;
  return cause instanceof ApplicationFailure && cause.type === 'InvalidInput' ? new RunbookError('InvalidInput', sentence) : new DecisionRefused(sentence);
}

function failureOf({ cause, message }: WorkflowFailedError, tried: string): RunFailed {
  // A failed run leaves its report as the detail of its failure (src/workflows/conductor/close.ts).
  if (cause instanceof ApplicationFailure) return new RunFailed(cause.type ?? 'Unexpected', cause.message, cause.details?.[0] as Report | undefined);
  if (cause instanceof CancelledFailure) return new RunFailed('Cancelled', `${tried} was cancelled`);
  if (cause instanceof TerminatedFailure) return new RunFailed('Terminated', `${tried} was terminated (${cause.message}): nothing was cleaned up; the next run of this TiDB cluster takes over its lock`);
  if (cause instanceof TimeoutFailure) return new RunFailed('TimedOut', `${tried} ran into its time-out`);
  return new RunFailed('Unexpected', `${tried} failed: ${cause?.message ?? message}`);
}
