/** How the demo speaks: numbered headings, indented lines, prose wrapped at the width of the terminal, commands uncut so that they can be copied. */
import pc from 'picocolors';

const acts = 7;
const margin = '   ';
/** For output that goes to a file. Columns. */
const usualWidth = 100;

let act = 0;

export function heading(title: string): void {
  act += 1;
  process.stdout.write(`\n${pc.bold(`${act}/${acts}  ${title}`)}\n`);
}

/** One paragraph of prose. */
export function say(text: string): void {
  const width = process.stdout.columns || usualWidth;
  let line = margin.trimEnd();
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      process.stdout.write(`${line}\n`);
      line = margin.trimEnd();
    }
    line += line === '' ? `${margin}${word}` : ` ${word}`;
  }
  process.stdout.write(`${line}\n`);
}

/** Lines as they are: commands, addresses, tables. */
export function show(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line === '' ? '' : margin + line}\n`);
}
