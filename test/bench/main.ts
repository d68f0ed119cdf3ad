/**
 * `make bench`: this project beside the documented procedure done by a plain script with kubectl, on the same lab in the same run.
 * Times on a small computer are noisy: read the ratios. Net: our settle and soak times are set to nothing here. The twins are quick:
 * at the demo's speeds the script would go on before anything is proved. Only what share our time has is measured beside the twins of the demo, and
 * beside the real operator with quick pods in `make procedures` (docs/procedures-compared.md).
 */
import { spawn } from 'node:child_process';
import { latenciesOf, ownTimeOf } from '../../lab/oracle/latency.ts';
import type { Latencies } from '../../lab/oracle/latency.ts';
import { judge } from '../../lab/oracle/judge.ts';
import { end } from '../faults/ground/processes.ts';
import { startGroundsOf } from '../faults/ground/start.ts';
import stopGrounds from '../faults/ground/stop.ts';
import { Scenario, to } from '../faults/scenario.ts';
import type { Row } from './table.ts';
import { printTable, seconds } from './table.ts';
import { usageOf } from './usage.ts';

const everything = { pd: 1, tiflash: 1, tikv: 2, pump: 1, tidb: 1, ticdc: 1 };
const net = { settle: '0s', soak: '0s' };
/** Long enough that a whole look once a minute shows. */
const QUIET_MS = 60_000;

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);

interface Upgrade {
  latencies: Latencies;
  totalMs: number;
  /** In every Kubernetes cluster. */
  reads: string;
}

async function ourUpgrade(): Promise<Upgrade & { events: number; memoryMiB: number; brokenInvariants: string[] }> {
  const scenario = await Scenario.begin('ours', { replicas: everything });
  try {
    const worker = await scenario.worker();
    const began = performance.now();
    const run = await scenario.upgrade(net);
    await scenario.report(run);
    const totalMs = performance.now() - began;
    const memoryMiB = usageOf(worker.child.pid ?? 0).residentMiB;
    const verdict = await judge({ ...scenario.evidence, expectChanges: true });
    const reads = Object.entries(verdict.reads).map(([cluster, { counts }]) => `${cluster} ${sum(Object.values(counts))}`).join(', ');
    const brokenInvariants = verdict.invariants.filter((invariant) => !invariant.held).map((invariant) => invariant.name);
    return { latencies: await latenciesOf(scenario.evidence), totalMs, reads, events: (await run.describe()).historyLength, memoryMiB, brokenInvariants };
  } finally {
    await scenario.end();
  }
}

async function scriptedUpgrade(): Promise<Upgrade & { brokenInvariants: string[] }> {
  const scenario = await Scenario.begin('script', { replicas: everything });
  try {
    const began = performance.now();
    const output = await runScript([scenario.name, to], scenario.lab.lab.adminKubeconfig);
    const totalMs = performance.now() - began;
    const author = { userAgent: 'kubectl/' };
    const verdict = await judge({ ...scenario.evidence, author, expectChanges: true });
    const brokenInvariants = verdict.invariants.filter((invariant) => !invariant.held).map((invariant) => invariant.name);
    const calls = Number(/calls (\d+)/.exec(output)?.[1] ?? 0);
    return { latencies: await latenciesOf({ ...scenario.evidence, author }), totalMs, reads: `${calls} kubectl calls in all, each with at least one read`, brokenInvariants };
  } finally {
    await scenario.end();
  }
}

function runScript(args: string[], kubeconfig: string): Promise<string> {
  const child = spawn(new URL('./upgrade-with-kubectl.sh', import.meta.url).pathname, args, { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`the script ended with ${code}`)))));
}

/** A run that is held and waits, a killed worker, a person's decision. */
async function waitingRun(): Promise<{ readsPerSecond: string[]; recoveryMs: number; decisionMs: number[] }> {
  const scenario = await Scenario.begin('waiting');
  try {
    const first = await scenario.worker();
    const run = await scenario.upgrade(net);
    const up = await scenario.fault({ kind: 'store-down', scope: { database: 'waiting', pod: 'waiting-south-tikv-0' } });
    await scenario.untilHeld(run, /is Down/);
    const windows = [await quietWindow(), await quietWindow()];
    const { reads } = await judge({ ...scenario.evidence, windows });
    const readsPerSecond = windows.map((_, index) => Object.entries(reads).map(([cluster, { perSecond }]) => `${cluster} ${(perSecond[index]?.perSecond ?? 0).toFixed(2)}`).join(', '));
    const decisionMs = await decisions(scenario, run);
    const recoveryMs = await recovery(scenario, run, first);
    await up();
    await scenario.report(run);
    return { readsPerSecond, recoveryMs, decisionMs };
  } finally {
    await scenario.end();
  }
}

async function quietWindow(): Promise<{ from: string; until: string }> {
  const from = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return { from, until: new Date().toISOString() };
}

type Handle = Awaited<ReturnType<Scenario['upgrade']>>;

/** From the update `decide` (retry) until the next activity is scheduled. */
async function decisions(scenario: Scenario, run: Handle): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 10; round++) {
    const status = await scenario.untilHeld(run, /is Down/);
    await scenario.decide(run, { decision: 'retry', by: 'bench', step: status.hold?.step ?? '' });
    const events = (await run.fetchHistory()).events ?? [];
    const accepted = events.findLast((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    const next = events.find((event) => event.activityTaskScheduledEventAttributes && Number(event.eventId) > Number(accepted?.eventId));
    if (accepted && next) times.push(millis(next.eventTime) - millis(accepted.eventTime));
  }
  return times.sort((a, b) => a - b);
}

type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;
const millis = (time: Timestamp): number => Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;

/** From SIGKILL of the worker that carries the wait until the other has taken it up: one more attempt. */
async function recovery(scenario: Scenario, run: Handle, worker: Parameters<typeof end>[0]): Promise<number> {
  const attempt = async (): Promise<number> => (await run.describe()).raw.pendingActivities?.[0]?.attempt ?? 0;
  await scenario.worker();
  const before = await attempt();
  const began = performance.now();
  await end(worker, 'SIGKILL');
  await scenario.eventually('the other worker goes on', async () => (await attempt()) > before);
  return performance.now() - began;
}

function share({ latencies }: Upgrade): string {
  const { ownMs, othersMs } = ownTimeOf(latencies.list);
  return othersMs > 0 ? `${((100 * ownMs) / othersMs).toFixed(1)} %` : '–';
}

/** One lab, as long as `work` takes. */
async function onTwins<Result>(preset: 'demo' | 'fast', work: () => Promise<Result>): Promise<Result> {
  await startGroundsOf(1, '--preset', preset);
  return work().finally(() => stopGrounds());
}

const ours = await onTwins('demo', async () => {
  say("our upgrade at the speeds of the demo's twins: 3 Kubernetes clusters, 6 components");
  return ourUpgrade();
});
await onTwins('fast', async () => {
  say('the same with quick twins');
  const quick = await ourUpgrade();
  say('the same by the documented procedure, with kubectl every 2 s');
  const script = await scriptedUpgrade();
  say('a run that waits, a decision, a killed worker');
  const waiting = await waitingRun();
  const ratio = (a: number | undefined, b: number | undefined): string => (a === undefined || b === undefined || b === 0 ? '–' : (a / b).toFixed(2));
  const rows: Row[] = [
    ['last proof → next patch, p50', seconds(quick.latencies.p50), seconds(script.latencies.p50), ratio(quick.latencies.p50, script.latencies.p50), '0.3 s, ratio ≤ 0.3'],
    ['last proof → next patch, p99', seconds(quick.latencies.p99), seconds(script.latencies.p99), ratio(quick.latencies.p99, script.latencies.p99), '1 s'],
    ['steps begun before the one before was proven', String(quick.latencies.tooEarly.length), String(script.latencies.tooEarly.length), '', '0'],
    ['whole upgrade', seconds(quick.totalMs), seconds(script.totalMs), ratio(quick.totalMs, script.totalMs), ''],
    ["our time beside the own time of the demo's twins", share(ours), '', '', '≤ 5 %'],
    ['the same beside quick twins', share(quick), share(script), '', ''],
    ['reads per API server', quick.reads, script.reads, '', ''],
    ['invariants broken', quick.brokenInvariants.join(', ') || 'none', script.brokenInvariants.join(', ') || 'none', '', 'none'],
    ['history events', String(quick.events), '', '', '≤ 600'],
    ['worker memory (resident)', `${quick.memoryMiB} MiB`, '', '', ''],
    ['reads per second and API server, first minute of a wait', waiting.readsPerSecond[0] ?? '', '', '', ''],
    ['reads per second and API server while a run waits', waiting.readsPerSecond[1] ?? '', '', '', '≤ 0.1'],
    ['decision by update → next activity, worst of 10', seconds(waiting.decisionMs.at(-1)), '', '', '0.2 s'],
    ['worker killed → the run goes on', seconds(waiting.recoveryMs), '', '', '≤ 12 s'],
  ];
  printTable(['figure', 'this project', 'kubectl script', 'ratio', 'target'], rows);
});
