/** The faults that can be switched on in a running lab, as they come over the control API. */
import { z } from 'zod';

/** Whom a fault meets: everything that is given must fit; nothing given means everybody. */
const scope = z.strictObject({
  kubernetesCluster: z.string().optional(),
  database: z.string().optional(),
  namespace: z.string().optional(),
  tidbCluster: z.string().optional(),
  component: z.string().optional(),
  pod: z.string().optional(),
});
export type Scope = z.infer<typeof scope>;

const scoped = { scope: scope.default({}) };
/** These need to know exactly one Kubernetes cluster. */
const inCluster = { scope: scope.extend({ kubernetesCluster: z.string() }) };

/** When a call is held: before it is carried out, which it then never is, or after that. */
const moment = z.enum(['before', 'after']);

const proxyEffect = z.union([
  z.strictObject({ kind: z.literal('throttle'), retryAfter: z.number() }),
  z.strictObject({ kind: z.literal('error'), status: z.union([z.literal(500), z.literal(503)]) }),
  z.strictObject({ kind: z.literal('delay'), milliseconds: z.number() }),
  z.strictObject({ kind: z.literal('reset') }),
  z.strictObject({ kind: z.literal('lose-answer') }),
  /** No answer, and the connection stays open: as if the caller had died at that moment, once it is killed. The diary says `call-held`. */
  z.strictObject({ kind: z.literal('hold'), moment }),
]);

export const faultSchema = z.discriminatedUnion('kind', [
  /** Images that match the regular expression cannot be pulled by new pods. */
  z.strictObject({ kind: z.literal('image-not-pullable'), image: z.string(), ...scoped }),
  /** New pods find no place. */
  z.strictObject({ kind: z.literal('pod-pending'), ...scoped }),
  /** Containers die at once, running ones too. */
  z.strictObject({ kind: z.literal('pod-crashing'), ...scoped }),
  /** The store's process hangs: no heartbeats, no answers; the pod stays Ready. */
  z.strictObject({ kind: z.literal('store-disconnected'), ...scoped }),
  /** The same, and PD says Down at once. */
  z.strictObject({ kind: z.literal('store-down'), ...scoped }),
  /** All members live, none leads. Real etcds are kept from their peers. */
  z.strictObject({ kind: z.literal('pd-leader-lost'), ...scoped }),
  /** The member answers 500 and counts as unhealthy. */
  z.strictObject({ kind: z.literal('pd-member-unhealthy'), ...scoped }),
  /** Leaders do not leave the store in spite of an evict-leader scheduler. */
  z.strictObject({ kind: z.literal('leaders-frozen'), ...scoped }),
  /** Peers do not leave the store while it is being removed: it stays Offline. */
  z.strictObject({ kind: z.literal('store-never-drains'), ...scoped }),
  /** The peer URL that was written for the member through etcd's API does not resolve for the others: they lose it until the fault or the URL is mended. */
  z.strictObject({ kind: z.literal('member-url-unresolvable'), ...scoped }),
  /** PD does not serve etcd's v3 API over HTTP (`enable-grpc-gateway` is false): no fault of anybody, but rare. Behind real etcds no PD of the lab joins meanwhile: it would ask over HTTP. */
  z.strictObject({ kind: z.literal('grpc-gateway-off'), ...scoped }),
  /** The same as the effect `hold` of `api-proxy`, for what PD is asked; `call` is a regular expression for method, path and body, with a space between. */
  z.strictObject({ kind: z.literal('pd-call-held'), moment, call: z.string(), ...scoped }),
  /** PD reports so many more regions with a missing or a pending peer. */
  z.strictObject({ kind: z.literal('region-shortage'), missing: z.number().int().nonnegative().default(0), pending: z.number().int().nonnegative().default(0), ...scoped }),
  /** Somebody else has set an evict-leader scheduler. */
  z.strictObject({ kind: z.literal('foreign-eviction'), ...scoped }),
  /** Names that match the regular expression do not resolve for probing pods (`lab/node/probe.ts`). */
  z.strictObject({ kind: z.literal('name-unresolvable'), name: z.string(), ...scoped }),
  /** Discovery does not answer, and its pod crashes: pods that must ask it hang in their start script. */
  z.strictObject({ kind: z.literal('discovery-gone'), ...scoped }),
  /** The operator refuses to scale PD and TiKV in, with its usual events, whatever the numbers are. */
  z.strictObject({ kind: z.literal('operator-refuses'), ...scoped }),
  /** The operator is dead: no pass, no renewal of its lease. */
  z.strictObject({ kind: z.literal('operator-stopped'), ...inCluster }),
  /** The API server is dead; its data stay. */
  z.strictObject({ kind: z.literal('api-server-stopped'), ...inCluster }),
  /** The Kubernetes cluster is cut off from all others and from everything outside; only with the real operator, which has networks. */
  z.strictObject({ kind: z.literal('network-cut'), ...inCluster }),
  /** What the product meets on its way to the API server; `path` is a regular expression. */
  z.strictObject({
    kind: z.literal('api-proxy'), effect: proxyEffect, methods: z.array(z.string()).optional(), path: z.string().optional(),
    count: z.number().int().positive().optional(), share: z.number().min(0).max(1).optional(), ...inCluster,
  }),
  /** The proxy refuses connections. */
  z.strictObject({ kind: z.literal('api-proxy-refusing'), ...inCluster }),
]);

export type Fault = z.infer<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;
export type FaultKind = Fault['kind'];

/** True when `target` has every property that the scope asks for. */
export const meets = (fault: Fault, target: Scope): boolean =>
  Object.entries(fault.scope).every(([key, wanted]) => wanted === undefined || target[key as keyof Scope] === wanted);
