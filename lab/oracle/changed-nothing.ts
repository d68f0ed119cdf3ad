/** For plans and checks: the author wrote nothing at all. Questions about its own rights and dry runs are no writes. */
import { gatherEvidence } from './evidence.ts';
import type { Sources } from './evidence.ts';
import { clock, finding } from './finding.ts';
import type { Finding } from './finding.ts';

/** Needs to see requests of the author: where it never came, "it changed nothing" says nothing. Throws as `judge` does. */
export async function changedNothing(sources: Sources): Promise<Finding> {
  const { writes, requests } = await gatherEvidence(sources);
  return finding('nothing is written', {
    broken: writes.map(({ asked, verb, resource, namespace, name, kubernetesCluster }) => `at ${clock(asked)} the author wrote (${verb}) ${resource} ${namespace}/${name} in ${kubernetesCluster}`),
    seen: requests.length === 0 ? [] : [`${requests.length} requests by the author, ${writes.length} of them accepted writes`],
    nothing: 'no request of the author seen: nothing can be said',
    mustSee: true,
  });
}
