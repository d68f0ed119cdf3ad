/** A real Temporal dev server as a process that keeps its data in a file, and can be killed and started again at the same address. */
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePort } from '../../lab/control-plane/ports.ts';
import { provide } from '../../lab/provision/ladder.ts';
import { tools } from '../../lab/provision/tools.ts';
import { searchAttributes } from '../../src/protocol/run.ts';
import { end, start } from '../faults/ground/processes.ts';
import type { Started } from '../faults/ground/processes.ts';
import { attributes, dynamicConfig } from './settings.ts';

const attributeTypes = { BOOL: 'Bool', KEYWORD: 'Keyword' } as const;
const lookEveryMs = 100;

export async function temporalCli(): Promise<string> {
  return provide(tools.temporal);
}

export class LastingServer {
  readonly address: string;
  readonly #directory: string;
  #started: Started | undefined;

  private constructor(address: string, directory: string) {
    this.address = address;
    this.#directory = directory;
  }

  /** Data and log go into `directory`. Not started yet. */
  static async in(directory: string): Promise<LastingServer> {
    return new LastingServer(`127.0.0.1:${await freePort()}`, directory);
  }

  /** Resolves when it answers. `settings`: more dynamic configuration, `key=JSON`. */
  async start(settings: readonly string[] = []): Promise<void> {
    const [ip = '', port = ''] = this.address.split(':');
    // Its data must survive a kill, not a power cut: it does not wait for the disk.
    const args = ['--headless', '--ip', ip, '--port', port, '--log-level', 'error', '--db-filename', `${this.#directory}/temporal.db`, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF'];
    const attributeArgs = attributes.flatMap((name) => ['--search-attribute', `${name}=${attributeTypes[searchAttributes[name]]}`]);
    this.#started = start(await temporalCli(), ['server', 'start-dev', ...args, ...attributeArgs, ...dynamicConfig(settings)], `${this.#directory}/temporal.log`);
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
        await delay(lookEveryMs);
      }
    }
  }
}
