/** A typed client of the lab's control API, for tests and the demo. */
import { request } from 'undici';
import type { DatabaseSettingsInput } from './database/database-settings.ts';
import type { DeploymentInput } from './deploy/deployment.ts';
import type { FaultInput } from './faults/fault.ts';
import type { ActiveFault } from './faults/switchboard.ts';
import type { DatabaseReport } from './process/database-report.ts';
import { readLabFile } from './process/lab-file.ts';
import type { LabFile } from './process/lab-file.ts';

export type { DatabaseReport, DatabaseSettingsInput, DeploymentInput, FaultInput, LabFile };

/** A deployment waits for everything to be whole. Milliseconds. */
const longestAnswer = 1_200_000;

export class LabClient {
  readonly lab: LabFile;

  constructor(lab: LabFile) {
    this.lab = lab;
  }

  /** The lab that runs in a directory; throws when there is none. */
  static in(directory: string): LabClient {
    return new LabClient(readLabFile(directory));
  }

  /** Resolves when the TiDB cluster is whole. */
  async deploy(deployment: DeploymentInput): Promise<DatabaseReport> {
    return (await this.#call('POST', '/deployments', deployment)) as DatabaseReport;
  }
  async remove(name: string): Promise<void> {
    await this.#call('DELETE', `/deployments/${name}`);
  }
  async database(name: string): Promise<DatabaseReport> {
    return (await this.#call('GET', `/databases/${name}`)) as DatabaseReport;
  }

  /** Changes rules, labels or sizes of a live database. */
  async changeDatabase(name: string, settings: DatabaseSettingsInput): Promise<DatabaseReport> {
    return (await this.#call('PATCH', `/databases/${name}`, settings)) as DatabaseReport;
  }

  /** Resolves with the fault's id when it is in force. */
  async faultOn(fault: FaultInput): Promise<number> {
    return ((await this.#call('POST', '/faults', fault)) as ActiveFault).id;
  }
  async faultOff(id: number): Promise<void> {
    await this.#call('DELETE', `/faults/${id}`);
  }
  async faults(): Promise<ActiveFault[]> {
    return (await this.#call('GET', '/faults')) as ActiveFault[];
  }
  async allFaultsOff(): Promise<void> {
    await this.#call('DELETE', '/faults');
  }

  async shutdown(): Promise<void> {
    await this.#call('POST', '/shutdown');
  }

  async #call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const answer = await request(`${this.lab.control}${path}`, { method, body: body ? JSON.stringify(body) : null, headersTimeout: longestAnswer });
    const text = await answer.body.text();
    const parsed: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
    if (answer.statusCode >= 300) throw new Error(`The lab answered ${method} ${path} with ${answer.statusCode}: ${(parsed as { message?: string }).message ?? text}`);
    return parsed;
  }
}
