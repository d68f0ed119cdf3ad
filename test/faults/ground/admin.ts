/** The administrator's credentials out of the lab's kubeconfig, for one Kubernetes cluster. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Connection } from '../../../lab/kubernetes-api.ts';

interface Kubeconfig {
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { name: string; user: { 'client-certificate-data': string; 'client-key-data': string } }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
}

const text = (base64: string): string => Buffer.from(base64, 'base64').toString();

export function adminConnection(file: string, context: string): Connection {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig;
  const names = config.contexts.find((each) => each.name === context)?.context;
  const cluster = config.clusters.find((each) => each.name === names?.cluster)?.cluster;
  const user = config.users.find((each) => each.name === names?.user)?.user;
  if (!cluster || !user) throw new Error(`The lab's kubeconfig has no context ${context}`);
  return { server: cluster.server, ca: text(cluster['certificate-authority-data']), cert: text(user['client-certificate-data']), key: text(user['client-key-data']), userAgent: 'kubectl-of-a-person' };
}
