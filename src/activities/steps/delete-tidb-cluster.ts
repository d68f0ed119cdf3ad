/**
 * Kind `delete-tidb-cluster`: the object goes; proved when no pod (discovery included) and no StatefulSet of it is left (§3.9). Before it goes a survivor
 * records where it was: nothing else tells a later run whose leftovers are to be reclaimed.
 */
import { z } from 'zod';
import { resources } from '../../kubernetes/resources.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { lastingPlaceSchema } from '../../protocol/place.ts';
import { allComponents, components } from '../../tidb/components.ts';
import { departurePatch, keeperOf } from '../../tidb/exit/departed.ts';
import type { Departed } from '../../tidb/exit/departed.ts';
import { ownsMember, storesOf } from '../../tidb/exit/parts.ts';
import { whatStands } from '../../tidb/exit/remains.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { databaseIsWhole } from '../../tidb/guards/index.ts';
import { oneDatabase } from '../../tidb/guards/tidb-clusters.ts';
import { specOf } from '../../tidb/spec.ts';
import type { ClusterView, Remains } from '../../tidb/view.ts';
import type { StepKind, Write } from './step-kind.ts';

const inputSchema = z.object({ place: lastingPlaceSchema, uid: z.string() });

/** A step that was skipped, or somebody who scaled out again: what still lives is not deleted. */
const nothingOfItLives: Guard = (view, { member }) => {
  const lives = allComponents.filter((component) => (specOf(member.object.spec, component)?.replicas ?? 0) > 0);
  const stores = view.database ? storesOf(view.database, member) : [];
  const members = view.database?.members.filter((each) => ownsMember(member, each)) ?? [];
  return [
    ...lives.map((component) => standing(`delete/lives/${component}`, `${components[component].title} of the TidbCluster is asked to run: deleting it now would take its data away`)),
    ...stores.map(({ id }) => standing(`delete/store/${id}`, `PD still counts on store ${id} of the TidbCluster: deleting it now would take its data away`)),
    ...members.map(({ name }) => standing(`delete/member/${name}`, `PD still has member ${name} of the TidbCluster: deleting it now would take a vote away`)),
  ];
};

export function deleteTidbCluster(step: PlannedStep): StepKind {
  const { place, uid } = inputSchema.parse(step.input);
  const isThere = (remains: Remains | undefined): boolean => remains?.object?.metadata.uid === uid;
  /** Once it is gone the scene shows a surviving one, which these guards are not about. */
  const onlyOfIt = (guard: Guard): Guard => (view, change) => (change.member.object.metadata.uid === uid ? guard(view, change) : []);
  return {
    rolls: undefined,
    deletes: true,
    guards: [...databaseIsWhole, oneDatabase, onlyOfIt(nothingOfItLives)],
    standing: [],
    more: { remainsOf: place, notThroughPdOf: step.kubernetesCluster },
    change: ({ view }) => (isThere(view.remains) && !view.remains?.object?.metadata.deletionTimestamp ? [...remember(view, { key: step.kubernetesCluster, place, uid }), deletionOf({ place, uid })] : []),
    missing: ({ view: { remains } }) => (remains ? whatStands(remains) : ['what is left of it is unknown']),
    almostDone: () => false,
    proof: ({ view: { remains } }) => ({ deleted: `${place.namespace}/${place.name}`, claimsLeft: remains?.claims.map(({ name }) => name) ?? [] }),
  };
}

function remember({ tidbClusters }: ClusterView, departed: Departed): Write[] {
  const keeper = keeperOf(tidbClusters, departed);
  const patch = departurePatch(tidbClusters, departed);
  if (!keeper || !patch) return [];
  const { namespace, name, uid } = keeper.object.metadata;
  return [{ write: 'patch-object', kubernetesCluster: keeper.kubernetesCluster, object: { ...resources.tidbCluster, namespace, name, uid }, patch }];
}

function deletionOf({ place, uid }: Pick<Departed, 'place' | 'uid'>): Write {
  return { write: 'delete-object', kubernetesCluster: place.kubernetesCluster, object: { ...resources.tidbCluster, namespace: place.namespace, name: place.name, uid } };
}
