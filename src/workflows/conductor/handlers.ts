/** How people reach a run: seven signals, the update `decide` and three queries. Set before the first await. */
import { ApplicationFailure } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { decisionArgument, decisionNames, decisionSchema } from '../../protocol/decisions.ts';
import type { Decision, DecisionName } from '../../protocol/decisions.ts';
import type { Plan } from '../../protocol/plan.ts';
import { decideRefusal, decideUpdate, queryNames } from '../../protocol/run.ts';
import type { Report, RunStatus } from '../../protocol/run.ts';
import { judge } from './judge.ts';
import { readInput } from './read-input.ts';
import { reportOf, statusOf } from './report.ts';
import type { Run } from './run.ts';

/** Shown in the dialogs of Temporal's UI. */
const descriptions: Record<DecisionName, string> = {
  approve: 'Open the gate that the run waits at: {"by": "<you>", "gate": "plan", "planHash": "<hash>"}',
  reject: 'Refuse the gate that is open; the run ends: {"by": "<you>", "gate": "plan", "reason": "…"}',
  pause: 'Stop before the next change; with "hard": true freeze the roll under way: {"by": "<you>"}',
  resume: 'Go on after a pause: {"by": "<you>"}',
  retry: 'Try the held step again and accept the reasons that need a decision: {"by": "<you>", "step": "tikv/west"}',
  skip: 'Leave the step that holds or waits; nothing is undone: {"by": "<you>", "step": "tikv/west", "reason": "…"}',
  abort: 'Stop before the next change, clean up and end; nothing is undone: {"by": "<you>", "reason": "…"}',
};

export function listen(run: Run): void {
  setHandler(defineQuery<RunStatus>(queryNames.status), () => statusOf(run.state), { description: 'Everything that can be said about the run now' });
  setHandler(defineQuery<Plan | null>(queryNames.plan), () => run.state.plan ?? null, { description: 'The plan, or null before it is made' });
  setHandler(defineQuery<Report>(queryNames.report), () => reportOf(run.state), { description: 'The report so far' });
  setHandler(defineUpdate<string, [unknown]>(decideUpdate), (argument) => take(run, argument), {
    validator: (argument) => void accepted(run, argument),
    description: 'Any decision, refused at once when it does not fit: {"decision": "approve", "by": "<you>", …}',
  });
  for (const name of decisionNames) {
    setHandler(defineSignal<[unknown]>(name), (argument) => hear(run, name, argument), { description: descriptions[name] });
  }
  setDefaultSignalHandler((name, argument) => run.ignore(name, personIn(argument), `There is no decision ${name}: they are ${decisionNames.join(', ')}`));
}

function take(run: Run, argument: unknown): string {
  run.decide(accepted(run, argument));
  return run.state.message;
}

/** The decision, when it can be read and fits; otherwise throws the refusal that the caller sees. */
function accepted(run: Run, argument: unknown): Decision {
  const reading = readInput(decisionSchema(), argument, { type: decideUpdate, example: { decision: 'approve', by: 'alice', gate: 'plan' } });
  if ('problem' in reading) throw ApplicationFailure.nonRetryable(reading.problem, 'InvalidInput');
  const refusal = judge(run.state, reading.input);
  if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusal, decideRefusal);
  return reading.input;
}

/** A signal has nobody to answer to: what does not fit is listed in the status. */
function hear(run: Run, decision: DecisionName, argument: unknown): void {
  const reading = readInput(decisionArgument(), argument, { type: decision, example: { by: 'alice' } });
  if ('problem' in reading) return run.ignore(decision, personIn(argument), reading.problem);
  const refusal = judge(run.state, { ...reading.input, decision });
  if (refusal !== undefined) return run.ignore(decision, reading.input.by, refusal);
  run.decide({ ...reading.input, decision });
}

/** The longest name that is kept of somebody whose signal could not be read. */
const nameLength = 200;

function personIn(argument: unknown): string {
  const by = typeof argument === 'object' && argument !== null && 'by' in argument ? argument.by : undefined;
  return typeof by === 'string' ? by.slice(0, nameLength) : 'somebody';
}
