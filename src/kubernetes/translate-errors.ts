/** The one place where answers of an API server and network errors become RunbookErrors: one short sentence, never a header, an object or a secret. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { RunbookError, isRunbookError } from '../errors.ts';
import type { ErrorType } from '../errors.ts';

/** What was tried, for the sentence. */
export interface Attempt {
  cluster: string;
  /** `patch TidbCluster shop/shop-west`. */
  what: string;
  /** Texts that must not appear in any error: the credentials in use. */
  secrets?: readonly string[];
  /** The object itself is secret: the server's words about its values are not repeated. */
  confidential?: boolean;
  /** A JSON patch with `test` operations: when it does not fit, somebody wrote in between. */
  conditional?: boolean;
}

/** An HTTP answer that is not 2xx. */
export class HttpFailure extends Error {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: string, retryAfter?: string) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.retryAfterMs = parseRetryAfter(retryAfter);
  }
}

/** The credentials could not be had: a plugin failed, a file is missing. */
export class CredentialFailure extends Error {
  /** Whether a later attempt may succeed without a person. */
  readonly passing: boolean;

  constructor(sentence: string, passing: boolean) {
    super(sentence);
    this.passing = passing;
  }
}

/** So much of the server's words fits a sentence. */
const DETAIL_CHARS = 300;
/** No more causes than this are listed. */
const MOST_CAUSES = 5;
const MILLISECONDS = 1000;

const statusSchema = z.looseObject({
  message: z.string().catch(''),
  details: z
    .looseObject({
      causes: z.array(z.looseObject({ reason: z.string().catch(''), message: z.string().catch(''), field: z.string().catch('') })).catch([]),
      retryAfterSeconds: z.number().optional().catch(undefined),
    })
    .catch({ causes: [] }),
});
type Status = z.infer<typeof statusSchema>;

export function translateError(attempt: Attempt, error: unknown): RunbookError {
  if (isRunbookError(error)) return error;
  const { type, words, retryAfterMs } = explain(attempt, error);
  return new RunbookError(type, `Kubernetes cluster ${attempt.cluster}: ${attempt.what} ${words}`, retryAfterMs);
}

interface Explanation {
  type: ErrorType;
  words: string;
  retryAfterMs?: number | undefined;
}

function explain(attempt: Attempt, error: unknown): Explanation {
  if (error instanceof HttpFailure) return explainHttp(attempt, error);
  if (error instanceof CredentialFailure) return { type: error.passing ? 'Unreachable' : 'Forbidden', words: `has no credentials: ${quote(attempt, error.message)}` };
  if ((error as Thrown | undefined)?.name === 'TimeoutError') return { type: 'Unreachable', words: 'got no answer in time' };
  return { type: 'Unreachable', words: `got no answer: ${quote(attempt, reasonOf(error))}` };
}

type HttpErrorType = 'InvalidInput' | 'NotFound' | 'Forbidden' | 'Conflict' | 'Throttled' | 'Unreachable';

const phrases: Record<HttpErrorType, string> = {
  InvalidInput: 'was refused as wrong',
  NotFound: 'found nothing',
  Forbidden: 'was refused',
  Conflict: 'met a conflict',
  Throttled: 'was asked for patience',
  Unreachable: 'got no useful answer',
};

const advice: Record<number, string> = {
  401: '; the credentials expired or are wrong: renew them, then retry',
  403: '; grant the right, then retry',
};

function explainHttp(attempt: Attempt, failure: HttpFailure): Explanation {
  const type = typeOf(attempt, failure);
  const words = `${phrases[type]}: ${failure.status} ${quote(attempt, detailOf(attempt, failure))}${advice[failure.status] ?? ''}`;
  const seconds = parseStatus(failure.body)?.details.retryAfterSeconds;
  const retryAfterMs = failure.retryAfterMs ?? (seconds === undefined ? undefined : seconds * MILLISECONDS);
  return type === 'Throttled' || type === 'Unreachable' ? { type, words, retryAfterMs } : { type, words };
}

const typesByStatus: Record<number, HttpErrorType> = {
  401: 'Forbidden',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Unreachable',
  409: 'Conflict',
  // A list or watch from a version that the server has forgotten: read again.
  410: 'Conflict',
  429: 'Throttled',
};

/** kube-apiserver 1.34 answers a server-side apply with an unknown field by 500 without a reason; every retry would end the same. */
const wrongApply = 'failed to create typed patch object';
/** All that kube-apiserver 1.34 says of a JSON patch that does not fit the object, be it a path or a failed `test`. */
const unfitPatch = 'the server rejected our request due to an error in our request';

function typeOf({ conditional }: Attempt, { status, body }: HttpFailure): HttpErrorType {
  if (status === 422 && conditional && body.includes(unfitPatch)) return 'Conflict';
  const known = typesByStatus[status];
  if (known) return known;
  if (status === 500 && body.includes(wrongApply)) return 'InvalidInput';
  return status >= 400 && status < 500 ? 'InvalidInput' : 'Unreachable';
}

/** Answers to what was sent, which may repeat it. */
const quotingValues = new Set([400, 422, 500]);

function detailOf(attempt: Attempt, { status, body }: HttpFailure): string {
  const standard = STATUS_CODES[status] ?? 'without a reason';
  const parsed = parseStatus(body);
  if (!parsed) return oneLine(body.replace(/<[^>]*>/g, ' ')) || standard;
  const causes = parsed.details.causes.filter(({ message, field }) => message || field);
  if (attempt.confidential && quotingValues.has(status)) return causes.map(({ field, reason }) => `${field} ${reason}`.trim()).join('; ') || standard;
  if (causes.length === 0) return withoutValues(parsed.message) || standard;
  const listed = causes.slice(0, MOST_CAUSES).map(({ field, message }) => (field ? `${field}: ${withoutValues(message)}` : withoutValues(message)));
  return causes.length > MOST_CAUSES ? `${listed.join('; ')}; and ${causes.length - MOST_CAUSES} more` : listed.join('; ');
}

/** Validation errors quote the refused value, which can be the whole object (a strict merge patch: 422 quotes the TidbCluster). */
function withoutValues(message: string): string {
  return message.replace(/Invalid value: (?:"(?:[^"\\]|\\.)*"|\{[\s\S]*\}): /g, '');
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed = statusSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds only: API servers send no dates. */
function parseRetryAfter(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header && Number.isFinite(seconds) && seconds >= 0 ? seconds * MILLISECONDS : undefined;
}

/** What errors of Node, undici and ws have in common, DOMExceptions included. */
interface Thrown {
  name?: string;
  message?: string;
  code?: unknown;
  cause?: unknown;
  /** Of an AggregateError: a name with several addresses was tried. */
  errors?: unknown[];
}

/** The innermost reason: libraries wrap, and an error for several addresses has no words of its own. */
function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message = '', code, cause, errors } = error as Thrown;
  const inner = errors?.[0] ?? cause;
  if (inner !== undefined) return reasonOf(inner);
  const extra = typeof code === 'string' && !message.includes(code) ? ` (${code})` : '';
  return message + extra;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Foreign words, fit to be shown. Blacked out before they are cut: half a secret would not be recognised. */
function quote(attempt: Attempt, text: string): string {
  const line = oneLine(redact(text, attempt.secrets ?? []));
  return line.length > DETAIL_CHARS ? `${line.slice(0, DETAIL_CHARS)}…` : line;
}

const blackedOut = '[redacted]';
/** A shorter text is no secret worth the name, and blacking it out would eat words. */
const SHORTEST_SECRET = 6;
/** Credentials of unknown value: a server or a plugin may repeat what it was given. */
const secretShapes = [/-----BEGIN[\s\S]*?(-----END[^-]*-----|$)/g, /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, /\beyJ[\w-]+\.[\w-]+\.?[\w-]*/g];

/** Removes `secrets` and everything that looks like a credential. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret.length >= SHORTEST_SECRET).sort((one, other) => other.length - one.length);
  const withoutKnown = known.reduce((rest, secret) => rest.replaceAll(secret, blackedOut), text);
  return secretShapes.reduce((rest, shape) => rest.replace(shape, blackedOut), withoutKnown);
}
