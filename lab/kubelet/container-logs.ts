/** `GET /containerLogs/{namespace}/{pod}/{container}` with `tailLines` and `follow`. */
import type { ServerResponse } from 'node:http';
import type { ContainerLog } from './dial.ts';

/** Writes the log as text; with `follow` the answer goes on until the client leaves. */
export function serveLog(response: ServerResponse, log: ContainerLog, query: URLSearchParams): void {
  const tail = query.get('tailLines');
  const count = tail === null ? log.lines.length : Number(tail);
  response.writeHead(200, { 'content-type': 'text/plain' });
  for (const line of log.lines.slice(Math.max(0, log.lines.length - count))) response.write(`${line}\n`);
  if (query.get('follow') !== 'true') return void response.end();
  response.flushHeaders();
  const unsubscribe = log.subscribe((line) => response.write(`${line}\n`));
  response.on('close', unsubscribe);
}
