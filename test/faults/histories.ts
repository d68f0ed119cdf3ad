/** The history of a run, as a text in which a secret could be found. */
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** With its payloads decoded. */
export async function historyText(run: WorkflowHandle): Promise<string> {
  return historyToJSON(await run.fetchHistory()).replaceAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g, (_whole, data: string) => Buffer.from(data, 'base64').toString());
}
