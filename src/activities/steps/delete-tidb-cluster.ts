/** Kind `delete-tidb-cluster`: the object goes; proved when no pod (discovery included) and no StatefulSet of it is left (§3.9). */
import { z } from 'zod';
import { resources } from '../../kubernetes/resources.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { placeSchema } from '../../protocol/place.ts';
import { allComponents, components } from '../../tidb/components.ts';
import { ownsMember, storesOf } from '../../tidb/exit/parts.ts';
import { standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { databaseIsWhole } from '../../tidb/guards/index.ts';
import { specOf } from '../../tidb/spec.ts';
import type { Remains } from '../../tidb/view.ts';
import type { StepKind } from './step-kind.ts';

const inputSchema = z.object({ place: placeSchema, uid: z.string() });

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
    guards: [...databaseIsWhole, onlyOfIt(nothingOfItLives)],
    standing: [],
    more: { remainsOf: place, notThroughPdOf: step.kubernetesCluster },
    change: ({ view }) => (isThere(view.remains) && !view.remains?.object?.metadata.deletionTimestamp ? [{ write: 'delete-object', kubernetesCluster: place.kubernetesCluster, object: { ...resources.tidbCluster, namespace: place.namespace, name: place.name, uid } }] : []),
    missing: ({ view: { remains } }) => whatOfItIsLeft(remains),
    almostDone: () => false,
    proof: ({ view: { remains } }) => ({ deleted: `${place.namespace}/${place.name}`, claimsLeft: remains?.claims.map(({ name }) => name) ?? [] }),
  };
}

function whatOfItIsLeft(remains: Remains | undefined): string[] {
  if (!remains) return ['what is left of it is unknown'];
  const { object, statefulSets, pods } = remains;
  const finalizers = object?.metadata.deletionTimestamp ? ', and waits for its finalizers' : '';
  return [
    ...(object ? [`the object is there${finalizers}`] : []),
    ...(statefulSets.length > 0 ? [`StatefulSets are left: ${statefulSets.map(({ name }) => name).join(', ')}`] : []),
    ...(pods.length > 0 ? [`pods are left: ${pods.map(({ name }) => name).join(', ')}`] : []),
  ];
}
