/** Answers that the proxy gives itself, in the form of the API server's own errors. */
import type { ServerResponse } from 'node:http';

const reasons = {
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  500: ['InternalError', 'Internal error occurred: a fault of the lab'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
} as const;

/** `retryAfter` in seconds. */
export function answerWithStatus(response: ServerResponse, code: keyof typeof reasons, retryAfter?: number): void {
  const [reason, message] = reasons[code];
  const details = retryAfter === undefined ? undefined : { retryAfterSeconds: retryAfter };
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code });
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  response.end(body);
}
