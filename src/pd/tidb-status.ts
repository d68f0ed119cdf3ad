/** TiDB's status port (10080): which version runs and who owns DDL (TiDB docs, TiDB HTTP API). */
import { z } from 'zod';
import { ask } from './ask.ts';
import type { Question } from './ask.ts';
import type { PdCallOptions } from './api.ts';
import type { Transport } from './transport.ts';

export interface TidbStatus {
  /** `8.5.4`. */
  version: string;
  connections: number;
  /** Whether this server runs DDL for the whole TiDB cluster now. */
  ddlOwner: boolean;
}

const statusQuestion: Question = { method: 'GET', path: '/status' };
const infoQuestion: Question = { method: 'GET', path: '/info' };

/** `8.0.11-TiDB-v8.5.4` → `8.5.4`: MySQL's version stands in front. */
const version = z.string().transform((text) => text.replace(/^.*-TiDB-/, '').replace(/^v/, ''));
const statusSchema = z.object({ version, connections: z.bigint().transform(Number).default(0) });
const infoSchema = z.object({ is_owner: z.boolean().default(false) });

/** Throws Unreachable when the server is silent or answers something unexpected. */
export async function tidbStatus(transport: Transport, options?: PdCallOptions): Promise<TidbStatus> {
  const tidb = { product: 'TiDB', unavailable: 'it is starting or stopping', transport };
  const { version: running, connections } = await ask(tidb, statusQuestion, statusSchema, options?.signal);
  const { is_owner } = await ask(tidb, infoQuestion, infoSchema, options?.signal);
  return { version: running, connections, ddlOwner: is_owner };
}
