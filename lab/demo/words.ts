/** How the demo speaks: numbered headings, indented lines. */
import pc from 'picocolors';

const acts = 7;
let act = 0;

export function heading(title: string): void {
  act += 1;
  process.stdout.write(`\n${pc.bold(`${act}/${acts}  ${title}`)}\n`);
}

export function say(line: string): void {
  process.stdout.write(`   ${line}\n`);
}

export function paragraph(...lines: readonly string[]): void {
  for (const line of lines) say(line);
}
