/** One kube-apiserver: the files it needs, its flags, start, crash and restart on the same port and data. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditPolicy } from './audit-policy.ts';
import { serviceAccountKeys } from './certificates.ts';
import type { LabAuthority } from './certificates.ts';
import { Child } from './child.ts';
import { answersOk } from './readiness.ts';
import type { Watchdog } from './watchdog.ts';

/** Only the owner reads the lab's keys. */
const privateMode = 0o600;
/** It allocates much: it spares half of its garbage collections. */
const environment = { GOGC: '200' };
/** Beyond any lab: the default would rotate at 100 MB, and readers of the one file would miss what came before. MB. */
const auditLogLimit = 1_000_000;

export interface ApiServerSettings {
  binary: string;
  /** Name of the Kubernetes cluster, for messages. */
  name: string;
  /** Everything that this server writes goes here. */
  directory: string;
  port: number;
  etcdUrl: string;
  etcdPrefix: string;
  authority: LabAuthority;
  watchdog: Watchdog;
  /** An address of this computer at which pods reach the server; without it, it is for loopback alone and spares what only real pods need. */
  podsReachItAt?: string | undefined;
}

export class ApiServer {
  readonly #settings: ApiServerSettings;
  #child: Child | undefined;

  private constructor(settings: ApiServerSettings) {
    this.#settings = settings;
  }

  /** Writes the files and starts the process; resolves when it is ready. */
  static async start(settings: ApiServerSettings): Promise<ApiServer> {
    await writeFiles(settings);
    const server = new ApiServer(settings);
    await server.start();
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#settings.port}`;
  }

  /** As pods see it. */
  get urlForPods(): string {
    const { podsReachItAt, port } = this.#settings;
    return podsReachItAt === undefined ? this.url : `https://${podsReachItAt}:${port}`;
  }

  get auditLog(): string {
    return join(this.#settings.directory, 'audit.log');
  }

  async start(): Promise<void> {
    if (this.#child) return;
    const { name, binary, directory, watchdog, authority } = this.#settings;
    this.#child = new Child({ title: `kube-apiserver of ${name}`, binary, args: flags(this.#settings), log: join(directory, 'kube-apiserver.log'), environment }, watchdog);
    await this.#child.until(() => answersOk(`${this.url}/readyz`, authority.certificate));
  }

  /** As in a crash: open connections break, new ones are refused. */
  async crash(): Promise<void> {
    await this.#child?.crash();
    this.#child = undefined;
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
  }
}

async function writeFiles({ directory, authority, podsReachItAt }: ApiServerSettings): Promise<void> {
  await mkdir(directory, { recursive: true });
  const [serving, kubeletClient] = await Promise.all([authority.issueServer('kube-apiserver', ...(podsReachItAt === undefined ? [] : [podsReachItAt])), authority.issueClient({ user: 'kube-apiserver-kubelet-client' })]);
  const tokens = serviceAccountKeys();
  const files = {
    'ca.crt': authority.certificate,
    'apiserver.crt': serving.cert,
    'apiserver.key': serving.key,
    'kubelet-client.crt': kubeletClient.cert,
    'kubelet-client.key': kubeletClient.key,
    'service-accounts.pub': tokens.publicKey,
    'service-accounts.key': tokens.privateKey,
    'audit-policy.yaml': auditPolicy,
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text, { mode: privateMode })));
}

function flags({ directory, port, etcdUrl, etcdPrefix, podsReachItAt }: ApiServerSettings): string[] {
  const file = (name: string): string => join(directory, name);
  return [
    `--etcd-servers=${etcdUrl}`,
    `--etcd-prefix=${etcdPrefix}`,
    `--bind-address=${podsReachItAt === undefined ? '127.0.0.1' : '0.0.0.0'}`,
    `--advertise-address=${podsReachItAt ?? '127.0.0.1'}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('service-accounts.pub')}`,
    `--service-account-signing-key-file=${file('service-accounts.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    '--endpoint-reconciler-type=none',
    // Pods would wait for a default service account, and PVCs keep a finalizer, that no controller of the quick lab sees to.
    ...(podsReachItAt === undefined ? ['--disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection'] : []),
    `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
    `--kubelet-client-key=${file('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${file('ca.crt')}`,
    `--audit-policy-file=${file('audit-policy.yaml')}`,
    `--audit-log-path=${file('audit.log')}`,
    `--audit-log-maxsize=${auditLogLimit}`,
  ];
}
