/** The workflow types of the worker, one by one: every export of this file can be started. */
import { ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { sentenceAlone } from './conductor/close.ts';
import { checkCluster } from './check-cluster/workflow.ts';
import { doctor } from './doctor.ts';
import { exitCluster } from './exit-cluster/workflow.ts';
import { migrateCluster } from './migrate-cluster/workflow.ts';
import { restartCluster } from './restart-cluster/workflow.ts';
import { upgradeCluster } from './upgrade-cluster/workflow.ts';

export { checkCluster, doctor, exitCluster, migrateCluster, restartCluster, upgradeCluster };

/** Takes every unknown type: without it such a run would stay open for ever, waiting for a worker that knows it. */
export default async function unknownRunbook(): Promise<never> {
  const known = Object.keys({ upgradeCluster, restartCluster, exitCluster, migrateCluster, checkCluster, doctor }).join(', ');
  throw sentenceAlone(ApplicationFailure.nonRetryable(`There is no runbook ${workflowInfo().workflowType}; known are: ${known}`, 'NotFound'));
}
