/** The findings of the doctor as lines. Pure. */
import type { Check } from '../../protocol/activities.ts';
import type { Colors } from '../terminal.ts';
import { indent, oneLine, padEnd, widthOf } from './text.ts';

export function renderChecks(checks: readonly Check[], { width, colors }: { width: number; colors: Colors }): string[] {
  const widest = Math.max(0, ...checks.map(({ subject }) => widthOf(oneLine(subject))));
  const problems = checks.filter(({ ok }) => !ok).length;
  const lines = checks.flatMap((check) => checkLines(check, widest, width).map((line, index) => (index === 0 ? line.replace(/^\S+/, (word) => paintOf(check, colors)(word)) : line)));
  return [...lines, '', problems === 0 ? 'All is well.' : `${problems} of ${checks.length} checks found a problem.`];
}

function paintOf({ ok, note }: Check, colors: Colors): (word: string) => string {
  return note ? colors.dim : ok ? colors.green : colors.red;
}

function checkLines({ subject, ok, note, message }: Check, widest: number, width: number): string[] {
  return indent(`${note ? 'note' : ok ? 'ok  ' : 'FAIL'}  ${padEnd(oneLine(subject), widest)}  `, message, width);
}
