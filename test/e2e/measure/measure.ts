/** Measures a TiDB cluster of the lab while something upgrades it, until it is whole again and of the new version. */
import type { LabClient } from '../../../lab/client.ts';
import type { KubernetesApi } from '../../../lab/kubernetes-api.ts';
import { ddlStory } from './ddl.ts';
import { figuresOf } from './figures.ts';
import { keep } from './record.ts';
import type { Measured } from './record.ts';
import { Watcher } from './watcher.ts';

/** A TiDB cluster whose name is that of its namespaces. */
export interface Subject {
  name: string;
  lab: LabClient;
  admin: (cluster: 'east' | 'west' | 'south') => KubernetesApi;
}

interface Wanted {
  id: string;
  version: string;
  /** Asked when the upgrade has ended. */
  engine?: () => Promise<Measured['engine']>;
}

export async function measure<Told>(subject: Subject, { id, version, engine }: Wanted, upgrade: () => Promise<Told>): Promise<{ figures: Measured; told: Told }> {
  const apis = new Map((['east', 'west', 'south'] as const).map((cluster) => [cluster, subject.admin(cluster)]));
  const watcher = await Watcher.over(apis, subject.name);
  try {
    const since = new Date().toISOString();
    const told = await upgrade();
    await watcher.untilWhole({ version });
    const own = await engine?.();
    const figures: Measured = { ...figuresOf(await watcher.stop()), ddl: ddlStory(subject.lab.lab.events, subject.name, since), ...(own ? { engine: own } : {}) };
    keep(id, figures);
    return { figures, told };
  } finally {
    await watcher.stop();
  }
}
