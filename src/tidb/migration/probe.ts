/**
 * A pod that looks up the names which PD would have under a cluster domain, and ends. Its answer must be the very addresses of these pods: a
 * wildcard in somebody's DNS answers to any name.
 */
import type { JsonObject } from '../../protocol/json.ts';
import { digest } from '../drift.ts';
import { podsOf } from '../rolling.ts';
import { desiredImage } from '../spec.ts';
import type { ClusterView, ProbeView, TidbClusterView } from '../view.ts';
import { expectedPeerUrl } from '../peer-url.ts';
import { peerPlaceOf } from './across.ts';

/** Its value is the inventory name of the TiDB cluster. */
export const probeLabel = 'tidb-runbooks.io/probe';
export const probeAnnotation = 'tidb-runbooks.io/probe-of';
export const PROBE_CONTAINER = 'probe';
/** The kubelet ends it then, whatever happened to its run. Seconds; more than a slow image pull needs. */
const DEADLINE_SECONDS = 300;
/** Nobody: a lookup needs no rights. */
const NOBODY = 65_534;

export interface ProbeWish {
  domain: string;
  /** Absent: PD's own image, which is on the nodes and has a lookup tool for its start script. */
  image: string | undefined;
}

interface Named {
  name: string;
  address: string;
}

/** The names that must resolve, each with the address that must come back. */
export function namesToResolve(member: TidbClusterView, domain: string): Named[] {
  return podsOf(member, 'pd').map((pod) => ({
    name: new URL(expectedPeerUrl(peerPlaceOf(member, pod.metadata.name, domain))).hostname,
    address: pod.status.podIP ?? '',
  }));
}

/** Names an answer by what was asked: an older one about other pods is none. */
export function probeId(member: TidbClusterView, wish: ProbeWish): string {
  return digest([wish.domain, wish.image ?? '', podsOf(member, 'pd').map((pod) => pod.metadata.uid)]);
}

export function probePod(view: ClusterView, member: TidbClusterView, wish: ProbeWish): JsonObject {
  const { metadata } = member.object;
  const names = namesToResolve(member, wish.domain).map(({ name }) => name);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${metadata.name}-probe-`,
      namespace: metadata.namespace,
      labels: { [probeLabel]: view.name },
      annotations: { [probeAnnotation]: probeId(member, wish) },
      ownerReferences: [{ apiVersion: 'pingcap.com/v1alpha1', kind: 'TidbCluster', name: metadata.name, uid: metadata.uid }],
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: DEADLINE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: NOBODY, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: PROBE_CONTAINER,
          image: wish.image ?? desiredImage(member.object.spec, 'pd') ?? '',
          // Names are DNS names: checked before, and again by what they are made of.
          command: ['/bin/sh', '-c', names.map((name) => `nslookup ${name}`).join(' && ')],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

/** The newest probe that was asked the same. */
export function probeOf(view: ClusterView, member: TidbClusterView, wish: ProbeWish): ProbeView | undefined {
  return view.probes?.findLast((probe) => probe.of === probeId(member, wish));
}

/** What its answer lacks, in words; only of a probe that has ended. */
export function unresolved(member: TidbClusterView, domain: string, { exitCode, lines }: ProbeView): string[] {
  if (exitCode !== 0) return [`the lookup ended with ${exitCode ?? 'nothing'}: ${lines.slice(-3).join(' | ') || 'no log'}`];
  const words = new Set(lines.flatMap((line) => line.split(/[\s#,]+/)));
  return namesToResolve(member, domain).filter(({ address }) => !address || !words.has(address)).map(({ name, address }) => `${name} does not resolve to its pod's address ${address || '(none)'}`);
}
