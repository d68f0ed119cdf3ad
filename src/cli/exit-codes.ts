/** What the exit code of `tidb-runbook` says; the only table of it. */

export const exitCodes = {
  0: 'done as asked',
  1: 'unexpected error',
  2: 'wrong usage or input',
  3: 'no such run, TiDB cluster, namespace or file',
  4: 'the run refused the decision, or another run holds the TiDB cluster',
  5: 'the run failed',
  6: 'the run was aborted or rejected',
  7: 'Temporal or a worker does not answer',
  8: 'doctor found a problem',
  9: 'check found something critical',
  130: 'interrupted; a run that was started goes on',
} as const;

export type ExitCode = keyof typeof exitCodes;

/** By the `type` of RunbookError, DecisionRefused and RunFailed. */
const byType: Readonly<Record<string, ExitCode>> = {
  InvalidInput: 2,
  NotFound: 3,
  Refused: 4,
  Locked: 4,
  Aborted: 6,
  Cancelled: 6,
  Unreachable: 7,
  Throttled: 7,
};

/** The type of any thrown thing; `Unexpected` for what is none of ours. */
export function typeOf(error: unknown): string {
  return error instanceof Error && 'type' in error && typeof error.type === 'string' ? error.type : 'Unexpected';
}

export function exitCodeOf(error: unknown): ExitCode {
  const known = byType[typeOf(error)];
  if (known !== undefined) return known;
  return error instanceof Error && error.name === 'RunFailed' ? 5 : 1;
}

/** For `--help`. */
export function exitCodeHelp(): string {
  const lines = Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
