/** The findings of a check as lines, the gravest first. Pure. */
import type { CheckReport, Severity } from '../../protocol/check.ts';
import { severities } from '../../protocol/check.ts';
import type { Colors } from '../terminal.ts';
import { indent, oneLine, padEnd } from './text.ts';

const colorOf = { critical: 'red', warning: 'yellow', notice: 'dim' } as const satisfies Record<Severity, keyof Colors>;
const widest = Math.max(...severities.map((severity) => severity.length));

export function renderFindings({ cluster, findings, checkedAt }: CheckReport, { width, colors }: { width: number; colors: Colors }): string[] {
  const lines = findings.flatMap(({ severity, message }) =>
    indent(`${padEnd(severity, widest)}  `, message, width).map((line, index) => (index === 0 ? line.replace(severity, (word) => colors[colorOf[severity]](word)) : line)),
  );
  return [...lines, ...(lines.length > 0 ? [''] : []), oneLine(lastLine(cluster, findings.map(({ severity }) => severity), checkedAt))];
}

function lastLine(cluster: string, found: Severity[], checkedAt: string): string {
  if (found.length === 0) return `TiDB cluster ${cluster}: nothing found at ${checkedAt}.`;
  const counts = severities.map((severity) => [found.filter((each) => each === severity).length, severity] as const).filter(([count]) => count > 0);
  return `TiDB cluster ${cluster} at ${checkedAt}: ${counts.map(([count, severity]) => `${count} ${severity}`).join(', ')}.`;
}
