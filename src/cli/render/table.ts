/** A small table printer: columns as wide as their content; the last one gives way and is cut with "…". Pure. */
import { cut, oneLine, padEnd, widthOf } from './text.ts';

/** Colours a finished cell; it must not change its width. */
export type Paint = (text: string) => string;

export interface Cell {
  text: string;
  paint?: Paint;
}

const gap = '  ';
/** Below this the last column says nothing any more, and the line becomes wider than asked. */
const leastWidth = 8;

/** One line per row, none wider than `width` unless that is too narrow to say anything. */
export function table(rows: readonly (readonly Cell[])[], width: number): string[] {
  const clean = rows.map((row) => row.map((cell) => ({ ...cell, text: oneLine(cell.text) })));
  const widths = widthsOf(clean, width);
  return clean.map((row) => row.map((cell, column) => fit(cell, widths[column] ?? 0, column === row.length - 1)).join(gap).trimEnd());
}

function widthsOf(rows: readonly (readonly Cell[])[], width: number): number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const natural = Array.from({ length: columns }, (_, column) => Math.max(0, ...rows.map((row) => widthOf(row[column]?.text ?? ''))));
  const others = natural.slice(0, -1).reduce((sum, each) => sum + each + gap.length, 0);
  const last = Math.max(leastWidth, width - others);
  return [...natural.slice(0, -1), Math.min(natural.at(-1) ?? 0, last)];
}

function fit({ text, paint }: Cell, width: number, isLast: boolean): string {
  const cutText = cut(text, width);
  const painted = paint ? paint(cutText) : cutText;
  return isLast ? painted : painted + ' '.repeat(widthOf(padEnd(cutText, width)) - widthOf(cutText));
}
