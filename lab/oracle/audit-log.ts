/** What one API server wrote into its audit log: who asked for what, with which body, and what the answer was. */
import { readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { problemOf, readJsonLines } from './read-json-lines.ts';
import type { OnGap } from './read-json-lines.ts';

const time = z.string().transform((value, context) => {
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds)) context.addIssue(`${value} is not a time`);
  return milliseconds;
});

const lineSchema = z.object({
  auditID: z.string(),
  stage: z.string(),
  verb: z.string(),
  requestURI: z.string().default(''),
  user: z.object({ username: z.string() }),
  userAgent: z.string().default(''),
  objectRef: z.object({ resource: z.string().default(''), apiGroup: z.string().default(''), namespace: z.string().default(''), name: z.string().default(''), subresource: z.string().default('') }).optional(),
  responseStatus: z.object({ code: z.number().default(0) }).optional(),
  requestObject: z.unknown().optional(),
  requestReceivedTimestamp: time,
  stageTimestamp: time,
});

/** One request as one API server saw it. Times are milliseconds since 1970. */
export interface AuditedRequest {
  id: string;
  kubernetesCluster: string;
  /** When it arrived: its author had decided by then. */
  asked: number;
  /** When it was carried out and answered. */
  at: number;
  verb: string;
  user: string;
  userAgent: string;
  apiGroup: string;
  /** With its subresource, such as `pods/portforward`. */
  resource: string;
  namespace: string;
  name: string;
  uri: string;
  code: number;
  isDryRun: boolean;
  /** The body as it was sent; undefined where the policy leaves it out. */
  body: unknown;
}

const nameInBody = z.object({ metadata: z.object({ name: z.string() }) });

/**
 * Yields every request once (a watch or tunnel has a line for its beginning and one for its end), the files that the API
 * server has rotated away first. Throws when the log is missing or a line cannot be read.
 */
export async function* readAuditLog(kubernetesCluster: string, file: string, onGap: OnGap): AsyncGenerator<AuditedRequest> {
  const seen = new Set<string>();
  for (const part of [...rotatedBefore(file), file]) {
    for await (const { value, place } of readJsonLines(part, '{"kind":"Event"', onGap)) {
      const parsed = lineSchema.safeParse(value);
      if (!parsed.success) throw new Error(`The line ${place} is no line of an audit log: ${problemOf(parsed.error)}`);
      const request = requestOf(kubernetesCluster, parsed.data);
      if (seen.has(request.id)) continue;
      seen.add(request.id);
      yield request;
    }
  }
}

function requestOf(kubernetesCluster: string, line: z.infer<typeof lineSchema>): AuditedRequest {
  const { resource = '', subresource = '', apiGroup = '', namespace = '', name = '' } = line.objectRef ?? {};
  return {
    id: line.auditID, kubernetesCluster, asked: line.requestReceivedTimestamp, at: line.stageTimestamp, verb: line.verb, user: line.user.username, userAgent: line.userAgent,
    apiGroup, resource: subresource === '' ? resource : `${resource}/${subresource}`, namespace, name: name || (nameInBody.safeParse(line.requestObject).data?.metadata.name ?? ''),
    uri: line.requestURI, code: line.responseStatus?.code ?? 0, isDryRun: /[?&]dryRun=All(&|$)/.test(line.requestURI), body: line.requestObject,
  };
}

/** kube-apiserver rotates at 100 MB: `audit.log` becomes `audit-<time>.log`, whose names sort by time. */
function rotatedBefore(file: string): string[] {
  const ending = extname(file);
  const stem = `${basename(file, ending)}-`;
  const folder = dirname(file);
  const names = readNames(folder).filter((name) => name.startsWith(stem) && name.endsWith(ending));
  return names.sort().map((name) => join(folder, name));
}

/** A folder that is not there is told by whoever reads the log itself. */
function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const writeVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** Questions and tunnels that the API server files under `create`. */
const changesNothing = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'pods/portforward']);

/** True for a request that changed what the API server stores: refused ones and dry runs are not. */
export function isAcceptedWrite({ verb, resource, code, isDryRun }: AuditedRequest): boolean {
  return writeVerbs.has(verb) && code >= 200 && code < 300 && !isDryRun && !changesNothing.has(resource);
}

export const isRead = ({ verb }: AuditedRequest): boolean => verb === 'get' || verb === 'list' || verb === 'watch';
