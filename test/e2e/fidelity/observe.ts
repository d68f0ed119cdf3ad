/**
 * Looks at the whole list in one running lab and writes `{id: phrase}`:
 * `node test/e2e/fidelity/observe.ts --directory <lab> --output test/e2e/fidelity/seen/<twin or real>.json`. What fails is told as a phrase and stops nothing else.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LabClient } from '../../../lab/client.ts';
import type { Behaviour, Group } from './behaviour.ts';
import { Ground } from './ground.ts';
import { groups } from './list.ts';

export type Observations = Record<string, string>;

type Say = (line: string) => void;

/** `prefix` begins the names of what is deployed; it is taken away at the end. */
export async function observeAll(lab: LabClient, prefix: string, say: Say): Promise<Observations> {
  const ground = new Ground(lab, prefix);
  try {
    const parts = await Promise.all(groups.map((group) => observeGroup(group, ground, say)));
    return Object.assign({}, ...parts) as Observations;
  } finally {
    await ground.end();
  }
}

async function observeGroup({ name, behaviours }: Group, ground: Ground, say: Say): Promise<Observations> {
  const seen: Observations = {};
  for (const behaviour of behaviours) {
    seen[behaviour.id] = await phraseOf(behaviour, ground);
    say(`${name} · ${behaviour.id}: ${seen[behaviour.id]}`);
  }
  return seen;
}

async function phraseOf({ observe }: Behaviour, ground: Ground): Promise<string> {
  try {
    return await observe(ground);
  } catch (error) {
    return `failed: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}`;
  }
}

async function main(): Promise<void> {
  const { directory, output } = parseArgs({ options: { directory: { type: 'string' }, output: { type: 'string' } } }).values;
  if (directory === undefined || output === undefined) throw new Error('Both --directory of a running lab and --output are needed.');
  const seen = await observeAll(LabClient.in(directory), 'fidelity', (line) => process.stderr.write(`${line}\n`));
  writeFileSync(output, `${JSON.stringify(seen, undefined, 2)}\n`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
