/** Runs as a table. Pure. */
import type { RunSummary } from '../../client.ts';
import type { Colors } from '../terminal.ts';
import { paintOfPhase } from './paint.ts';
import { table } from './table.ts';
import type { Cell } from './table.ts';
import { between, timestamp } from './text.ts';

export function renderList(runs: readonly RunSummary[], { width, now, colors }: { width: number; now: string; colors: Colors }): string[] {
  if (runs.length === 0) return ['No runs.'];
  const title = (text: string): Cell => ({ text, paint: colors.dim });
  const rows = runs.map((run): Cell[] => [
    { text: run.cluster },
    { text: run.phase, paint: paintOfPhase(run.phase, colors) },
    { text: timestamp(run.startedAt) },
    { text: between(run.startedAt, run.endedAt ?? now) },
    { text: run.requestedBy ?? '' },
    { text: run.workflowId },
  ]);
  return table([['cluster', 'phase', 'began', 'took', 'asked by', 'run'].map(title), ...rows], width);
}
