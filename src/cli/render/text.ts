/** Text on a terminal: its width, cutting and wrapping it, times and durations. Pure. */

/** Characters that take two columns: Chinese, Japanese and Korean scripts, full-width forms and pictographs. */
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** They move the cursor or change colours; words from elsewhere must not do that to a terminal. */
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** One line without control characters. */
export function oneLine(text: string): string {
  return text.replace(control, ' ').replace(/ {2,}/g, ' ').trim();
}

/** Without the sequences that colour it. */
export function withoutColors(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}

/** Columns that `text` takes. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (wide.test(character) ? 2 : 1), 0);
}

/** At most `width` columns; what is cut ends in "…". */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += widthOf(character);
    if (used > width - 1) break;
    kept += character;
  }
  return width > 0 ? `${kept.trimEnd()}…` : '';
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Lines of at most `width` columns, broken at spaces; a word that is longer stands alone, uncut, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** `first` before the first line, spaces of the same width before the others. */
export function indent(first: string, text: string, width: number): string[] {
  const rest = ' '.repeat(widthOf(first));
  return wrap(oneLine(text), Math.max(width - rest.length, 1)).map((line, index) => (index === 0 ? first : rest) + line);
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `4s`, `12m 04s`, `3h 05m`, `2d 07h`: two units, so that it stays narrow. */
export function duration(ms: number): string {
  const two = (amount: number): string => String(amount).padStart(2, '0');
  const whole = Math.max(0, Math.floor(ms / second) * second);
  if (whole < minute) return `${whole / second}s`;
  if (whole < hour) return `${Math.floor(whole / minute)}m ${two((whole % minute) / second)}s`;
  if (whole < day) return `${Math.floor(whole / hour)}h ${two(Math.floor((whole % hour) / minute))}m`;
  return `${Math.floor(whole / day)}d ${two(Math.floor((whole % day) / hour))}h`;
}

/** From `since` until `until` (both ISO 8601); empty when it has not begun. */
export function between(since: string | undefined, until: string): string {
  return since === undefined ? '' : duration(Date.parse(until) - Date.parse(since));
}

/** `2026-03-01 14:05:09Z`: UTC, because a run is watched from several places. */
export function timestamp(iso: string | undefined): string {
  return iso === undefined ? '' : `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
