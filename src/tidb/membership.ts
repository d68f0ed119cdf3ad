/** Which TidbClusters make up one TiDB cluster: all that are connected with the named one by `spec.cluster` references (§4.2). */
import type { TidbCluster } from './objects.ts';

/** A TidbCluster and where it was found. */
export interface Located {
  kubernetesCluster: string;
  object: TidbCluster;
}

const id = (each: Located): string => `${each.kubernetesCluster}:${each.object.metadata.namespace}/${each.object.metadata.name}`;

/**
 * The TidbCluster that `from.spec.cluster` names. The reference has no Kubernetes cluster in it: name, namespace and domain must
 * leave exactly one candidate. Returns all candidates, so that the caller can say what is ambiguous.
 */
export function referencedBy(from: Located, all: Located[]): Located[] {
  const reference = from.object.spec.cluster;
  if (!reference?.name) return [];
  const namespace = reference.namespace || from.object.metadata.namespace;
  const named = all.filter((each) => each.object.metadata.name === reference.name && each.object.metadata.namespace === namespace);
  const withDomain = named.filter((each) => each.object.spec.clusterDomain === reference.clusterDomain);
  // One that gives no domain may still be meant; one that gives another domain is not.
  const unsaid = named.filter((each) => reference.clusterDomain === '' || each.object.spec.clusterDomain === '');
  return withDomain.length > 0 ? withDomain : unsaid;
}

export interface Membership {
  /** The named one first, then in the order of `all`. */
  members: Located[];
  /** Sentences; not empty when the references cannot be followed safely. */
  problems: string[];
}

/** Follows the references in both directions until nothing new is found. `all` stands in inventory order. */
export function findMembers(start: Located, all: Located[]): Membership {
  const problems: string[] = [];
  const edges = all.flatMap((from) => {
    const targets = referencedBy(from, all);
    if (targets.length > 1) problems.push(`${id(from)} refers by spec.cluster to ${targets.map(id).join(' and ')}: give the TidbClusters distinct cluster domains or names`);
    return targets.map((to) => [id(from), id(to)] as const);
  });
  const found = new Set([id(start)]);
  for (let grew = true; grew; ) {
    const before = found.size;
    for (const [from, to] of edges) {
      if (found.has(from)) found.add(to);
      if (found.has(to)) found.add(from);
    }
    grew = found.size > before;
  }
  const others = all.filter((each) => found.has(id(each)) && id(each) !== id(start));
  const relevant = problems.filter((problem) => [...found].some((member) => problem.startsWith(`${member} refers`)));
  return { members: [start, ...others], problems: relevant };
}
