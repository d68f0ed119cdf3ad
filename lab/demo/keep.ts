/** `make demo KEEP=1`: lines to paste while everything stays up. */
import { cluster, envFileOf, inventoryOf, kubernetesClusters, target, workflowId } from './places.ts';
import type { Places } from './places.ts';
import { show } from './words.ts';

export function explainWhatStays(places: Places, page: string): void {
  const [first] = kubernetesClusters;
  show(
    '',
    'Everything stays up until Ctrl-C. In another terminal:',
    '',
    `  . ${envFileOf(places)}`,
    '',
    `  kubectl --context ${first} get tidbclusters,statefulsets,pods -n ${cluster}`,
    '  tidb-runbook doctor',
    `  tidb-runbook plan upgrade ${cluster} --version ${target}`,
    `  tidb-runbook report ${workflowId}`,
    `  temporal workflow list --query 'TidbCluster="${cluster}"'`,
    `  temporal workflow show --workflow-id ${workflowId}`,
    '',
    `  Temporal UI       ${page}`,
    `  Temporal address  ${places.temporalAddress}`,
    `  kubeconfig        ${places.adminKubeconfig}`,
    `  inventory         ${inventoryOf(places)}`,
    `  logs              ${places.directory}`,
  );
}
