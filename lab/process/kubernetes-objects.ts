/** The Kubernetes objects that the twins read, with the fields that they know. */

export interface Meta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

export interface ContainerSpec {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string }[];
  volumeMounts?: { name: string; mountPath: string }[];
  ports?: { name: string; containerPort: number }[];
  readinessProbe?: object;
}

export interface PodVolume {
  name: string;
  configMap?: { name: string };
  secret?: { secretName: string };
  persistentVolumeClaim?: { claimName: string };
}

export interface PodSpec {
  nodeName?: string;
  containers: ContainerSpec[];
  volumes?: PodVolume[];
  terminationGracePeriodSeconds?: number;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: object;
  lastState?: object;
}

export interface Pod {
  metadata: Meta;
  spec: PodSpec;
  status: { phase?: string; podIP?: string; conditions?: Condition[]; containerStatuses?: ContainerStatus[] };
}

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface StatefulSetSpec {
  replicas: number;
  serviceName: string;
  podManagementPolicy: string;
  selector: { matchLabels: Record<string, string> };
  template: PodTemplate;
  updateStrategy: { type: string; rollingUpdate?: { partition: number } };
  volumeClaimTemplates?: object[];
}

export interface StatefulSetStatus {
  observedGeneration?: number;
  replicas: number;
  readyReplicas?: number;
  updatedReplicas?: number;
  currentRevision?: string;
  updateRevision?: string;
}

export interface StatefulSet {
  metadata: Meta;
  spec: StatefulSetSpec;
  status: StatefulSetStatus;
}

export interface ConfigMap {
  metadata: Meta;
  data: Record<string, string>;
}

/** Any object of which only the metadata matter. */
export interface Named {
  metadata: Meta;
}

export const isConditionTrue = (conditions: Condition[] | undefined, type: string): boolean =>
  (conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
