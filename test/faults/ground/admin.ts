/** What an administrator with kubectl may do: the API servers of a lab with the credentials out of its kubeconfig. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { KubernetesApi } from '../../../lab/kubernetes-api.ts';
import type { Connection } from '../../../lab/kubernetes-api.ts';

interface Kubeconfig {
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { name: string; user: { 'client-certificate-data': string; 'client-key-data': string } }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
}

const text = (base64: string): string => Buffer.from(base64, 'base64').toString();

function adminConnection(file: string, context: string): Connection {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig;
  const names = config.contexts.find((each) => each.name === context)?.context;
  const cluster = config.clusters.find((each) => each.name === names?.cluster)?.cluster;
  const user = config.users.find((each) => each.name === names?.user)?.user;
  if (!cluster || !user) throw new Error(`The lab's kubeconfig has no context ${context}`);
  return { server: cluster.server, ca: text(cluster['certificate-authority-data']), cert: text(user['client-certificate-data']), key: text(user['client-key-data']), userAgent: 'kubectl-of-a-person' };
}

export class Administrator {
  readonly #kubeconfig: string;
  readonly #apis = new Map<string, KubernetesApi>();

  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  /** In one Kubernetes cluster. */
  in(cluster: string): KubernetesApi {
    const known = this.#apis.get(cluster) ?? new KubernetesApi(adminConnection(this.#kubeconfig, cluster));
    this.#apis.set(cluster, known);
    return known;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#apis.values()].map((api) => api.close()));
  }
}
