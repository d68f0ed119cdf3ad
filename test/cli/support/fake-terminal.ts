/** A terminal in memory: what was written, and answers prepared by the test. */
import type { Terminal } from '../../../src/cli/terminal.ts';
import { plain } from './example-run.ts';

export interface FakeTerminal extends Terminal {
  out: string;
  told: string[];
  questions: string[];
}

export function fakeTerminal({ answers, signal, canRedraw = false }: { answers?: string[]; signal?: AbortSignal; canRedraw?: boolean } = {}): FakeTerminal {
  const terminal: FakeTerminal = {
    out: '',
    told: [],
    questions: [],
    columns: 120,
    rows: 40,
    isInteractive: answers !== undefined,
    canRedraw,
    colors: plain,
    write: (text) => void (terminal.out += text),
    tell: (sentence) => void terminal.told.push(sentence),
    ask: (question) => {
      terminal.questions.push(question);
      return Promise.resolve(answers?.shift() ?? '');
    },
    interruptible: () => signal ?? new AbortController().signal,
  };
  return terminal;
}
