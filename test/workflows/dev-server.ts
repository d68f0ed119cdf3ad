/** A real Temporal dev server for tests, with the settings under which short waits are short. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { provide } from '../../lab/provision/ladder.ts';
import { tools } from '../../lab/provision/tools.ts';
import { searchAttributes } from '../../src/protocol/run.ts';

export interface ServerOptions {
  /** Where the server keeps its data; absent: in memory. */
  dbFilename?: string;
  port?: number;
  /** More dynamic configuration, `key=JSON`. */
  settings?: string[];
}

/** Without these two a timer takes at least a second, and so does each continue-as-new. */
const quick = ['history.timerProcessorMaxTimeShift="10ms"', 'history.workflowIdReuseMinimalInterval="0s"'];

export async function startDevServer({ settings = [], ...server }: ServerOptions = {}): Promise<TestWorkflowEnvironment> {
  const path = await provide(tools.temporal);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: Object.entries(searchAttributes).map(([name, type]) => defineSearchAttributeKey(name, type)),
      extraArgs: [...quick, ...settings].flatMap((setting) => ['--dynamic-config-value', setting]),
      log: { format: 'pretty', level: 'error' },
      ...server,
    },
  });
}
