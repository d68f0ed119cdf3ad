/** Looks a name up as a program in a pod does: with the C library's resolver, inside the cluster's network, which asks the cluster's DNS. */
import { execFile } from 'node:child_process';

/** The resolver itself gives up before: 2 s a try. Milliseconds. */
const patience = 15_000;

/** The first IPv4 address; undefined when there is no such name, or no answer. `entrance`: the words that lead into the cluster. */
export function lookUp(entrance: readonly string[], name: string): Promise<string | undefined> {
  const [program = '', ...words] = [...entrance, 'getent', 'ahostsv4', name];
  return new Promise((resolve) => {
    execFile(program, words, { timeout: patience }, (error, output) => resolve(error ? undefined : firstAddress(output)));
  });
}

/** A line is `10.1.0.5       STREAM name`. */
const firstAddress = (output: string): string | undefined => /^\S+/.exec(output)?.[0];
