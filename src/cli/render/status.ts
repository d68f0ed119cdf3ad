/** The status of a run as lines of text: headline, steps, gate, hold. Pure. */
import type { LiveStatus } from '../../client.ts';
import type { StepStatus } from '../../protocol/run.ts';
import type { Colors } from '../terminal.ts';
import { approveCommand, holdCommands } from './commands.ts';
import { paintOfPhase, paintOfStep } from './paint.ts';
import { table } from './table.ts';
import type { Cell } from './table.ts';
import { between, indent, oneLine, timestamp, widthOf } from './text.ts';

export interface View {
  /** ISO 8601: durations of what goes on end here. */
  now: string;
  /** Columns. */
  width: number;
  /** At most this many lines for steps; finished and coming ones are then drawn together. */
  stepLines?: number;
  colors: Colors;
}

export function renderStatus(status: LiveStatus, view: View): string[] {
  const blocks = [headline(status, view), stepTable(status, view), gateLines(status, view), holdLines(status, view), ignoredLines(status, view)];
  return blocks.filter((block) => block.length > 0).flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

function headline(status: LiveStatus, { now, width, colors }: View): string[] {
  const { workflowId, phase, startedAt, endedAt, requestedBy, planHash } = status;
  const facts = [between(startedAt, endedAt ?? now), requestedBy && `asked for by ${oneLine(requestedBy)}`, planHash && `plan ${planHash}`].filter(Boolean).join(' · ');
  const name = oneLine(workflowId);
  const first = `${colors.bold(name)}  ${paintOfPhase(phase, colors)(phase)}`;
  const fits = widthOf(`${name}  ${phase}  ${facts}`) <= width;
  const words = sentence(status);
  return [...(fits ? [`${first}  ${colors.dim(facts)}`] : [first, colors.dim(facts)]), ...(words ? indent('', words, width) : []), ...(status.link ? [colors.dim(status.link)] : [])];
}

/** The gate's question and the hold's reasons stand below already. */
function sentence({ phase, message, gate, hold, planSummary, decisions }: LiveStatus): string {
  const pause = phase === 'paused' ? decisions.findLast(({ decision }) => decision === 'pause') : undefined;
  if (pause) return `Paused by ${pause.by}${pause.hard ? ' (hard: the roll is frozen)' : ''} until somebody says resume`;
  const isSaidBelow = message === gate?.question || hold !== undefined;
  const summary = planSummary && !gate?.question.includes(planSummary) ? planSummary : '';
  return isSaidBelow ? summary : message;
}

function stepTable(status: LiveStatus, view: View): string[] {
  const { steps, fromFirst, afterLast } = visible(status.steps, view.stepLines ?? Infinity);
  const lines = table(steps.map((step) => stepRow(step, status, view)), view.width);
  const dim = view.colors.dim;
  return [
    ...(fromFirst > 0 ? [dim(`… ${fromFirst} steps before these are finished`)] : []),
    ...lines,
    ...(afterLast > 0 ? [dim(`… ${afterLast} more to come`)] : []),
    ...wholeProgress(steps, lines, status, view.width),
  ];
}

/** What the step under way says, when its line had to be cut. */
function wholeProgress(steps: readonly StepStatus[], lines: readonly string[], status: LiveStatus, width: number): string[] {
  const current = steps.findIndex(isLive);
  const step = steps[current];
  return step && lines[current]?.endsWith('…') ? ['', ...indent(`${step.id}: `, progressOf(step, status), width)] : [];
}

const finished: readonly string[] = ['done', 'adopted', 'skipped', 'stopped'];

interface Visible {
  steps: StepStatus[];
  /** Steps left out before and after. */
  fromFirst: number;
  afterLast: number;
}

/** Keeps the current step in sight when not all fit; the two lines that say what is left out count as well. */
export function visible(steps: StepStatus[], lines: number): Visible {
  if (steps.length <= lines) return { steps, fromFirst: 0, afterLast: 0 };
  const room = Math.max(1, lines - 2);
  const current = steps.findIndex(({ state }) => !finished.includes(state));
  // The step before the current one is worth a line, when there are two.
  const wanted = current < 0 ? steps.length : current - (room > 1 ? 1 : 0);
  const first = Math.max(0, Math.min(wanted, steps.length - room));
  return { steps: steps.slice(first, first + room), fromFirst: first, afterLast: Math.max(0, steps.length - first - room) };
}

function stepRow(step: StepStatus, status: LiveStatus, { now, colors }: View): Cell[] {
  const [component = '', ...cluster] = step.id.split('/');
  const paint = paintOfStep(step.state, colors);
  const time = between(step.startedAt, step.endedAt ?? now);
  return [{ text: component }, { text: cluster.join('/') }, { text: step.state, paint }, { text: time }, { text: step.id === status.hold?.step ? 'see below' : progressOf(step, status), ...(step.state === 'pending' ? { paint: colors.dim } : {}) }];
}

/** What is known best: why a try failed, what the activity tells now, or the last word about the step. */
export function progressOf(step: StepStatus, { activity }: Pick<LiveStatus, 'activity'>): string {
  if (step.state === 'pending') return step.message || changeOf(step.title);
  if (!isLive(step) || !activity) return step.message;
  if (activity.failure) return `trying again (try ${activity.attempt}): ${activity.failure}`;
  return activity.message ?? step.message;
}

function isLive({ state }: StepStatus): boolean {
  return state === 'applying' || state === 'waiting';
}

/** `TiKV in west: v8.5.3 → v8.5.4` → `v8.5.3 → v8.5.4`: component and cluster have columns of their own. */
function changeOf(title: string): string {
  return title.replace(/^[^:]*: /, '');
}

function gateLines(status: LiveStatus, { width, now, colors }: View): string[] {
  const { gate } = status;
  if (!gate) return [];
  return [`${colors.yellow(`Waits for approval of ${gate.id}`)} ${colors.dim(`for ${between(gate.since, now)}`)}`, ...indent('  ', gate.question, width), `  ${colors.cyan(approveCommand(status))}`];
}

function holdLines(status: LiveStatus, { width, now, colors }: View): string[] {
  const { hold } = status;
  if (!hold) return [];
  const where = hold.step ? ` at ${hold.step}` : '';
  return [
    `${colors.red(`Holds${where}`)} ${colors.dim(`for ${between(hold.since, now)}; nothing is changed meanwhile`)}`,
    ...hold.reasons.flatMap(({ message, clears }) => indent('  - ', clears === 'decision' ? `${message} (needs a decision)` : message, width)),
    ...holdCommands(status).map((command) => `  ${colors.cyan(command)}`),
  ];
}

/** Only the last ones: all are in the report. */
const shownIgnored = 3;

function ignoredLines({ ignoredDecisions }: LiveStatus, { width, colors }: View): string[] {
  const last = ignoredDecisions.slice(-shownIgnored);
  return last.flatMap(({ at, decision, by, reason }) => indent('  ', `${decision} by ${by} at ${timestamp(at)} had no effect: ${reason}`, width)).map((line) => colors.dim(line));
}
