/** The twins of one simulated Kubernetes cluster: its operator and its node, on a real control plane. */
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Belonging, Databases } from '../database/databases.ts';
import type { RecordFact } from '../event-log.ts';
import { podFaults, refusals } from '../faults/switchboard.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import { KubernetesApi } from '../kubernetes-api.ts';
import { tidbClusterOf } from '../node/container-inputs.ts';
import { Node } from '../node/node.ts';
import type { PodAddresses } from '../node/pod-addresses.ts';
import { Operator } from '../operator/operator.ts';
import type { TidbCluster } from '../operator/tidb-cluster.ts';
import type { Speeds } from '../settings.ts';
import { EventWriter } from './event-writer.ts';
import type { Pod } from './kubernetes-objects.ts';
import { PatientApi } from './patient-api.ts';
import { RolloutDiary } from './rollout-diary.ts';

export interface TwinSetting {
  plane: ControlPlane;
  speeds: Speeds;
  databases: Databases;
  switchboard: Switchboard;
  addresses: PodAddresses;
  record: RecordFact;
  log: (line: string) => void;
}

/** The real operator's service account, and the user agent by which its field manager is named. */
const operatorIdentity = { user: 'system:serviceaccount:tidb-admin:tidb-controller-manager', groups: ['system:masters'], userAgent: 'tidb-controller-manager/v1.6.6' };
const nodeIdentity = { user: 'system:node:twin', groups: ['system:masters'], userAgent: 'kubelet/v1.34.4' };
const adminIdentity = { user: 'lab-admin', groups: ['system:masters'], userAgent: 'lab' };

export class KubernetesTwin {
  readonly plane: ControlPlane;
  readonly operator: Operator;
  /** For deploying and cleaning up; not used by the twins. */
  readonly admin: KubernetesApi;
  readonly #node: Node;
  readonly #ending: AbortController;
  readonly #apis: KubernetesApi[];

  private constructor(parts: { plane: ControlPlane; operator: Operator; node: Node; admin: KubernetesApi; ending: AbortController; apis: KubernetesApi[] }) {
    this.plane = parts.plane;
    this.operator = parts.operator;
    this.admin = parts.admin;
    this.#node = parts.node;
    this.#ending = parts.ending;
    this.#apis = parts.apis;
  }

  /** Resolves when operator and node follow their objects. */
  static async start(setting: TwinSetting): Promise<KubernetesTwin> {
    const { plane, databases, speeds, log, switchboard, record } = setting;
    const ending = new AbortController();
    const kubernetesCluster = plane.name;
    const operatorApi = new KubernetesApi(await plane.connectionFor(operatorIdentity));
    const nodeApi = new PatientApi(await plane.connectionFor(nodeIdentity), ending.signal);
    const admin = new KubernetesApi(await plane.connectionFor(adminIdentity));
    const nameOf = (namespace: string, name: string): string => databases.nameOf({ kubernetesCluster, namespace, name });
    const operator = new Operator({ api: operatorApi, kubernetesCluster, databases, speeds, log, refusesScaleIn: refusals(switchboard, kubernetesCluster, nameOf) });
    const diary = new RolloutDiary(kubernetesCluster, record, ({ metadata }) => nameOf(metadata.namespace, metadata.labels?.['app.kubernetes.io/instance'] ?? ''));
    operator.sets.onChange((set, gone) => diary.see(set, gone));
    const node = new Node({
      api: nodeApi, kubernetesCluster, nodeName: `${kubernetesCluster}-node`, speeds, databases, addresses: setting.addresses, record,
      events: new EventWriter(nodeApi, 'kubelet'),
      faults: podFaults(switchboard, kubernetesCluster, (pod: Pod) => nameOf(pod.metadata.namespace, tidbClusterOf(pod))),
    });
    await node.start(plane.kubeletTls, ending.signal);
    await operator.start(ending.signal);
    return new KubernetesTwin({ plane, operator, node, admin, ending, apis: [operatorApi, nodeApi, admin] });
  }

  belongings(): Belonging[] {
    return this.operator.clusters.list().map((cluster) => belongingOf(this.plane.name, cluster));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#node.stop();
    await Promise.all(this.#apis.map((api) => api.close()));
  }
}

function belongingOf(kubernetesCluster: string, { metadata: { namespace, name }, spec }: TidbCluster): Belonging {
  const { cluster } = spec;
  return {
    key: { kubernetesCluster, namespace, name },
    clusterDomain: spec.clusterDomain,
    hasPd: spec.pd !== undefined,
    reference: cluster?.name ? { name: cluster.name, namespace: cluster.namespace ?? namespace, clusterDomain: cluster.clusterDomain } : undefined,
  };
}
