/** A real Temporal dev server for tests, in memory, with the settings under which short waits are short. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { provide } from '../../lab/provision/ladder.ts';
import { tools } from '../../lab/provision/tools.ts';
import { searchAttributes } from '../../src/protocol/run.ts';
import { attributes, dynamicConfig } from './settings.ts';

/** Instead of process id and host name, which do not belong into committed histories. */
export const identity = 'stage';

export interface DevServerSettings {
  /** More dynamic configuration, `key=JSON`. */
  settings?: readonly string[];
  /** False: a server on which the project's search attributes were never made. */
  hasAttributes?: boolean;
}

export async function startDevServer({ settings = [], hasAttributes = true }: DevServerSettings = {}): Promise<TestWorkflowEnvironment> {
  const path = await provide(tools.temporal);
  return TestWorkflowEnvironment.createLocal({
    client: { identity },
    server: {
      executable: { type: 'existing-path', path },
      log: { format: 'pretty', level: 'error' },
      searchAttributes: hasAttributes ? attributes.map((name) => defineSearchAttributeKey(name, searchAttributes[name])) : [],
      extraArgs: dynamicConfig(settings),
    },
  });
}
