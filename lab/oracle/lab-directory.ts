/** Finds what there is to judge in the directory of a lab: its logs, and the TidbClusters of the one TiDB cluster that is meant. */
import { readLabFile } from '../process/lab-file.ts';
import type { Sources } from './evidence.ts';
import { readFacts } from './facts.ts';
import type { Fact } from './facts.ts';

interface Wanted {
  namespace?: string | undefined;
  database?: string | undefined;
}

/** TidbClusters come in the order of the lab's Kubernetes clusters. Throws a sentence when there is none, or more than one TiDB cluster. */
export async function sourcesIn(directory: string, { namespace, database }: Wanted): Promise<Pick<Sources, 'events' | 'auditLogs' | 'tidbClusters'>> {
  const { events, kubernetesClusters } = readLabFile(directory);
  const gaps = (): void => undefined;
  const facts = (await readFacts(events, gaps)).filter((fact) => fact.tidbCluster !== undefined && fits(fact, { namespace, database }));
  const databases = [...new Set(facts.flatMap((fact) => fact.database ?? []))];
  if (databases.length === 0) throw new Error(`The lab in ${directory} has seen no such TiDB cluster. Deploy one, or give another --namespace or --database.`);
  if (databases.length > 1) throw new Error(`The lab in ${directory} has seen several TiDB clusters (${databases.join(', ')}). Choose one with --namespace or --database.`);
  return {
    events,
    auditLogs: Object.fromEntries(kubernetesClusters.map(({ name, auditLog }) => [name, auditLog])),
    tidbClusters: kubernetesClusters.flatMap(({ name }) => tidbClustersIn(name, facts)),
  };
}

const fits = (fact: Fact, { namespace, database }: Wanted): boolean => (namespace === undefined || fact.namespace === namespace) && (database === undefined || fact.database === database);

function tidbClustersIn(kubernetesCluster: string, facts: readonly Fact[]): Sources['tidbClusters'] {
  const names = new Set(facts.filter((fact) => fact.kubernetesCluster === kubernetesCluster && !fact.kind.startsWith('fault-')).map(({ namespace, tidbCluster }) => `${namespace}/${tidbCluster}`));
  return [...names].map((name) => ({ kubernetesCluster, namespace: name.split('/')[0] ?? '', name: name.split('/')[1] ?? '' }));
}
