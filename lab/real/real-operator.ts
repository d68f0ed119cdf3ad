/** The real tidb-controller-manager of one Kubernetes cluster, as a process inside the cluster's network. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../control-plane/child.ts';
import type { Watchdog } from '../control-plane/watchdog.ts';
import type { Databases } from '../database/databases.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import { createOperatorDeployment, operatorNamespace } from '../operator/operator-presence.ts';
import type { TidbCluster } from '../operator/tidb-cluster.ts';
import { Informer } from '../process/informer.ts';
import type { StatefulSet } from '../process/kubernetes-objects.ts';

export interface RealOperatorSetting {
  /** The lab's own way to the API server, not the operator's. */
  api: KubernetesApi;
  kubernetesCluster: string;
  databases: Databases;
  binary: string;
  /** Text of the operator's kubeconfig. */
  kubeconfig: string;
  directory: string;
  entrance: string[];
  /** Milliseconds. */
  resync: number;
  watchdog: Watchdog;
}

const privateMode = 0o600;
const image = 'pingcap/tidb-operator:v1.6.6';
/** A container that ended is started again after this time, as a kubelet does at first. Milliseconds. */
const restartAfter = 1_000;
/** With client-go's defaults (5 and 10) most of an upgrade is waiting for its own limits. */
const limits = ['-kube-client-qps=50', '-kube-client-burst=100'];

export class RealOperator {
  readonly clusters = new Informer<TidbCluster>();
  readonly sets = new Informer<StatefulSet>();
  readonly #setting: RealOperatorSetting;
  #child: Child | undefined;
  #isStopped = false;

  constructor(setting: RealOperatorSetting) {
    this.#setting = setting;
  }

  /** Resolves when its process runs; it has its lease and its caches some seconds later. */
  async start(signal: AbortSignal): Promise<void> {
    const { api, databases, kubernetesCluster, directory, kubeconfig } = this.#setting;
    this.clusters.onChange(({ metadata: { namespace, name } }, gone) => gone && databases.forget({ kubernetesCluster, namespace, name }));
    await createOperatorDeployment(api);
    writeFileSync(join(directory, 'operator.kubeconfig'), kubeconfig, { mode: privateMode });
    await Promise.all([this.clusters.start(api, '/apis/pingcap.com/v1alpha1/tidbclusters', signal), this.sets.start(api, '/apis/apps/v1/statefulsets', signal)]);
    signal.addEventListener('abort', () => this.setStopped(true));
    this.#launch();
  }

  /** Kills the process, or starts it again. */
  setStopped(stopped: boolean): void {
    if (this.#isStopped === stopped) return;
    this.#isStopped = stopped;
    if (stopped) void this.#child?.crash();
    else this.#launch();
  }

  #launch(): void {
    const { entrance, binary, directory, kubernetesCluster, resync, watchdog } = this.#setting;
    const flags = ['-cluster-scoped=true', `-tidb-discovery-image=${image}`, '-tidb-backup-manager-image=pingcap/tidb-backup-manager:v1.6.6', `-resync-duration=${resync}ms`, '-v=2', ...limits];
    const [program = binary, ...words] = [...entrance, binary, ...flags];
    const environment = { NAMESPACE: operatorNamespace, KUBECONFIG: join(directory, 'operator.kubeconfig'), AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'none' };
    const child = new Child({ title: `tidb-controller-manager of ${kubernetesCluster}`, binary: program, args: words, log: join(directory, 'operator.log'), environment }, watchdog);
    this.#child = child;
    void child.ended.then(() => this.#revive(child));
  }

  /** It ends by itself when it loses its lease, e.g. because the API server was away. */
  async #revive(ended: Child): Promise<void> {
    await delay(restartAfter);
    if (!this.#isStopped && this.#child === ended) this.#launch();
  }
}
