/** `node lab/oracle/main.ts <lab directory>`: judges what happened in a lab. Exits with 1 when an invariant was broken, with 2 when it cannot judge. */
import { Command } from 'commander';
import { judge } from './judge.ts';
import { sourcesIn } from './lab-directory.ts';
import { printVerdict } from './print-verdict.ts';

interface Options {
  namespace?: string;
  database?: string;
  since?: string;
  until?: string;
  expectChanges?: boolean;
  json?: boolean;
}

const exitBroken = 1;
const exitCannotJudge = 2;

async function run(directory: string, { namespace, database, json, ...more }: Options): Promise<void> {
  const verdict = await judge({ ...(await sourcesIn(directory, { namespace, database })), ...more });
  process.stdout.write(json ? `${JSON.stringify(verdict, undefined, 2)}\n` : printVerdict(verdict));
  if (verdict.invariants.some(({ held }) => !held)) process.exitCode = exitBroken;
}

const program = new Command('oracle')
  .description('Judges from the audit logs and the event log of a lab which invariants the product kept.')
  .argument('<directory>', 'the directory of the lab')
  .option('--namespace <name>', 'where the TidbClusters live, when the lab has several TiDB clusters')
  .option('--database <name>', 'the name of the TiDB cluster, when a namespace has several')
  .option('--since <time>', 'judge from this time (ISO); default: the first write of the product')
  .option('--until <time>', 'judge until this time (ISO)')
  .option('--expect-changes', 'it is a failure when the product changed no version')
  .option('--json', 'print the whole verdict as JSON')
  .action(run);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`oracle: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCannotJudge;
});
