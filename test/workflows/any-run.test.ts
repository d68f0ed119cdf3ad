/** Random plans, random answers of the activities and random decisions, judged by the history that the server kept. */
import fc from 'fast-check';
import type { temporal } from '@temporalio/proto';
import type { Decision } from '../../src/protocol/decisions.ts';
import type { GateLevel } from '../../src/protocol/options.ts';
import { gateLevels } from '../../src/protocol/options.ts';
import type { ApplyResult, Reason, WaitResult } from '../../src/protocol/outcome.ts';
import type { PlannedStep } from '../../src/protocol/plan.ts';
import type { RunStatus } from '../../src/protocol/run.ts';
import { startDevServer } from '../temporal/dev-server.ts';
import { failure, planHash, planOf, reason, steps, untilCancelled } from './script.ts';
import type { Script } from './script.ts';
import { Stage } from './stage.ts';
import type { Play } from './stage.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/** Each play takes the time of a real run. */
const plays = 15;
/** A busy computer plays fewer. */
const playMs = 90_000;
/** Few enough that runs of a few steps continue as new. */
const suggestAtEvents = 25;
const testMs = 180_000;

const applyAnswers = ['applied', 'adopted', 'held', 'needs a decision', 'Forbidden', 'Unreachable'] as const;
const waitAnswers = ['done', 'held', 'cleared', 'stuck', 'Forbidden'] as const;
const brakeAnswers = ['ok', 'problem', 'Forbidden'] as const;

interface Scenario {
  level: GateLevel;
  plan: PlannedStep[];
  apply: (typeof applyAnswers)[number][];
  wait: (typeof waitAnswers)[number][];
  guards: (typeof waitAnswers)[number][];
  brake: (typeof brakeAnswers)[number][];
  decisions: (Omit<Decision, 'by'> & { bySignal: boolean })[];
}

const answers = <T>(of: readonly T[]): fc.Arbitrary<T[]> => fc.array(fc.constantFrom(...of), { maxLength: 6 });

const scenario: fc.Arbitrary<Scenario> = fc.record({
  level: fc.constantFrom(...gateLevels),
  plan: fc.subarray(['pd/east', 'pd/west!', 'tikv/east', 'tikv/west'], { minLength: 1 }).map((ids) => steps(...ids)),
  apply: answers(applyAnswers),
  wait: answers(waitAnswers),
  guards: answers(waitAnswers),
  brake: answers(brakeAnswers),
  decisions: fc.array(
    fc.record({
      decision: fc.constantFrom<Decision['decision'][]>('approve', 'approve', 'approve', 'pause', 'pause', 'resume', 'retry', 'skip', 'reject', 'abort'),
      gate: fc.constantFrom('plan', 'component/pd', 'component/tikv', 'tidbcluster/east', 'step/pd/east'),
      step: fc.constantFrom('pd/east', 'pd/west', 'tikv/east'),
      planHash: fc.constantFrom(planHash, planHash, 'other'),
      hard: fc.boolean(),
      bySignal: fc.boolean(),
    }),
    { maxLength: 8 },
  ),
});

function scriptOf({ plan, apply, wait, guards, brake }: Scenario): Script {
  return {
    makePlan: () => planOf(plan),
    applyStep: ({ step }, number) => applyAnswer(apply[number - 1] ?? (step.alreadyDone ? 'adopted' : 'applied'), number),
    waitStep: (_, number) => waitAnswer(wait[number - 1] ?? 'done', number),
    awaitGuards: (_, number) => waitAnswer(guards[number - 1] ?? 'cleared', number),
    brakeStep: (_, number) => brakeAnswer(brake[number - 1] ?? 'ok'),
  };
}

function applyAnswer(answer: Scenario['apply'][number], number: number): ApplyResult {
  if (answer === 'Forbidden' || answer === 'Unreachable') throw failure(answer, 'no');
  if (answer === 'held' || answer === 'needs a decision') return { outcome: 'held', reasons: [reason(`apply-${number}`, answer === 'held' ? 'itself' : 'decision')] };
  return answer === 'adopted' ? { outcome: 'adopted', message: 'there', proof: {} } : { outcome: 'applied', message: 'set' };
}

function waitAnswer(answer: Scenario['wait'][number], number: number): WaitResult | Promise<WaitResult> {
  if (answer === 'Forbidden') throw failure(answer, 'no');
  if (answer === 'stuck') return untilCancelled();
  if (answer === 'held') return { outcome: 'held', reasons: [reason(`wait-${number}`)] };
  return answer === 'done' ? { outcome: 'done', message: 'proved', proof: {} } : { outcome: 'cleared' };
}

function brakeAnswer(answer: Scenario['brake'][number]): Reason[] {
  if (answer === 'Forbidden') throw failure(answer, 'no');
  return answer === 'ok' ? [] : [reason('brake', 'decision')];
}

async function perform(stage: Stage, given: Scenario): Promise<Play> {
  const play = await stage.play(scriptOf(given), { gates: given.level });
  for (const [index, { bySignal, decision, ...others }] of given.decisions.entries()) {
    if (await hasEnded(play)) return play;
    const argument = { by: 'eve', reason: `reason ${index}`, ...others };
    await (bySignal ? play.signal(decision, argument) : play.decide(decision, argument)).catch(() => undefined);
  }
  while (!(await hasEnded(play))) await help(play, await play.status()).catch(() => undefined);
  return play;
}

async function hasEnded(play: Play): Promise<boolean> {
  return (await play.handle.describe()).status.name !== 'RUNNING';
}

/** What a friendly operator would do next. */
async function help(play: Play, { phase, gate, hold, steps: shown }: RunStatus): Promise<void> {
  if (phase === 'paused') await play.decide('resume');
  else if (gate) await play.decide('approve', { gate: gate.id, planHash });
  else if (hold) await play.decide('retry', { step: hold.step });
  else await play.decide('skip', { step: shown.find(({ state }) => state === 'waiting')?.id, reason: 'stuck' });
}

/** What only reads may still be told to stop while the next one begins. */
const onlyReads = ['makePlan', 'awaitGuards'];

/** Reads the history in order and says where an invariant of the conductor is broken. */
class Oracle {
  readonly problems: string[] = [];
  private readonly level: GateLevel;
  private readonly running = new Map<string, string>();
  private readonly approved = new Set<string>();
  private paused = false;
  private aborted = false;
  private last = '';

  constructor(level: GateLevel) {
    this.level = level;
  }

  read(event: Event): void {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } = event;
    if (scheduled) this.schedules(String(event.eventId), scheduled.activityType?.name ?? '', argumentOf(scheduled.input));
    const closed = completed ?? event.activityTaskFailedEventAttributes ?? event.activityTaskCanceledEventAttributes;
    if (closed) this.running.delete(String(closed.scheduledEventId));
    if (event.workflowExecutionStartedEventAttributes) this.begins();
    const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
    if (request) this.decides(argumentOf(request.input?.args) as unknown as Decision);
  }

  decides({ decision, gate }: Decision): void {
    if (decision === 'approve') this.approved.add(gate ?? '');
    if (decision === 'pause') this.paused = true;
    if (decision === 'resume') this.paused = false;
    if (decision === 'abort' || decision === 'reject') this.aborted = true;
  }

  private schedules(id: string, activity: string, argument: { step?: PlannedStep }): void {
    this.last = activity;
    if (this.running.size > 0) this.problems.push(`${activity} begins while ${[...this.running.values()].join(', ')} runs`);
    if (!onlyReads.includes(activity)) this.running.set(id, activity);
    if (activity === 'applyStep' && argument.step) this.applies(argument.step);
    if (this.aborted && activity !== 'cleanUp') this.problems.push(`${activity} after the end`);
  }

  private applies(step: PlannedStep): void {
    if (this.paused) this.problems.push(`${step.id} is applied during a pause`);
    const needed = step.alreadyDone || this.level === 'none' ? [] : ['plan', ...(this.level === 'plan' ? [] : [`${this.level}/${{ component: step.component, tidbcluster: step.kubernetesCluster, step: step.id }[this.level]}`])];
    for (const gate of needed) if (!this.approved.has(gate)) this.problems.push(`${step.id} is applied before ${gate} was approved`);
  }

  /** A run that continues another one numbers its events anew. */
  private begins(): void {
    if (this.running.size > 0) this.problems.push(`the run continues as new while ${[...this.running.values()].join(', ')} runs`);
  }

  /** A run that was aborted before it took the lock has nothing to clean up. */
  ends(): void {
    if (this.last !== '' && this.last !== 'makePlan' && this.last !== 'cleanUp') this.problems.push(`the last activity is ${this.last}`);
  }
}

function argumentOf(payloads: temporal.api.common.v1.IPayloads | null | undefined): { step?: PlannedStep } {
  return JSON.parse(Buffer.from(payloads?.payloads?.[0]?.data ?? []).toString()) as { step?: PlannedStep };
}

async function judged(stage: Stage, given: Scenario): Promise<string[]> {
  const play = await perform(stage, given);
  const report = await play.report();
  const oracle = new Oracle(given.level);
  for (const event of await eventsOf(stage, play.handle.workflowId, play.handle.firstExecutionRunId)) {
    oracle.read(event);
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal) hearSignal(oracle, report.decisions, { ...(argumentOf(signal.input) as unknown as Decision), decision: signal.signalName as Decision['decision'] });
  }
  oracle.ends();
  return oracle.problems;
}

/** All events of a run and of those that continue it. */
async function eventsOf(stage: Stage, workflowId: string, runId: string): Promise<Event[]> {
  const events = (await stage.env.client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
  const next = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  return next ? [...events, ...(await eventsOf(stage, workflowId, next))] : events;
}

/** The report says which signals were taken: each carries a reason of its own. */
function hearSignal(oracle: Oracle, taken: Decision[], decision: Decision): void {
  if (taken.some(({ reason: said }) => said === decision.reason)) oracle.decides(decision);
}

describe.each([
  ['in one history', []],
  ['continued as new again and again', [`limit.historyCount.suggestContinueAsNew=${suggestAtEvents}`]],
])('whatever happens, %s', (_, settings) => {
  let stage: Stage;
  beforeAll(async () => (stage = await Stage.open(startDevServer({ settings }))));
  afterAll(async () => stage.close());

  test(
    'gates stand before changes, one activity runs at a time, nothing is begun in a pause or after the end, and all is cleaned up',
    async () => {
      const until = performance.now() + playMs;
      await fc.assert(
        fc.asyncProperty(scenario, async (given) => {
          if (performance.now() < until) expect(await judged(stage, given)).toEqual([]);
        }),
        { numRuns: plays, endOnFailure: true },
      );
    },
    testMs,
  );
});
