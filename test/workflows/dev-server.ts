/** A real Temporal dev server for tests, with the settings under which short waits are short. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../lab/control-plane/ports.ts';
import { provide } from '../../lab/provision/ladder.ts';
import { tools } from '../../lab/provision/tools.ts';
import { searchAttributes } from '../../src/protocol/run.ts';

/** Without these two a timer takes at least a second, and so does each continue-as-new. */
const quick = ['history.timerProcessorMaxTimeShift="10ms"', 'history.workflowIdReuseMinimalInterval="0s"'];

/** Instead of process id and host name, which do not belong into committed histories. */
export const identity = 'stage';

/** In memory; `settings` is more dynamic configuration, `key=JSON`. */
export async function startDevServer(settings: string[] = []): Promise<TestWorkflowEnvironment> {
  const path = await provide(tools.temporal);
  return TestWorkflowEnvironment.createLocal({
    client: { identity },
    server: {
      executable: { type: 'existing-path', path },
      log: { format: 'pretty', level: 'error' },
      searchAttributes: Object.entries(searchAttributes).map(([name, type]) => defineSearchAttributeKey(name, type)),
      extraArgs: dynamicConfig([...quick, ...settings]),
    },
  });
}

/** A dev server that keeps its data in a file, and can be killed and started again at the same address. */
export class LastingServer {
  readonly address: string;
  private readonly path: string;
  private readonly database: string;
  private process: ChildProcess | undefined;

  private constructor(path: string, database: string, port: number) {
    this.path = path;
    this.database = database;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(database: string): Promise<LastingServer> {
    const server = new LastingServer(await provide(tools.temporal), database, await freePort());
    server.run();
    return server;
  }

  async connect(): Promise<TestWorkflowEnvironment> {
    const { address } = this;
    for (;;) {
      const env = await TestWorkflowEnvironment.createFromExistingServer({ address, client: { identity } }).catch(() => undefined);
      if (env) return env;
    }
  }

  run(): void {
    const attributes = Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type === 'BOOL' ? 'Bool' : 'Keyword'}`]);
    const [ip = '', port = ''] = this.address.split(':');
    const options = ['--ip', ip, '--port', port, '--db-filename', this.database, '--headless', '--log-level', 'never', ...attributes];
    this.process = spawn(this.path, ['server', 'start-dev', ...options, ...dynamicConfig(quick)], { stdio: 'ignore' });
  }

  async kill(): Promise<void> {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}

function dynamicConfig(settings: string[]): string[] {
  return settings.flatMap((setting) => ['--dynamic-config-value', setting]);
}
