/** A table of HTTP routes and the servers that answer from it on a pod's address. */
import { createServer as createPlain } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { toJson } from './raw-json.ts';

export interface Call {
  method: string;
  url: URL;
  /** What the brackets of the route's pattern matched. */
  parts: string[];
  body: string;
  /** Undefined in calls that came over no wire. */
  contentType?: string;
}

/** `text` is sent as it is, `json` as JSON; without both the body is empty. */
export interface Answer {
  status?: number;
  json?: unknown;
  text?: string;
}

export interface Route {
  method: string;
  pattern: RegExp;
  answer: (call: Call) => Answer | Promise<Answer>;
}

export const route = (method: string, pattern: RegExp, answer: Route['answer']): Route => ({ method, pattern, answer });

const notFound: Answer = { status: 404, text: '404 page not found\n' };

/** The first matching route answers; a known path with another method is 405, as in Go's servers. */
export async function dispatch(routes: Route[], call: Omit<Call, 'parts'>): Promise<Answer> {
  const onPath = routes.filter((one) => one.pattern.test(call.url.pathname));
  const chosen = onPath.find((one) => one.method === call.method);
  if (!chosen) return onPath.length > 0 ? { status: 405, text: 'Method Not Allowed\n' } : notFound;
  const parts = chosen.pattern.exec(call.url.pathname)?.slice(1).map(decodeURIComponent) ?? [];
  return chosen.answer({ ...call, parts });
}

/** PEM texts of a server that demands client certificates of the same authority. */
export interface ServerTls {
  ca: string;
  cert: string;
  key: string;
}

export interface Listener {
  port: number;
  close(): void;
}

export interface Place {
  address: string;
  port: number;
  tls?: ServerTls | undefined;
}

/** Serves on one address until closed; closing cuts open connections, as the end of a process does. */
export function listen(place: Place, answer: (call: Omit<Call, 'parts'>) => Promise<Answer>): Promise<Listener> {
  const handler: RequestListener = (request, response) => void respond(request, response, answer);
  const server: Server = place.tls ? createSecure({ ...place.tls, requestCert: true, rejectUnauthorized: true }, handler) : createPlain(handler);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.port, place.address, () => resolve({ port: (server.address() as AddressInfo).port, close: () => void (server.close(), server.closeAllConnections()) }));
  });
}

async function respond(request: IncomingMessage, response: ServerResponse, answer: (call: Omit<Call, 'parts'>) => Promise<Answer>): Promise<void> {
  try {
    const body = await read(request);
    const { status = 200, json, text } = await answer({ method: request.method ?? 'GET', url: new URL(request.url ?? '/', 'http://pod'), body, contentType: request.headers['content-type'] ?? '' });
    const isJson = json !== undefined;
    response.writeHead(status, { 'content-type': isJson ? 'application/json; charset=UTF-8' : 'text/plain; charset=utf-8' });
    response.end(isJson ? toJson(json) : (text ?? ''));
  } catch {
    response.destroy();
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
