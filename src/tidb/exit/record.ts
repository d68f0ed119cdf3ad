/**
 * How many pods the leaving TidbCluster had: written into it by the same patch that begins to scale it in, so that the way back is known to
 * whoever looks at it, also when the run is long gone.
 */
import { z } from 'zod';
import { allComponents } from '../components.ts';
import type { Component } from '../components.ts';
import type { TidbCluster } from '../objects.ts';
import { specOf } from '../spec.ts';

export const replicasAnnotation = 'tidb-runbooks.io/replicas-before-exit';

export type Replicas = Partial<Record<Component, number>>;

const recordSchema = z.partialRecord(z.enum(allComponents as [Component, ...Component[]]), z.number().int().nonnegative());

/** Undefined when there is none, or none that can be read. */
export function recordedReplicas({ metadata }: TidbCluster): Replicas | undefined {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(metadata.annotations[replicasAnnotation] ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function presentReplicas({ spec }: TidbCluster): Replicas {
  return Object.fromEntries(allComponents.flatMap((component) => present(component, specOf(spec, component)?.replicas)));
}

function present(component: Component, replicas: number | undefined): [Component, number][] {
  return replicas === undefined ? [] : [[component, replicas]];
}

/** What the annotation is to say now: a component that is at zero already keeps what was recorded of it. */
export function replicasToRecord(object: TidbCluster): Replicas {
  const before = recordedReplicas(object) ?? {};
  return Object.fromEntries(Object.entries(presentReplicas(object)).map(([component, replicas]) => [component, replicas || (before[component as Component] ?? 0)]));
}

/** Components that have fewer pods than were recorded, with the recorded number. */
export function replicasToRestore(object: TidbCluster): Replicas {
  const now = presentReplicas(object);
  return Object.fromEntries(Object.entries(recordedReplicas(object) ?? {}).filter(([component, replicas]) => replicas > (now[component as Component] ?? replicas)));
}
