/** The approval gate: shows how to approve, asks the person at this terminal, and approves by itself when nobody is there. */
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { binOf } from './places.ts';
import type { Places } from './places.ts';
import { approveArguments, command, lineOf, signalArguments, untilDecided } from './run.ts';
import type { Status } from './run.ts';
import type { Stage } from './stage.ts';
import { say, show } from './words.ts';

/** Long enough to see the gate in the output, short enough for a script. Milliseconds. */
const pauseWithoutPersonMs = 3_000;

export async function passApproval(stage: Stage, places: Places, { waiting, page }: { waiting: Status; page: string }): Promise<void> {
  const person = process.env['USER'] ?? 'you';
  say('Approve it from any terminal, in one of these ways:');
  show(lineOf(`${binOf(places)}/tidb-runbook`, approveArguments(waiting, person)), lineOf(`${binOf(places)}/temporal`, signalArguments(waiting, person)));
  say('or look at it in the Temporal UI:');
  show(page);
  if (await isWanted(stage, places)) await approve(stage, places, waiting, person);
}

/** False when somebody decided elsewhere. */
async function isWanted(stage: Stage, places: Places): Promise<boolean> {
  if (process.stdin.isTTY && process.stdout.isTTY) return await askPerson(stage, places);
  say(`No terminal: approving in ${pauseWithoutPersonMs / 1_000} s.`);
  await delay(pauseWithoutPersonMs);
  return true;
}

async function askPerson(stage: Stage, places: Places): Promise<boolean> {
  const decided = new AbortController();
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  // In raw mode, which readline uses, Ctrl-C is a key and not a signal.
  reader.on('SIGINT', () => {
    process.stdout.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  const elsewhere = untilDecided(stage, places, decided.signal).then(() => false);
  const here = reader.question('\n   Press Enter to approve it here … ', { signal: decided.signal }).then(() => true);
  here.catch(() => undefined);
  const isApprovedHere = await Promise.race([here, elsewhere]);
  decided.abort();
  reader.close();
  if (!isApprovedHere) show('', 'Decided in another place.');
  return isApprovedHere;
}

async function approve(stage: Stage, places: Places, waiting: Status, person: string): Promise<void> {
  const args = approveArguments(waiting, person);
  show(`$ ${lineOf('tidb-runbook', args)}`);
  say((await stage.output(command(places, 'tidb-runbook', args))).trim());
}
