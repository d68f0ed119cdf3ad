/** Figures of procedures: measured in a run, kept in `seen` when the run was asked to keep them (`make procedures`). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from './figures.ts';

export interface Procedure {
  id: string;
  title: string;
  /** What it was done to. */
  on: string;
}

export const procedures: readonly Procedure[] = [
  { id: 'runbook', title: 'tidb-runbooks', on: '1 PD, 1 TiKV, 1 TiDB' },
  { id: 'by-hand', title: 'documented, by hand', on: '1 PD, 1 TiKV, 1 TiDB' },
  { id: 'all-at-once', title: 'all TidbClusters at once', on: '1 PD, 1 TiKV, 1 TiDB' },
  { id: 'runbook-three', title: 'tidb-runbooks, larger', on: '3 PD, 3 TiKV, 3 TiDB' },
  { id: 'runbook-six', title: 'tidb-runbooks, six components', on: '1 each of PD, TiFlash, TiKV, Pump, TiDB, TiCDC' },
];

export interface Measured extends Figures {
  /** Who paused DDL and who let it go on, in order. */
  ddl: string[];
  /** Of our own upgrades: from the last proof of a step to the next change, without what is configured, and what that is of the time until the proofs. */
  engine?: { p50Ms: number; percent: number };
}

const fileOf = (id: string): string => join(import.meta.dirname, 'seen', `${id}.json`);

/** Undefined for what was never measured. */
export const lastMeasured = (id: string): Measured | undefined => (existsSync(fileOf(id)) ? (JSON.parse(readFileSync(fileOf(id), 'utf8')) as Measured) : undefined);

export function keep(id: string, measured: Measured): void {
  process.stdout.write(`Measured of "${procedures.find((procedure) => procedure.id === id)?.title}": ${JSON.stringify(measured)}\n`);
  if (process.env['KEEP_FIGURES']) writeFileSync(fileOf(id), `${JSON.stringify(measured, undefined, 2)}\n`);
}
