/** An open connection to one Temporal namespace: every call has a deadline, and every error is a sentence. */
import { Client, Connection } from '@temporalio/client';
import type { TemporalSettings } from '../config.ts';
import { translate, translateConnecting } from './translate-errors.ts';
import type { Place } from './translate-errors.ts';

export interface SessionOptions extends TemporalSettings {
  taskQueue: string;
  /** Base URL of the Temporal UI, for links. */
  uiUrl?: string | undefined;
}

/** How long a person waits for an answer before being told that none came. An update of a run that is not cached takes about 0.3 s. */
export const answerWithinMs = 5_000;

export class Session {
  readonly client: Client;
  readonly connection: Connection;
  readonly taskQueue: string;
  readonly place: Place;
  private readonly uiUrl: string | undefined;

  private constructor(connection: Connection, { connectionOptions, namespace, taskQueue, uiUrl }: SessionOptions) {
    this.connection = connection;
    this.client = new Client({ connection, namespace });
    this.taskQueue = taskQueue;
    this.uiUrl = uiUrl;
    this.place = { address: connectionOptions.address, namespace };
  }

  /** @throws RunbookError Unreachable when the server does not answer within five seconds. */
  static async open(options: SessionOptions): Promise<Session> {
    const { connectionOptions, namespace } = options;
    try {
      return new Session(await Connection.connect({ ...connectionOptions, connectTimeout: answerWithinMs }), options);
    } catch (error) {
      throw translateConnecting(error, { address: connectionOptions.address, namespace });
    }
  }

  /** Runs `call` with a deadline; `tried` is what the sentence of an error says was tried. */
  async ask<T>(tried: string, call: () => Promise<T>, withinMs: number = answerWithinMs): Promise<T> {
    try {
      return await this.connection.withDeadline(Date.now() + withinMs, call);
    } catch (error) {
      throw translate(error, tried, this.place);
    }
  }

  /** The page of a run in the Temporal UI; undefined when the URL of the UI is not known. */
  link(workflowId: string, runId?: string): string | undefined {
    return this.uiPage(`workflows/${encodeURIComponent(workflowId)}${runId ? `/${runId}/user-metadata` : ''}`);
  }

  /** A page of this namespace in the Temporal UI. */
  uiPage(path: string): string | undefined {
    return this.uiUrl && `${this.uiUrl}/namespaces/${encodeURIComponent(this.place.namespace)}/${path}`;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
