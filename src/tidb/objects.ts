/**
 * The Kubernetes objects that the runbooks read, as far as they read them. Parsed once, where they come in. Of a TidbCluster's spec unknown fields
 * pass, since drift may be in any of them; everywhere else they are left out: a wait keeps its last look, and a worker keeps thousands of waits.
 * Field names: tidb-operator v1.6 apis/pingcap/v1alpha1/types.go (§1.2).
 */
import { z } from 'zod';

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  generation: z.number().default(0),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().optional(),
});

const componentSpec = z.looseObject({
  replicas: z.number().default(0),
  baseImage: z.string().optional(),
  image: z.string().optional(),
  version: z.string().nullish(),
  suspendAction: z.unknown().optional(),
  /** They go into the pod template. */
  annotations: z.record(z.string(), z.string()).nullish(),
  configUpdateStrategy: z.string().nullish(),
});
export type ComponentSpec = z.infer<typeof componentSpec>;

const microservice = componentSpec.extend({ name: z.string() });

const tidbClusterSpec = z.looseObject({
  version: z.string().default(''),
  paused: z.boolean().default(false),
  acrossK8s: z.boolean().default(false),
  clusterDomain: z.string().default(''),
  configUpdateStrategy: z.string().nullish(),
  cluster: z.looseObject({ name: z.string().default(''), namespace: z.string().default(''), clusterDomain: z.string().default('') }).optional(),
  suspendAction: z.unknown().optional(),
  tlsCluster: z.looseObject({ enabled: z.boolean().default(false) }).optional(),
  pd: componentSpec.optional(),
  tiproxy: componentSpec.optional(),
  tiflash: componentSpec.optional(),
  tikv: componentSpec.optional(),
  pump: componentSpec.optional(),
  tidb: componentSpec.optional(),
  ticdc: componentSpec.optional(),
  pdms: z.array(microservice).optional(),
});
export type TidbClusterSpec = z.infer<typeof tidbClusterSpec>;

const statefulSetStatus = z.object({
  observedGeneration: z.number().default(0),
  replicas: z.number().default(0),
  readyReplicas: z.number().default(0),
  updatedReplicas: z.number().default(0),
  currentRevision: z.string().default(''),
  updateRevision: z.string().default(''),
});
export type StatefulSetStatus = z.infer<typeof statefulSetStatus>;

const componentStatus = z.object({
  phase: z.string().default(''),
  synced: z.boolean().optional(),
  statefulSet: statefulSetStatus.optional(),
});
export type ComponentStatus = z.infer<typeof componentStatus>;

/** Only that they are there is read: what they are, PD says itself. */
const entries = z.record(z.string(), z.unknown().transform(() => true)).nullish();

/** Condition Ready is not in it: it says nothing (§1.3). */
const tidbClusterStatus = z.object({
  clusterID: z.string().optional(),
  pd: componentStatus.extend({ peerMembers: entries }).optional(),
  pdms: z.record(z.string(), componentStatus).nullish(),
  tiproxy: componentStatus.optional(),
  tiflash: componentStatus.optional(),
  tikv: componentStatus.extend({ peerStores: entries }).optional(),
  pump: componentStatus.optional(),
  tidb: componentStatus.optional(),
  ticdc: componentStatus.extend({ captures: z.record(z.string(), z.object({ version: z.string().optional(), ready: z.boolean().optional() })).nullish() }).optional(),
});
export type TidbClusterStatus = z.infer<typeof tidbClusterStatus>;

const managedFieldsEntry = z.object({
  manager: z.string().default(''),
  time: z.string().optional(),
  fieldsV1: z.object({ 'f:spec': z.record(z.string(), z.unknown()).optional() }).optional(),
});
export type ManagedFieldsEntry = z.infer<typeof managedFieldsEntry>;

export const tidbClusterSchema = z.looseObject({
  metadata: metadata.extend({ managedFields: z.array(managedFieldsEntry).default([]) }),
  spec: tidbClusterSpec,
  status: tidbClusterStatus.default({}),
});
export type TidbCluster = z.infer<typeof tidbClusterSchema>;

export const statefulSetSchema = z.object({
  metadata,
  spec: z.object({
    replicas: z.number().default(1),
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }).default({ annotations: {} }),
      spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string().default('') })) }),
    }),
  }),
  status: statefulSetStatus.default({ observedGeneration: 0, replicas: 0, readyReplicas: 0, updatedReplicas: 0, currentRevision: '', updateRevision: '' }),
});
export type StatefulSet = z.infer<typeof statefulSetSchema>;

const condition = z.object({ type: z.string(), status: z.string(), reason: z.string().optional(), message: z.string().optional() });

const containerStatus = z.object({
  name: z.string(),
  image: z.string().default(''),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: z.object({ waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(), terminated: z.object({ exitCode: z.number() }).optional() }).optional(),
});

export const podSchema = z.object({
  metadata,
  spec: z.object({ nodeName: z.string().optional(), containers: z.array(z.object({ name: z.string(), image: z.string().default('') })) }),
  status: z
    .object({
      phase: z.string().default('Unknown'),
      startTime: z.string().optional(),
      podIP: z.string().optional(),
      conditions: z.array(condition).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .default({ phase: 'Unknown', conditions: [], containerStatuses: [] }),
});
export type Pod = z.infer<typeof podSchema>;

export const eventSchema = z.object({
  metadata,
  type: z.string().default(''),
  reason: z.string().default(''),
  message: z.string().default(''),
  count: z.number().nullish(),
  firstTimestamp: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  involvedObject: z.object({ kind: z.string().default(''), name: z.string().default(''), uid: z.string().default('') }),
});
export type KubernetesEvent = z.infer<typeof eventSchema>;

export const leaseSchema = z.object({
  metadata,
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
    })
    .default({}),
});
export type Lease = z.infer<typeof leaseSchema>;
