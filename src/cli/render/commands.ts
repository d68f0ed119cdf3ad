/** The exact lines to type next. */
import type { LiveStatus } from '../../client.ts';

/** Safe to paste into a shell: names of runs and people are free text. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function approveCommand({ workflowId, gate, planHash }: LiveStatus): string {
  const hash = gate?.id === 'plan' && planHash ? ` --plan-hash ${planHash}` : '';
  return `tidb-runbook approve ${quoted(workflowId)} --by <you> --gate ${quoted(gate?.id ?? '')}${hash}`;
}

/** What a person can say to a run that holds; only reasons that wait for a decision need one. */
export function holdCommands({ workflowId, hold }: LiveStatus): string[] {
  if (!hold?.reasons.some(({ clears }) => clears === 'decision')) return [];
  const step = hold.step ? ` --step ${quoted(hold.step)}` : '';
  return [`tidb-runbook retry ${quoted(workflowId)} --by <you>${step}`, ...(hold.step ? [`tidb-runbook skip ${quoted(workflowId)} --by <you>${step} --reason <why>`] : []), `tidb-runbook abort ${quoted(workflowId)} --by <you>`];
}
