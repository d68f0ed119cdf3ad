/** The steps that an exit and its continuation after the deletion have in common: references, and what is reclaimed. Pure. */
import type { JsonObject } from '../../protocol/json.ts';
import type { LastingPlace } from '../../protocol/place.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { digestsOf } from '../../tidb/drift.ts';
import { namesAsWanted } from '../../tidb/exit/references.ts';
import type { Repointing } from '../../tidb/exit/references.ts';
import { doomedBy, unreadWishes } from '../../tidb/exit/remains.ts';
import type { Reclaim } from '../../tidb/exit/remains.ts';
import { findByKey, placeOf } from '../../tidb/view.ts';
import type { ClusterView, Remains, TidbClusterView } from '../../tidb/view.ts';

/** The TidbCluster that leaves, or has left: its key in steps and its place, which outlives it. */
export interface Leaving {
  key: string;
  place: LastingPlace;
}

export function referenceStep(view: ClusterView, { key, to, toKey }: Repointing): PlannedStep {
  const member = findByKey(view, key);
  return {
    id: `reference/${key}`,
    kind: 'repoint-reference',
    title: `spec.cluster in ${key}: ${to ? `names ${to.namespace}/${to.name} in ${toKey ?? ''}` : 'goes away, it stands alone'}, nothing rolls`,
    component: 'reference',
    kubernetesCluster: key,
    alreadyDone: member !== undefined && namesAsWanted(member.object, to),
    input: { ...(to ? { to: { ...to } } : {}), ...ground(member) },
  };
}

export function ground(member: TidbClusterView | undefined): JsonObject {
  return member ? { place: { ...placeOf(member) }, baseline: digestsOf(member.object) } : { baseline: {} };
}

/** JSON has no undefined. */
export function placeInput({ instance, ...place }: LastingPlace): JsonObject {
  return { ...place, ...(instance === undefined ? {} : { instance }) };
}

export function reclaimSteps(remains: Remains | undefined, { key, place }: Leaving, reclaim: Reclaim): PlannedStep[] {
  if (!remains) return [];
  const doomed = doomedBy(remains, reclaim);
  const named = (list: { name: string; uid: string }[]): JsonObject[] => list.map(({ name, uid }) => ({ name, uid }));
  const wanted = [
    { what: 'claims', title: `${doomed.claims.length} PersistentVolumeClaims${reclaim.data === 'volumes' ? ` and ${doomed.volumes.length} volumes` : ''}`, objects: doomed.claims, volumes: doomed.volumes },
    { what: 'secrets', title: `${doomed.secrets.length} Secrets`, objects: doomed.secrets, volumes: [] },
    { what: 'monitors', title: `${doomed.monitors.length} TidbMonitors`, objects: doomed.monitors, volumes: [] },
  ];
  return wanted
    .filter(({ objects }) => objects.length > 0)
    .map(({ what, title, objects, volumes }) => ({
      id: `reclaim-${what}/${key}`,
      kind: 'reclaim',
      title: `${title} of ${place.namespace}/${place.name} in ${key} are deleted`,
      component: 'reclaim',
      kubernetesCluster: key,
      alreadyDone: false,
      input: { what, place: placeInput(place), objects: named(objects), volumes: named(volumes) },
    }));
}

/** An empty list of what may not be read is no knowledge. */
export function unreadRefusals(remains: Remains | undefined, { place }: Leaving, reclaim: Reclaim): string[] {
  const unread = remains ? unreadWishes(remains, reclaim) : [];
  return unread.map((plural) => `the worker may not read ${plural} in ${place.kubernetesCluster}, which are to be reclaimed: bind the ClusterRole ${plural === 'secrets' ? 'tidb-runbooks-exit-secrets' : 'tidb-runbooks-exit'} (deploy/kubernetes-rbac.yaml)`);
}
