/** A whole lab for a test file: started once, asked through its control API and its API servers, ended without a trace. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabClient } from '../../lab/client.ts';
import { KubernetesApi } from '../../lab/kubernetes-api.ts';

/** A computer without the tools builds them first. */
export const startLimit = 15 * 60_000;
/** Longer than anything of the fast twins takes on a busy computer. */
const patience = 120_000;

interface Kubeconfig {
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}
export const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();

export class RunningLab {
  readonly client: LabClient;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #apis: Map<string, KubernetesApi>;

  private constructor(parts: { client: LabClient; directory: string; process: ChildProcess; apis: Map<string, KubernetesApi> }) {
    this.client = parts.client;
    this.#directory = parts.directory;
    this.#process = parts.process;
    this.#apis = parts.apis;
  }

  static async start(clusters: string[]): Promise<RunningLab> {
    const directory = await mkdtemp(join(tmpdir(), 'tidb-runbooks-lab-'));
    const lab = spawn(process.execPath, ['lab/main.ts', 'up', '--directory', directory, '--clusters', clusters.join(','), '--preset', 'fast'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      lab.stdout?.on('data', (text: Buffer) => String(text).includes('ready') && resolve());
      lab.once('exit', (code) => reject(new Error(`the lab ended with ${code}`)));
    });
    const client = LabClient.in(directory);
    const config = JSON.parse(await readFile(client.lab.adminKubeconfig, 'utf8')) as Kubeconfig;
    const apis = config.clusters.map(({ name, cluster }, index) => {
      const { user } = config.users[index]!;
      const credentials = { ca: decoded(cluster['certificate-authority-data']), cert: decoded(user['client-certificate-data']), key: decoded(user['client-key-data']) };
      return [name, new KubernetesApi({ server: cluster.server, userAgent: 'test', ...credentials })] as const;
    });
    return new RunningLab({ client, directory, process: lab, apis: new Map(apis) });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    await this.client.shutdown().catch(() => this.#process.kill());
    await ended;
    await Promise.all([...this.#apis.values()].map((api) => api.close()));
    await rm(this.#directory, { recursive: true });
  }

  api(kubernetesCluster: string): KubernetesApi {
    return this.#apis.get(kubernetesCluster)!;
  }
}

/** What `look` finds once it finds something; the last thing seen is in the message when it never does. */
export async function until<Found>(look: () => Promise<Found | undefined | false | ''>, what: string): Promise<Found> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
