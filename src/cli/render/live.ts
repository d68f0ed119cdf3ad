/** The live view, made to fit the terminal: the steps give way first, then what stands below. Pure. */
import type { LiveStatus } from '../../client.ts';
import type { Colors } from '../terminal.ts';
import { renderStatus } from './status.ts';
import { indent, timestamp, widthOf, withoutColors } from './text.ts';

export interface ScreenView {
  now: string;
  width: number;
  rows: number;
  colors: Colors;
  /** Why the run cannot be seen at this moment. */
  trouble?: string | undefined;
}

/** A step table of less than this says nothing. */
const leastStepLines = 3;

export function fitScreen(status: LiveStatus | undefined, view: ScreenView): string[] {
  const { now, width, rows, colors, trouble } = view;
  const foot = trouble ? indent('', trouble, width).map((line) => colors.red(line)) : [colors.dim(`${timestamp(now)} · Ctrl-C leaves, the run goes on`)];
  if (!status) return foot.slice(0, rows);
  const room = rows - rowsOf(foot, width) - 1;
  const all = renderStatus(status, { now, width, colors });
  const missing = rowsOf(all, width) - room;
  const lines = missing <= 0 ? all : renderStatus(status, { now, width, colors, stepLines: Math.max(leastStepLines, status.steps.length - missing) });
  return [...fittingPart(lines, width, room), '', ...foot];
}

/** Commands and links are not cut, so that they can be copied: they may take several rows. */
function rowsOf(lines: readonly string[], width: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(withoutColors(line)) / width)), 0);
}

/** As many of the first lines as fit. */
function fittingPart(lines: readonly string[], width: number, rows: number): string[] {
  const fitting = lines.findLastIndex((_, index) => rowsOf(lines.slice(0, index + 1), width) <= rows);
  return lines.slice(0, fitting + 1);
}
