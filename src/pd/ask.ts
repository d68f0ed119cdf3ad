/** One question to PD, etcd or TiDB: sends it, turns silence and refusals into errors, parses the answer once. */
import { parse, parseNumberAndBigInt } from 'lossless-json';
import type { z } from 'zod';
import { RunbookError, isRunbookError, sentenceOf } from '../errors.ts';
import type { HttpMethod, Transport, TransportAnswer } from './transport.ts';

/** Most answers take milliseconds; this must exceed one lost packet or one leader election (a few seconds). */
const ANSWER_TIMEOUT_MS = 10_000;

/** So much of a foreign text is quoted in an error. */
const QUOTE_CHARS = 160;

export interface Question {
  method: HttpMethod;
  path: string;
  body?: string;
  timeoutMs?: number;
  headBytes?: number;
}

export interface Answerer {
  /** `PD`, `TiDB`: begins every error. */
  product: string;
  /** What a 503 of this product means. */
  unavailable: string;
  transport: Transport;
}

const subject = ({ product, transport }: Answerer): string => `${product} (${transport.name})`;

/**
 * Sends `question` and returns whatever HTTP answer comes, except the two that mean "not now": 503 throws Unreachable, 429 throws Throttled.
 * Throws Unreachable when no answer comes.
 */
export async function send(answerer: Answerer, question: Question, signal: AbortSignal | undefined): Promise<TransportAnswer> {
  const { method, path, body, timeoutMs = ANSWER_TIMEOUT_MS, headBytes } = question;
  const answer = await answerer.transport.request(method, path, body, { timeoutMs, signal, headBytes }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw noAnswer(answerer, question, error);
  });
  const asked = `${subject(answerer)} answered ${answer.status} to ${method} ${path}`;
  if (answer.status === 503) throw new RunbookError('Unreachable', `${asked}: ${answerer.unavailable} (${quote(answer.text)})`);
  if (answer.status === 429) throw new RunbookError('Throttled', `${asked}: ${quote(answer.text)}`);
  return answer;
}

/** Sends `question` and parses the answer by `schema`. Throws Unreachable for any status but 2xx and for an answer of another shape. */
export async function ask<T extends z.ZodType>(answerer: Answerer, question: Question, schema: T, signal: AbortSignal | undefined): Promise<z.output<T>> {
  const answer = await send(answerer, question, signal);
  if (!isSuccess(answer)) throw refused(answerer, question, answer);
  return read(answerer, question, answer.text, schema);
}

export const isSuccess = ({ status }: TransportAnswer): boolean => status >= 200 && status < 300;

export function refused(answerer: Answerer, { method, path }: Question, { status, text }: TransportAnswer): RunbookError {
  return new RunbookError('Unreachable', `${subject(answerer)} answered ${status} to ${method} ${path}: ${quote(text)}`);
}

/** Integers become bigints, so that 64-bit ids keep all their digits; a schema makes strings or numbers of them. */
export function read<T extends z.ZodType>(answerer: Answerer, { method, path }: Question, text: string, schema: T): z.output<T> {
  const unexpected = (problem: string): RunbookError =>
    new RunbookError('Unreachable', `${subject(answerer)} answered something unexpected to ${method} ${path}: ${problem}`);
  const json = parseJson(text);
  if (json === undefined) throw unexpected(`not JSON, but ${quote(text)}`);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw unexpected(`${first?.path.join('.') || 'the whole answer'}: ${first?.message ?? 'no reason given'}`);
}

function parseJson(text: string): unknown {
  try {
    return parse(text, null, parseNumberAndBigInt);
  } catch {
    return undefined;
  }
}

function noAnswer(answerer: Answerer, { method, path, timeoutMs = ANSWER_TIMEOUT_MS }: Question, error: unknown): RunbookError {
  const asked = `${subject(answerer)} gave no answer to ${method} ${path}`;
  if (isRunbookError(error)) return new RunbookError(error.type, `${asked}: ${error.message}`, error.retryAfterMs);
  if ((error as Error | undefined)?.name === 'TimeoutError') return new RunbookError('Unreachable', `${asked} within ${timeoutMs / 1000} s`);
  return new RunbookError('Unreachable', `${asked}: ${reasonOf(error)}`);
}

/** An error for several addresses has no words of its own, only a code. */
export function reasonOf(error: unknown): string {
  return quote(sentenceOf(error)) || ((error as NodeJS.ErrnoException | undefined)?.code ?? 'no reason given');
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > QUOTE_CHARS ? `${line.slice(0, QUOTE_CHARS)}…` : line;
}
