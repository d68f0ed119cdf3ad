/** Follows a run until its end: redrawn in place on a terminal, one line per change elsewhere. */
import type { LiveStatus, Observation, RunbookClient } from '../client.ts';
import type { Context, OutputOptions } from './context.ts';
import type { ExitCode } from './exit-codes.ts';
import { outcomeOf } from './outcome.ts';
import { quoted } from './render/commands.ts';
import { changeLine, changesBetween } from './render/changes.ts';
import { renderReport } from './render/report.ts';
import { Screen } from './screen.ts';
import type { Terminal } from './terminal.ts';

/** Shows one observation after the other. */
interface Follower {
  show(observation: Observation): void;
  end(): void;
}

/** Returns what the end of the run means; Ctrl-C ends the watch, not the run. */
export async function follow({ terminal }: Context, client: RunbookClient, workflowId: string, { output }: OutputOptions): Promise<ExitCode> {
  const signal = terminal.interruptible();
  const follower = output === 'text' && terminal.canRedraw ? new Screen(terminal) : lineByLine(terminal, output);
  // A second Ctrl-C ends the process at once: the terminal has to be in order by then.
  signal.addEventListener('abort', () => follower.end());
  let last: LiveStatus | undefined;
  try {
    for await (const observation of client.watch(workflowId, { signal })) {
      if (signal.aborted) break;
      follower.show(observation);
      if ('status' in observation) last = observation.status;
    }
  } finally {
    follower.end();
  }
  return await conclude(terminal, client, { workflowId, output, last: signal.aborted ? undefined : last });
}

interface End {
  workflowId: string;
  output: OutputOptions['output'];
  /** Absent when the watch was interrupted. */
  last: LiveStatus | undefined;
}

async function conclude(terminal: Terminal, client: RunbookClient, { workflowId, output, last }: End): Promise<ExitCode> {
  if (!last) {
    terminal.tell(`The run ${workflowId} goes on; see it again with tidb-runbook watch ${quoted(workflowId)}`);
    return 130;
  }
  const report = await client.report(workflowId);
  if (output === 'json') terminal.write(`${JSON.stringify({ report })}\n`);
  else if (!('mode' in report)) terminal.write(`${renderReport(report, { workflowId, now: new Date().toISOString(), width: terminal.columns, colors: terminal.colors }).join('\n')}\n`);
  return outcomeOf(last);
}

function lineByLine(terminal: Terminal, output: OutputOptions['output']): Follower {
  let before: LiveStatus | undefined;
  let trouble: string | undefined;
  return {
    show(observation) {
      if ('trouble' in observation) {
        if (observation.trouble !== trouble) terminal.tell(observation.trouble);
        trouble = observation.trouble;
        return;
      }
      const changes = changesBetween(before, observation.status, new Date().toISOString());
      for (const change of changes) terminal.write(`${output === 'json' ? JSON.stringify(change) : changeLine(change)}\n`);
      before = observation.status;
      trouble = undefined;
    },
    end() {},
  };
}
