/** A real Temporal dev server as a process that can be killed and started again on the same port and data. */
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { provide } from '../../../lab/provision/ladder.ts';
import { tools } from '../../../lab/provision/tools.ts';
import { end, start } from './processes.ts';
import type { Started } from './processes.ts';

export async function temporalCli(): Promise<string> {
  return provide(tools.temporal);
}

export class TemporalServer {
  readonly address: string;
  readonly #port: number;
  readonly #directory: string;
  #started: Started | undefined;

  constructor(port: number, directory: string) {
    this.#port = port;
    this.#directory = directory;
    this.address = `127.0.0.1:${port}`;
  }

  async start(dynamicConfig: Record<string, string> = {}): Promise<void> {
    const config = { 'history.timerProcessorMaxTimeShift': '"10ms"', 'history.workflowIdReuseMinimalInterval': '"0s"', ...dynamicConfig };
    const attributes = ['TidbCluster=Keyword', 'RunbookPhase=Keyword', 'AwaitingApproval=Bool', 'RequestedBy=Keyword'];
    // Its data must survive a kill, not a power cut: it does not wait for the disk.
    const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(this.#port), '--log-level', 'error', '--db-filename', `${this.#directory}/temporal.db`, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF'];
    const more = [...attributes.flatMap((each) => ['--search-attribute', each]), ...Object.entries(config).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`])];
    this.#started = start(await temporalCli(), [...args, ...more], `${this.#directory}/temporal.log`);
    await this.#answers();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#started) await end(this.#started, signal);
  }

  async #answers(): Promise<void> {
    for (;;) {
      try {
        const connection = await Connection.connect({ address: this.address, connectTimeout: '1s' });
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return await connection.close();
      } catch {
        if (this.#started?.child.exitCode !== null) throw new Error(`The Temporal server did not start; see ${this.#directory}/temporal.log`);
        await delay(100);
      }
    }
  }
}
