/** Writes docs/fidelity.md from what was seen in the two labs: `make fidelity`. A test fails when the file is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Behaviour } from './behaviour.ts';
import { groups } from './list.ts';
import type { Observations } from './observe.ts';

const notRun = 'not run';

/** What a row says in its column "agree". A failed look agrees with nothing, not even with the same failure. */
export function agreement(twin: string, real: string): 'yes' | 'no' | 'not observed' | 'not run' {
  if (twin.startsWith('not observed') && real.startsWith('not observed')) return 'not observed';
  if (real === notRun || twin === notRun) return 'not run';
  return twin === real && !twin.startsWith('failed') ? 'yes' : 'no';
}

const cell = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim();

function row({ id, title, source, judge, reliedOnBy }: Behaviour, twin: string, real: string): string {
  return `| ${[`\`${id}\` ${title}`, twin, real, agreement(twin, real), judge, reliedOnBy, source].map(cell).join(' | ')} |`;
}

const head = ['| behaviour | twin | real operator | agree | decided by | relied on by | source |', '| --- | --- | --- | --- | --- | --- | --- |'];

/** The text of docs/fidelity.md. */
export function fidelityText(twin: Observations, real: Observations): string {
  const seen = (from: Observations, id: string): string => from[id] ?? notRun;
  const parts = groups.map(({ name, behaviours }) => [
    `## On ${name}`, '', ...head, ...behaviours.map((behaviour) => row(behaviour, seen(twin, behaviour.id), seen(real, behaviour.id))), '',
  ]);
  const verdicts = groups.flatMap(({ behaviours }) => behaviours.map(({ id }) => agreement(seen(twin, id), seen(real, id))));
  const count = (verdict: string): number => verdicts.filter((each) => each === verdict).length;
  return [
    '# The twin operator beside the real one',
    '',
    'Generated from what was seen; edit `test/e2e/fidelity` and run it again. Each row was looked at in a lab with the twin operator and in one with the real',
    'tidb-operator v1.6.6, by the same code: patches and reads through the API server, HTTP to PD. A phrase tells order, not time. "Decided by" names who gives the',
    'answer: where that is the database twin, both labs ask the same program, and the row says only that nothing around it disturbs it. § is a section and # an observed row',
    'of the facts on which this project stands; a file name is one of tidb-operator.',
    '',
    `${verdicts.length} behaviours: ${count('yes')} agree, ${count('no')} do not, ${count('not run')} were not run against both, ${count('not observed')} cannot be observed.`,
    '',
    ...parts.flat(),
  ].join('\n');
}

/** What `observe.ts` wrote last in a lab with the twin operator, or with the real one. */
export const lastSeen = (operator: 'twin' | 'real'): Observations =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'seen', `${operator}.json`), 'utf8')) as Observations;

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../../../docs/fidelity.md'), fidelityText(lastSeen('twin'), lastSeen('real')));
