/**
 * Reads one context of a kubeconfig file into a KubeConfig of its own, which is never switched: a client of @kubernetes/client-node
 * sends the credentials of its KubeConfig's *current* context, whatever it was made for. Closes some gaps of that library on the way.
 */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { RunbookError } from '../errors.ts';

export interface KubeconfigPlace {
  /** Name of the Kubernetes cluster in the inventory, for errors. */
  cluster: string;
  file: string;
  /** Absent: the file's current context. */
  context?: string;
}

/** A file that is being rewritten is cut off for a moment: it gets a second look before it is called wrong. Must exceed one write. */
const REWRITE_MS = 200;

const named = <T extends z.ZodRawShape>(shape: T) => z.array(z.looseObject({ name: z.string(), ...shape })).nullish();

const fileSchema = z.looseObject({
  'current-context': z.string().nullish(),
  contexts: named({ context: z.looseObject({ cluster: z.string(), user: z.string().nullish() }).nullish() }),
  clusters: named({ cluster: z.looseObject({ server: z.string(), 'insecure-skip-tls-verify': z.boolean().nullish() }).nullish() }),
  users: named({ user: z.looseObject({}).nullish() }),
});
type KubeconfigFile = z.infer<typeof fileSchema>;
type ClusterEntry = NonNullable<NonNullable<KubeconfigFile['clusters']>[number]['cluster']>;
type UserEntry = Record<string, unknown>;

const execSchema = z.looseObject({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: z.string(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().nullish(),
});

/** Impersonation that the library would silently narrow to the user name. */
const unsupportedImpersonation = ['as-groups', 'as-uid', 'as-user-extra'];

/** Throws InvalidInput, naming file and context and never quoting the file. */
export async function readKubeconfig(place: KubeconfigPlace): Promise<KubeConfig> {
  const file = await parseTwice(place);
  const name = place.context ?? file['current-context'];
  if (!name) throw wrong(place, 'names no context, and has no current-context');
  const context = file.contexts?.find((each) => each.name === name)?.context;
  if (!context) throw wrong(place, `has no context "${name}"`);
  const cluster = file.clusters?.find((each) => each.name === context.cluster)?.cluster;
  if (!cluster) throw wrong(place, `has no cluster "${context.cluster}", which context "${name}" names`);
  const user = file.users?.find((each) => each.name === context.user)?.user;
  if (context.user && !user) throw wrong(place, `has no user "${context.user}", which context "${name}" names`);
  if (cluster.server.startsWith('http:') && !cluster['insecure-skip-tls-verify']) {
    throw wrong(place, `reaches cluster "${context.cluster}" over http: use https, or set insecure-skip-tls-verify`);
  }
  return load(place, name, cluster, adaptUser(place, user ?? {}, cluster));
}

async function parseTwice(place: KubeconfigPlace): Promise<KubeconfigFile> {
  try {
    return await parse(place);
  } catch {
    await delay(REWRITE_MS);
    return parse(place);
  }
}

async function parse(place: KubeconfigPlace): Promise<KubeconfigFile> {
  const text = await readFile(place.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw wrong(place, `cannot be read (${error.code ?? 'unknown reason'})`);
  });
  const document = parseDocument(text, { logLevel: 'silent' });
  const syntax = document.errors[0];
  // The parser's own message quotes the line, which may hold a token.
  if (syntax) throw wrong(place, `is not valid YAML at line ${syntax.linePos?.[0].line ?? 1} (${syntax.code})`);
  const parsed = fileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw wrong(place, `is not a kubeconfig: ${issue?.path.join('.') || 'the file'} is missing or of a wrong type`);
}

function wrong({ cluster, file, context }: KubeconfigPlace, problem: string): RunbookError {
  const wanted = context === undefined ? '' : ` (context "${context}")`;
  return new RunbookError('InvalidInput', `Kubernetes cluster ${cluster}: the kubeconfig file ${file}${wanted} ${problem}`);
}

const absolute = (place: KubeconfigPlace, path: string): string => (isAbsolute(path) ? path : join(dirname(place.file), path));

/** What the library does not do by itself: client-go's `tokenFile`, and exec plugins as client-go runs them. */
function adaptUser(place: KubeconfigPlace, user: UserEntry, cluster: ClusterEntry): UserEntry {
  const narrowed = unsupportedImpersonation.find((key) => user[key] !== undefined);
  if (narrowed) throw wrong(place, `uses ${narrowed}, which is not supported`);
  const { tokenFile, exec, ...rest } = user;
  if (typeof tokenFile === 'string') {
    const { token: _outranked, ...others } = rest;
    return { ...others, 'auth-provider': { name: 'tokenFile', config: { tokenFile: absolute(place, tokenFile) } } };
  }
  if (exec === undefined || exec === null) return rest;
  const parsed = execSchema.safeParse(exec);
  if (!parsed.success) throw wrong(place, 'has an exec section without a command');
  return { ...rest, exec: adaptExec(place, parsed.data, cluster) };
}

/** client-go resolves a command with a slash against the file, and tells the plugin about the cluster (client-go plugin/pkg/client/auth/exec). */
function adaptExec(place: KubeconfigPlace, exec: z.infer<typeof execSchema>, cluster: ClusterEntry): object {
  const { server, ...others } = cluster;
  const spec = { interactive: false, ...(exec.provideClusterInfo ? { cluster: { ...others, server } } : {}) };
  const info = { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify({ apiVersion: exec.apiVersion, kind: 'ExecCredential', spec }) };
  const command = exec.command.includes('/') ? absolute(place, exec.command) : exec.command;
  return { ...exec, command, env: [...(exec.env ?? []), info] };
}

async function load(place: KubeconfigPlace, context: string, cluster: ClusterEntry, user: UserEntry): Promise<KubeConfig> {
  // Imported on first use: the library takes 0.3 s and 90 MB.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const only = { clusters: [{ name: context, cluster }], users: [{ name: context, user }], contexts: [{ name: context, context: { cluster: context, user: context } }], 'current-context': context };
  config.loadFromString(JSON.stringify(only));
  config.makePathsAbsolute(dirname(place.file));
  return config;
}

/** The service account of the pod in which this process runs. */
export async function readInCluster(cluster: string): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromCluster();
  const inside = !config.getCurrentCluster()?.server.includes('undefined');
  if (!inside) throw new RunbookError('InvalidInput', `Kubernetes cluster ${cluster} is set to inCluster, but this process does not run in a pod of it: name a kubeconfig file`);
  return config;
}
