/** One kube-controller-manager with only those controllers that a TiDB cluster needs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabAuthority } from './certificates.ts';
import { Child } from './child.ts';
import { kubeconfig } from './kubeconfig.ts';
import { freePort } from './ports.ts';
import { answersOk } from './readiness.ts';
import type { Watchdog } from './watchdog.ts';

const usual = ['statefulset', 'garbage-collector', 'namespace', 'deployment', 'replicaset', 'persistentvolume-binder'];
/** What the real operator and the admission plugins count on. */
const forRealPods = ['persistentvolumeclaim-protection', 'persistentvolume-protection', 'serviceaccount', 'root-ca-certificate-publisher', 'job', 'disruption', 'endpoints', 'endpointslice'];
/** Requests per second and burst: with the default client limits a rollout waits up to 0.3 s per pod. */
const queriesPerSecond = 300;
const burst = 500;
const privateMode = 0o600;

export interface ControllerManagerSettings {
  binary: string;
  /** Name of the Kubernetes cluster. */
  name: string;
  directory: string;
  server: string;
  /** Whether pods are served as in a real cluster: service accounts, protection of volumes, endpoints. */
  servesRealPods: boolean;
  authority: LabAuthority;
  watchdog: Watchdog;
}

/** Starts it; resolves when it serves, which is about 0.3 s before its caches are filled. */
export async function startControllerManager(settings: ControllerManagerSettings): Promise<Child> {
  const { name, directory, server, authority, binary, watchdog, servesRealPods } = settings;
  await mkdir(directory, { recursive: true });
  const file = (extension: string): string => join(directory, `controller-manager.${extension}`);
  const [credentials, serving] = await Promise.all([authority.issueClient({ user: 'system:kube-controller-manager' }), authority.issueServer('kube-controller-manager')]);
  const config = kubeconfig([{ name, server, ca: authority.certificate, credentials }]);
  const texts = [[file('ca.crt'), authority.certificate], [file('kubeconfig'), config], [file('crt'), serving.cert], [file('key'), serving.key]] as const;
  await Promise.all(texts.map(([path, text]) => writeFile(path, text, { mode: privateMode })));
  const port = await freePort();
  const args = [
    `--kubeconfig=${file('kubeconfig')}`,
    '--leader-elect=false',
    // Without it RBAC refuses controllerrevisions to the StatefulSet controller, and nothing happens.
    '--use-service-account-credentials=true',
    `--controllers=${[...usual, ...(servesRealPods ? forRealPods : [])].map((each) => `${each}-controller`).join(',')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--root-ca-file=${file('ca.crt')}`,
    `--tls-cert-file=${file('crt')}`,
    `--tls-private-key-file=${file('key')}`,
    `--kube-api-qps=${queriesPerSecond}`,
    `--kube-api-burst=${burst}`,
  ];
  const child = new Child({ title: `kube-controller-manager of ${name}`, binary, args, log: join(directory, 'kube-controller-manager.log') }, watchdog);
  await child.until(() => answersOk(`https://127.0.0.1:${port}/healthz`, authority.certificate));
  return child;
}
