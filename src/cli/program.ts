/** The grammar of `tidb-runbook`: its commands and its help. */
import { Command } from 'commander';
import { addApprove } from './commands/approve.ts';
import { addCheck } from './commands/check.ts';
import { addDecisions } from './commands/decide.ts';
import { addDoctor } from './commands/doctor.ts';
import { addList } from './commands/list.ts';
import { addPlan } from './commands/plan.ts';
import { addReport } from './commands/report.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addWatch } from './commands/watch.ts';
import type { Context } from './context.ts';
import { exitCodeHelp } from './exit-codes.ts';

const examples = `
Examples:
  tidb-runbook doctor shop
  tidb-runbook check shop
  tidb-runbook plan upgrade shop --version v8.5.4
  tidb-runbook start upgrade shop --version v8.5.4 --requested-by alice
  tidb-runbook approve shop --by bob
  tidb-runbook watch shop
  tidb-runbook report upgradeCluster/shop

Temporal is reached as the temporal CLI does it: TEMPORAL_PROFILE, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_….
Also read: TIDB_RUNBOOKS_TASK_QUEUE, TIDB_RUNBOOKS_PERSON, TIDB_RUNBOOKS_UI_URL, TIDB_RUNBOOKS_DEBUG.

${exitCodeHelp()}`;

export function buildProgram(context: Context, version: string): Command {
  const { terminal } = context;
  const program = new Command('tidb-runbook')
    .description('Runs the procedures of a TiDB cluster spread over several Kubernetes clusters: plan, start, approve, watch.')
    // Sub-commands have a --version of their own: that of TiDB.
    .enablePositionalOptions()
    .version(version, '-V, --version', 'print the version of this program')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.write(text), writeErr: (text) => terminal.tell(text.trimEnd()), outputError: () => undefined, getOutHelpWidth: () => terminal.columns, getErrHelpWidth: () => terminal.columns })
    .addHelpText('after', examples);
  for (const add of [addDoctor, addCheck, addPlan, addStart, addStatus, addWatch, addApprove, addDecisions, addReport, addList]) add(program, context);
  return program;
}
