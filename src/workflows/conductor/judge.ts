/** Does a decision fit the run as it is now? One judge for signals and updates; it answers with the reason why not. */
import type { Decision, DecisionName } from '../../protocol/decisions.ts';
import type { OpenGate } from '../../protocol/run.ts';
import { isFinished } from './state.ts';
import type { RunState } from './state.ts';

type Judge = (state: RunState, decision: Decision) => string | undefined;

const judges: Record<DecisionName, Judge> = {
  approve: judgeApproval,
  reject: judgeRejection,
  pause: judgePause,
  resume: ({ pause }) => (pause ? undefined : 'The run is not paused, so there is nothing to resume'),
  retry: judgeRetry,
  skip: judgeSkip,
  abort: () => undefined,
};

/** `undefined` when the decision fits; otherwise one sentence that says why it does not. */
export function judge(state: RunState, decision: Decision): string | undefined {
  if (state.end) return `The run ${state.endedAt ? 'has ended' : 'is ending already'}: ${state.end.message}`;
  return judges[decision.decision](state, decision);
}

function judgeApproval(state: RunState, decision: Decision): string | undefined {
  return judgeGate(state, decision) ?? judgeHash(state, decision, decision.gate === 'plan') ?? judgeApprover(state, decision.by);
}

/** Whoever sees a reason to stop may say so: a rejection needs no list of approvers. */
function judgeRejection(state: RunState, decision: Decision): string | undefined {
  return judgeGate(state, decision) ?? judgeHash(state, decision, false);
}

function judgeGate(state: RunState, { decision, gate }: Decision): string | undefined {
  if (gate === undefined) return `Name the gate to ${decision}: ${openNow(state.gate)}`;
  if (gate === state.gate?.id) return undefined;
  if (state.passedGates.includes(gate)) return `Gate ${gate} has been approved already`;
  return `Gate ${gate} is not open: ${openNow(state.gate)}`;
}

function openNow(gate: OpenGate | undefined): string {
  return gate ? `the gate that is open now is ${gate.id}` : 'no gate is open now';
}

function judgeHash({ plan }: RunState, { planHash }: Decision, needed: boolean): string | undefined {
  if (planHash === undefined) return needed ? 'An approval of the plan names the hash (planHash) that the plan shows to its reader' : undefined;
  return planHash === plan?.hash ? undefined : `The hash ${planHash} belongs to another plan than the one that waits: read that one`;
}

function judgeApprover({ approvers, requestedBy, selfApproval }: RunState, by: string): string | undefined {
  if (approvers && !approvers.some((person) => isSame(person, by))) return `${by} is not among those who may approve: ${approvers.join(', ')}`;
  if (!selfApproval && requestedBy !== undefined && isSame(requestedBy, by)) return `${by} asked for this run and cannot approve it: somebody else has to (or start it with selfApproval)`;
  return undefined;
}

/** Names are typed by hand: another case is not another person. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function judgePause({ pause }: RunState, { hard }: Decision): string | undefined {
  if (!pause || (hard && !pause.hard)) return undefined;
  return `${pause.by} has paused the run already`;
}

function judgeRetry(state: RunState, { step }: Decision): string | undefined {
  if (!state.hold) return 'The run does not hold, so there is nothing to retry';
  if (state.pause) return `${state.pause.by} has paused the run: resume it first`;
  if (step === state.hold.step) return undefined;
  if (state.hold.step === undefined) return 'The run holds outside of any step: a retry of it names none';
  return `The run holds at ${state.hold.step}${step === undefined ? ': name that step' : `, not at ${step}`}`;
}

function judgeSkip(state: RunState, { step: id, reason }: Decision): string | undefined {
  if (reason === undefined) return 'A skip needs a reason: the report shows it';
  if (id === undefined) return `Name the step to skip${state.current ? `: the current one is ${state.current}` : ''}`;
  const step = state.steps.find((candidate) => candidate.id === id);
  if (!step) return `There is no step ${id} in the plan`;
  if (isFinished(step)) return `Step ${id} is ${step.state} already`;
  if (id !== state.current) return `Only the step that holds or waits can be skipped${state.current ? `: that is ${state.current}` : ', and now none does'}`;
  return step.state === 'applying' ? `Step ${id} is being applied at this moment: skip it when it holds or waits` : undefined;
}
