/** Temporal's word for a run, and whether it means that the run goes on. Light: the CLI loads it for every command. */
import type { WorkflowExecutionStatusName } from '@temporalio/client';

export function isOpen({ execution }: { execution: WorkflowExecutionStatusName }): boolean {
  return execution === 'RUNNING' || execution === 'PAUSED';
}
