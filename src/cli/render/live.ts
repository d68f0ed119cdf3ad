/** The live view, made to fit the terminal: the steps give way first, then what stands below. Pure. */
import type { LiveStatus } from '../../client.ts';
import type { Colors } from '../terminal.ts';
import { renderStatus } from './status.ts';
import { indent, timestamp } from './text.ts';

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
  const room = rows - foot.length - 1;
  const all = renderStatus(status, { now, width, colors });
  const others = all.length - status.steps.length;
  const lines = all.length <= room ? all : renderStatus(status, { now, width, colors, stepLines: Math.max(leastStepLines, room - others) });
  return [...lines.slice(0, room), '', ...foot].slice(0, rows);
}
