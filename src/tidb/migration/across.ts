/**
 * What `acrossK8s` and `clusterDomain` mean for a TidbCluster that runs without them: the patch that rolls (§4.4, Ⓞ22, Ⓞ23), and
 * whether a component runs with them yet (§4.1). `domain` is empty where names carry none.
 */
import { z } from 'zod';
import type { JsonObject } from '../../protocol/json.ts';
import { upgradeOrders } from '../components.ts';
import type { Component } from '../components.ts';
import { managersOf } from '../drift.ts';
import { ownsAddress, parseHost, podOf } from '../names.ts';
import type { TidbCluster, TidbClusterSpec } from '../objects.ts';
import { expectedPeerUrl } from '../peer-url.ts';
import type { PeerPlace } from '../peer-url.ts';
import { notTakenUp as restartNotTakenUp } from '../restart.ts';
import { notRolledSince, revisionOf } from '../rolled.ts';
import { podsOf } from '../rolling.ts';
import { specOf } from '../spec.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';

/** In the order in which the operator rolls them. */
export function presentComponents(spec: TidbClusterSpec): Component[] {
  return upgradeOrders[0].order.filter((component) => specOf(spec, component));
}

export function isAsked(spec: TidbClusterSpec, domain: string): boolean {
  return spec.acrossK8s && spec.clusterDomain === domain;
}

/** Components whose start script stands in a ConfigMap: a change of it reaches them only when they restart. The others carry it in the pod's command. */
export const withScriptInConfigMap: readonly Component[] = ['pd', 'tikv', 'tidb'];

const ROLLING = 'RollingUpdate';
/** Fields that may have a strategy of their own. */
const withStrategy = ['pd', 'tiproxy', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'] as const;

/**
 * Fields that must say RollingUpdate, as the least patch: unset means InPlace (tidb-operator v1.6 component_spec.go), and then nothing
 * would roll, now or later (Ⓞ22, Ⓞ23).
 */
function strategyPatch(spec: TidbClusterSpec): JsonObject {
  const own = withStrategy.filter((field) => spec[field]?.configUpdateStrategy && spec[field].configUpdateStrategy !== ROLLING);
  const inherits = withStrategy.some((field) => spec[field] && !spec[field].configUpdateStrategy);
  return {
    ...(inherits && spec.configUpdateStrategy !== ROLLING ? { configUpdateStrategy: ROLLING } : {}),
    ...Object.fromEntries(own.map((field) => [field, { configUpdateStrategy: ROLLING }])),
  };
}

/** Paths of the spec that a migration changes on its way. */
export const ownPaths: readonly string[] = ['acrossK8s', 'clusterDomain', 'configUpdateStrategy', ...withStrategy.flatMap((field) => [`${field}.configUpdateStrategy`, `${field}.annotations`])];

/** Stays on the TidbCluster: from it a later run knows what has rolled since. */
export const recordAnnotation = 'tidb-runbooks.io/before-across-k8s';

const recordSchema = z.object({ domain: z.string(), revisions: z.record(z.string(), z.string()) });
export type AcrossRecord = z.infer<typeof recordSchema>;

/** The revisions from before the patch to this domain, if a run of ours wrote it. */
export function recordOf(object: TidbCluster, domain: string): AcrossRecord | undefined {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(object.metadata.annotations[recordAnnotation] ?? ''));
    return parsed.success && parsed.data.domain === domain ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** One merge patch: the fields, the strategy without which nothing rolls, and the revisions from before as the ground of the proof. */
export function acrossPatch(member: TidbClusterView, domain: string): JsonObject {
  const { spec } = member.object;
  const record: AcrossRecord = { domain, revisions: Object.fromEntries(presentComponents(spec).map((component) => [component, revisionOf(member, component)])) };
  return {
    metadata: { annotations: { [recordAnnotation]: JSON.stringify(record) } },
    spec: { acrossK8s: true, ...(domain ? { clusterDomain: domain } : {}), ...strategyPatch(spec) },
  };
}

/** The mark of the forced restart of a TidbCluster that was patched by hand: also a later run knows it again. */
export function restartMark(domain: string): string {
  return `across-k8s${domain ? `-${domain}` : ''}`;
}

export function peerPlaceOf({ object: { metadata, spec } }: TidbClusterView, pod: string, domain: string): PeerPlace {
  return { pod, tidbCluster: metadata.name, namespace: metadata.namespace, domain: domain || undefined, tls: spec.tlsCluster?.enabled ?? false };
}

/** The other half of the start script's addresses: the same host, PD's client port. */
export function expectedClientUrl(place: PeerPlace): string {
  return expectedPeerUrl(place).replace(/:\d+$/, ':2379');
}

/** What keeps a PD member from being known by its new name: it reports name and client URL when it starts (§5.4). */
function membersOfOldForm({ database }: ClusterView, member: TidbClusterView, domain: string): string[] {
  const own = (database?.members ?? []).filter((each) => each.clientUrls.some((url) => ownsAddress(member, 'pd', url)));
  if (own.length === 0) return ['PD lists no member of this TidbCluster'];
  return own.flatMap((each) => {
    const expected = expectedClientUrl(peerPlaceOf(member, podOf(each.clientUrls[0] ?? ''), domain));
    const right = each.clientUrls.length === 1 && each.clientUrls[0] === expected && each.name === new URL(expected).hostname;
    return right ? [] : [`PD member ${each.name} has client URL ${each.clientUrls.join(', ') || 'none'}, not ${expected}`];
  });
}

function storesOfOldForm({ database }: ClusterView, member: TidbClusterView, { component, domain }: Wanted): string[] {
  return (database?.stores ?? [])
    .filter((store) => store.engine === component && store.state !== 'Tombstone' && ownsAddress(member, component, store.address) && parseHost(store.address)?.domain !== domain)
    .map((store) => `store ${store.id} has address ${store.address}, without ${domain}`);
}

interface Wanted {
  component: Component;
  domain: string;
}

/**
 * What shows that a component does not run with the new fields yet; empty: it does. PD and the stores say it themselves where names change. Else:
 * a new revision since our own patch, our forced restart, or pods that are younger than the fields.
 */
export function notAcross(view: ClusterView, member: TidbClusterView, wanted: Wanted): string[] {
  const { component, domain } = wanted;
  if (component === 'pd') return membersOfOldForm(view, member, domain);
  if ((component === 'tikv' || component === 'tiflash') && domain) return storesOfOldForm(view, member, wanted);
  const before = recordOf(member.object, domain)?.revisions[component];
  if (before !== undefined) return notRolledSince(member, component, before);
  if (restartNotTakenUp(member, component, restartMark(domain)).length === 0) return [];
  return podsOlderThanFields(member, component);
}

/** The operator rewrites a ConfigMap within one pass; a pod that starts in that moment may still see the old one. */
const PASS_MS = 60_000;

function podsOlderThanFields(member: TidbClusterView, component: Component): string[] {
  const asked = askedAtMs(member.object);
  return podsOf(member, component)
    .filter((pod) => !(Date.parse(pod.metadata.creationTimestamp ?? '') >= asked + PASS_MS))
    .map((pod) => `pod ${pod.metadata.name} may be older than the fields`);
}

/** When somebody last wrote what holds the fields: not before they were written. */
function askedAtMs({ metadata: { managedFields } }: TidbCluster): number {
  const managers = [...managersOf(managedFields, 'acrossK8s'), ...managersOf(managedFields, 'clusterDomain')];
  const times = managedFields.filter((entry) => managers.includes(entry.manager)).map((entry) => Date.parse(entry.time ?? ''));
  return times.length > 0 && times.every((time) => !Number.isNaN(time)) ? Math.max(...times) : Infinity;
}

/** The components, in the operator's order, that do not run with the new fields yet. */
export function componentsNotAcross(view: ClusterView, member: TidbClusterView, domain: string): Component[] {
  const present = presentComponents(member.object.spec);
  return present.filter((component) => notAcross(view, member, { component, domain }).length > 0);
}
