/** Kubeconfig files of a lab: one context per Kubernetes cluster, named as the cluster. */
import { writeFile } from 'node:fs/promises';
import type { KeyPair } from './certificates.ts';

/** Only the owner reads the credentials. */
const privateMode = 0o600;

export interface KubeconfigEntry {
  /** Name of the Kubernetes cluster, its context and its user. */
  name: string;
  server: string;
  /** PEM text. */
  ca: string;
  credentials: KeyPair | { token: string };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const userOf = (credentials: KubeconfigEntry['credentials']): object =>
  'token' in credentials ? { token: credentials.token } : { 'client-certificate-data': base64(credentials.cert), 'client-key-data': base64(credentials.key) };

/** The text of a kubeconfig (JSON, which is YAML); the first entry is the current context. */
export function kubeconfig(entries: readonly KubeconfigEntry[]): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': entries[0]?.name,
    clusters: entries.map(({ name, server, ca }) => ({ name, cluster: { server, 'certificate-authority-data': base64(ca) } })),
    users: entries.map(({ name, credentials }) => ({ name, user: userOf(credentials) })),
    contexts: entries.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes it for the owner's eyes only. */
export async function writeKubeconfig(file: string, entries: readonly KubeconfigEntry[]): Promise<void> {
  await writeFile(file, kubeconfig(entries), { mode: privateMode });
}
