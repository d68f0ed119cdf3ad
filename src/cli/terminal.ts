/** Where the CLI writes and asks; tests give another one. */
import { createInterface } from 'node:readline/promises';
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

export interface Terminal {
  /** Standard output: the answer, nothing else. */
  write(text: string): void;
  /** Standard error: one sentence. */
  tell(sentence: string): void;
  readonly columns: number;
  readonly rows: number;
  /** A person sits there: questions can be asked. */
  readonly isInteractive: boolean;
  /** Standard output is a terminal that may be redrawn. */
  readonly canRedraw: boolean;
  readonly colors: Colors;
  /** The answer of the person, without spaces around it. */
  ask(question: string): Promise<string>;
  /** Aborted by Ctrl-C (and SIGTERM) from now on, once, instead of the end of the process. */
  interruptible(): AbortSignal;
}

/** For output that goes to a file: wide enough for a report. */
const fileColumns = 120;
const usualRows = 24;

/** The process's own streams. NO_COLOR and TERM=dumb, which picocolors reads, mean neither colours nor redrawing. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // `isTTY` is absent where there is no terminal, and picocolors takes an absent answer for its own, which is yes where CI is set.
  const canRedraw = Boolean(stdout.isTTY && pc.isColorSupported);
  return {
    write: (text) => void stdout.write(text),
    tell: (sentence) => void stderr.write(`${sentence}\n`),
    get columns() {
      return stdout.isTTY ? stdout.columns : fileColumns;
    },
    get rows() {
      return stdout.isTTY ? stdout.rows : usualRows;
    },
    isInteractive: stdin.isTTY && stderr.isTTY,
    canRedraw,
    colors: pc.createColors(canRedraw),
    ask,
    interruptible,
  };
}

/** The question goes to standard error: standard output may be a file. */
async function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D close the reader and leave the question open for ever.
  const closed = new Promise<string>((settle) => reader.once('close', () => settle('')));
  const answer = await Promise.race([reader.question(question), closed]);
  reader.close();
  return answer.trim();
}

function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
