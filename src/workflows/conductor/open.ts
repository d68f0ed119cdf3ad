/** The beginning of a run: reads the input and makes the first state, or takes the one it is given to carry on. */
import { workflowInfo } from '@temporalio/workflow';
import { z } from 'zod';
import { runOptions } from '../../protocol/options.ts';
import type { RunInput, Runbook } from '../runbook.ts';
import type { Carried } from './continue.ts';
import { readInput } from './read-input.ts';
import type { Reading } from './read-input.ts';
import { Run, now } from './run.ts';
import type { RunState } from './state.ts';

/** Never throws for a bad input: the run that is returned has failed already, so that people can ask it why. */
export function openRun<Input extends RunInput>(runbook: Runbook<Input>, raw: unknown, carried?: Carried): Run {
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  if (carried !== undefined && isContinued) return new Run(raw as Input, carried.state);
  const reading = carried === undefined ? readInput(runbook.contract(), raw, runbook) : tooMany(runbook);
  if ('input' in reading) return new Run(reading.input, firstState(runbook.type, reading.input));
  const nothing: RunInput = { cluster: '', ...z.object(runOptions()).parse({}) };
  const run = new Run(nothing, firstState(runbook.type, nothing));
  run.fail('InvalidInput', reading.problem);
  return run;
}

function tooMany({ type, example }: Runbook): Reading<never> {
  return { problem: `${type} takes one JSON object, for example ${JSON.stringify(example)}, and got several arguments` };
}

function firstState(runbook: string, { cluster, requestedBy, approvers, selfApproval }: RunInput): RunState {
  return {
    runbook,
    cluster,
    requestedBy,
    approvers,
    selfApproval,
    startedAt: now(),
    message: 'The run begins',
    locked: false,
    passedGates: [],
    busy: false,
    written: [],
    accepted: [],
    steps: [],
    decisions: [],
    ignoredDecisions: [],
    remains: [],
  };
}
