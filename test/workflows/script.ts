/** Activities that answer as a test wants and record how they were called. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { RunbookActivities } from '../../src/protocol/activities.ts';
import type { Reason } from '../../src/protocol/outcome.ts';
import type { Plan, PlannedStep } from '../../src/protocol/plan.ts';

type Activities = Omit<RunbookActivities, 'diagnose' | 'checkCluster'>;
export type ActivityName = keyof Activities;
type Argument<Name extends ActivityName> = Parameters<Activities[Name]>[0];
type Answer<Name extends ActivityName> = Awaited<ReturnType<Activities[Name]>>;

/** Answers to the calls of each activity; `number` counts the calls of that activity from 1. */
export type Script = { [Name in ActivityName]?: (call: Argument<Name>, number: number) => Answer<Name> | Promise<Answer<Name>> };

export interface Call {
  activity: ActivityName;
  argument: Argument<ActivityName>;
}

/** The activities of one run. */
export class ScriptedActivities implements Activities {
  readonly calls: Call[] = [];
  private readonly script: Script;

  constructor(script: Script) {
    this.script = script;
  }

  /** `applyStep tikv/west`, `cleanUp`, … in the order of the calls. */
  get log(): string[] {
    return this.calls.map(({ activity, argument }) => ('step' in argument ? `${activity} ${argument.step.id}` : activity));
  }

  of<Name extends ActivityName>(activity: Name): Argument<Name>[] {
    return this.calls.filter((call) => call.activity === activity).map(({ argument }) => argument as Argument<Name>);
  }

  acquireLock = async (call: Argument<'acquireLock'>): Promise<void> => this.answer('acquireLock', call, () => undefined);
  makePlan = async (call: Argument<'makePlan'>): Promise<Plan> => this.answer('makePlan', call, () => planOf(steps('pd/east')));
  applyStep = async (call: Argument<'applyStep'>): Promise<Answer<'applyStep'>> =>
    this.answer('applyStep', call, () => (call.step.alreadyDone ? { outcome: 'adopted', message: 'runs v2 already', proof: {} } : { outcome: 'applied', message: 'version set' }));
  awaitGuards = async (call: Argument<'awaitGuards'>): Promise<Answer<'awaitGuards'>> => this.answer('awaitGuards', call, untilCancelled);
  waitStep = async (call: Argument<'waitStep'>): Promise<Answer<'waitStep'>> =>
    this.answer('waitStep', call, () => ({ outcome: 'done', message: 'proved twice', proof: { step: call.step.id } }));
  brakeStep = async (call: Argument<'brakeStep'>): Promise<Reason[]> => this.answer('brakeStep', call, () => []);
  cleanUp = async (call: Argument<'cleanUp'>): Promise<Answer<'cleanUp'>> => this.answer('cleanUp', call, () => ({ remains: ['The lock is free'] }));

  private async answer<Name extends ActivityName>(activity: Name, argument: Argument<Name>, otherwise: () => Answer<Name> | Promise<Answer<Name>>): Promise<Answer<Name>> {
    this.calls.push({ activity, argument });
    const scripted = this.script[activity];
    const number = this.of(activity).length;
    return scripted ? scripted(argument, number) : otherwise();
  }
}

/** How often a waiting scripted activity tells that it lives; it hears of its cancellation then. */
const heartbeatMs = 50;

/** Answers with what `promise` answers, or is cancelled before. */
export async function whileWaiting<T>(promise: Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat({ message: 'waiting' }), heartbeatMs);
  try {
    return await Promise.race([promise, context.cancelled]);
  } finally {
    clearInterval(beat);
  }
}

export async function untilCancelled(): Promise<never> {
  return whileWaiting(new Promise<never>(() => undefined));
}

/** The failure of an activity as the worker translates our errors. */
export function failure(type: string, message: string, nonRetryable = false): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable });
}

/** Steps from ids such as `tikv/west`; an id with `!` at its end is already done. */
export function steps(...ids: string[]): PlannedStep[] {
  return ids.map((written) => {
    const id = written.replace('!', '');
    const [component = '', kubernetesCluster = ''] = id.split('/');
    return { id, kind: 'roll-component', title: `${component} in ${kubernetesCluster}: v1 → v2`, component, kubernetesCluster, alreadyDone: written.endsWith('!'), input: {} };
  });
}

export const planHash = '0123456789ab';

export function planOf(planned: PlannedStep[]): Plan {
  return { runbook: 'upgradeCluster', cluster: 'shop', clusterId: '7342', summary: `${planned.length} steps to v2`, steps: planned, notes: ['There is no way back'], holds: [], hash: planHash };
}

/** A script that plans these steps. */
export function planning(...ids: string[]): Script {
  return { makePlan: () => planOf(steps(...ids)) };
}

export function reason(key: string, clears: Reason['clears'] = 'itself'): Reason {
  return { key, message: `Reason ${key}`, clears };
}

/** A promise and the function that keeps it. */
export function promised<T>(): { promise: Promise<T>; keep: (value: T) => void } {
  let keep: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (keep = resolve));
  return { promise, keep };
}
