/** What the operator says when it does not scale in: by an event, again in every pass, while nothing in the TidbCluster shows it (Ⓞ12, Ⓞ14). */
import { components } from '../components.ts';
import type { Component } from '../components.ts';
import { ourFieldManager } from '../drift.ts';
import { passing } from '../guards/guard.ts';
import type { Guard } from '../guards/guard.ts';
import type { KubernetesEvent, TidbCluster } from '../objects.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';
import { storesOf } from './parts.ts';

/** client-go writes a repeated event at least this often: after 25 in a row one every five minutes (tools/record, EventSourceObjectSpamFilter). */
const REPEATS_WITHIN_MS = 6 * 60_000;

/** A reason while the operator refuses to scale this component in: said after our patch, not long ago, and not overtaken since. */
export function operatorRefuses(component: Component): Guard {
  return (view, { member }) => {
    const event = newestRefusal(member, component, view.nowMs);
    if (!event || isOvertaken(view, member, component)) return [];
    return [passing(`refused/${member.key}/${component}`, `the operator refuses to scale in ${components[component].title} in ${member.key}: ${event.message}`)];
  };
}

function newestRefusal({ events, object }: TidbClusterView, component: Component, nowMs: number): KubernetesEvent | undefined {
  const since = Math.max(patchedAtMs(object), nowMs - REPEATS_WITHIN_MS);
  return events
    .filter((event) => event.reason === 'FailedScaleIn' && concerns(event.message, component) && timeOf(event) >= since)
    .sort((one, other) => timeOf(other) - timeOf(one))[0];
}

/** PD's refusal says `The PD is in use by TidbCluster`; the others name the component or its stores (tidb-operator v1.6 pd_scaler.go, tikv_scaler.go). */
function concerns(message: string, component: Component): boolean {
  const aboutPd = /\bPD is in use\b|scale in PD\b/i.test(message);
  return component === 'pd' ? aboutPd : !aboutPd;
}

/** When we wrote this TidbCluster last, by its API server's clock, in whole seconds. */
function patchedAtMs({ metadata }: TidbCluster): number {
  return Math.max(0, ...metadata.managedFields.filter(({ manager }) => manager === ourFieldManager).map(({ time }) => Date.parse(time ?? '') || 0));
}

function timeOf({ lastTimestamp, eventTime, firstTimestamp }: KubernetesEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? '') || 0;
}

/** PD empties a store of it, or the operator has taken pods away: then it went on after that word. */
function isOvertaken({ database }: ClusterView, member: TidbClusterView, component: Component): boolean {
  if (component !== 'tikv' && component !== 'tiflash') return (member.statefulSets[component]?.spec.replicas ?? 0) === 0;
  return database !== undefined && storesOf(database, member, component).some(({ state, regionCount }) => state === 'Offline' && regionCount > 0);
}
