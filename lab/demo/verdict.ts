/** The end of the demo: what an oracle that shares no code with the product reads in the audit logs of the API servers. */
import pc from 'picocolors';
import { cluster, project } from './places.ts';
import type { Places } from './places.ts';
import type { Stage } from './stage.ts';
import { say, show } from './words.ts';

/** The part of its answer that is shown. */
interface Verdict {
  invariants: { name: string; held: boolean; evidence: string[] }[];
  gaps: string[];
}

/** It could judge, whatever it found (see lab/oracle/main.ts). */
const judgedCodes: readonly unknown[] = [0, 1];

/** True when every invariant held. */
export async function askOracle(stage: Stage, { lab }: Places): Promise<boolean> {
  const args = [`${project}lab/oracle/main.ts`, lab, '--namespace', cluster, '--expect-changes', '--json'];
  const { code, out, words } = await stage.capture({ title: 'The oracle', command: process.execPath, args, env: process.env });
  if (!judgedCodes.includes(code)) throw new Error(`The oracle cannot judge: ${words.trim()}`);
  const { invariants, gaps } = JSON.parse(out) as Verdict;
  for (const { name, held, evidence } of invariants) {
    show(`${held ? pc.green('held  ') : pc.red('BROKEN')}  ${name}`);
    for (const sentence of evidence) say(`        ${sentence}`);
  }
  for (const gap of gaps) say(`Lost of the logs: ${gap}`);
  return invariants.every(({ held }) => held);
}
