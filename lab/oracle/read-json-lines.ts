/** Reads a log of JSON lines that may still be written to, or whose writer was killed. Losing evidence is never silent. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ZodError } from 'zod';

export interface JsonLine {
  value: unknown;
  /** Where it stands, for messages: `<file>:<line>`. */
  place: string;
}

/** Called with a sentence when a line was cut off in the middle of the file and its beginning is lost. */
export type OnGap = (sentence: string) => void;

interface Broken {
  text: string;
  place: string;
}

/**
 * Yields the lines in order. The last line may be torn: it is left out. A writer that was killed and started again leaves
 * a torn line with a whole one behind it: that one is found by `head`, with which every line begins, and the loss is told.
 * Throws when the file is missing, cannot be read, or holds anything else that is not JSON.
 */
export async function* readJsonLines(file: string, head: string, onGap: OnGap): AsyncGenerator<JsonLine> {
  if (!existsSync(file)) throw new Error(`There is no log ${file}: without it nothing can be judged. Give the path of a log that was written.`);
  let broken: Broken | undefined;
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    // Only now it is known that the broken line was not the last one.
    if (broken) yield rescue(broken, head, onGap);
    broken = undefined;
    if (text.trim() === '') continue;
    const place = `${file}:${number}`;
    const value = parse(text);
    if (value === undefined) broken = { text, place };
    else yield { value, place };
  }
}

function rescue({ text, place }: Broken, head: string, onGap: OnGap): JsonLine {
  const start = text.lastIndexOf(head);
  const value = start > 0 ? parse(text.slice(start)) : undefined;
  if (value === undefined) throw new Error(`The line ${place} is not JSON, so the log is not complete evidence. Repeat the run, or look at the file.`);
  onGap(`${place}: the beginning of the line is torn and lost; its writer was killed there`);
  return { value, place };
}

/** The first thing that is wrong with a line, as a part of a sentence. */
export function problemOf({ issues: [issue] }: ZodError): string {
  return issue === undefined ? 'unknown problem' : `${issue.path.join('.')}: ${issue.message}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
