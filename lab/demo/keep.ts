/** `make demo KEEP=1`: lines to paste while everything stays up. */
import { join } from 'node:path';
import { cluster, envFileOf, inventoryOf, kubernetesClusters, pageOf, target, workflowId } from './places.ts';
import type { Places } from './places.ts';
import { paragraph } from './words.ts';

export function explainWhatStays(places: Places): void {
  const [first] = kubernetesClusters;
  paragraph(
    '',
    'Everything stays up until Ctrl-C. In another terminal:',
    '',
    `  . ${envFileOf(places)}     # PATH, KUBECONFIG, TEMPORAL_ADDRESS, TIDB_RUNBOOKS_…`,
    '',
    `  kubectl --context ${first} get tidbclusters,statefulsets,pods -n ${cluster}`,
    `  tidb-runbook doctor`,
    `  tidb-runbook plan upgrade ${cluster} --version ${target}`,
    `  tidb-runbook report ${workflowId}`,
    `  temporal workflow list --query 'TidbCluster="${cluster}"'`,
    `  temporal workflow show --workflow-id ${workflowId}`,
    '',
    `  Temporal UI       ${pageOf(places)}`,
    `  Temporal address  ${places.temporalAddress}`,
    `  kubeconfig        ${places.adminKubeconfig}`,
    `  inventory         ${inventoryOf(places)}`,
    `  control API       ${join(places.lab, 'lab.json')} names it: faults can be switched on there`,
  );
}
