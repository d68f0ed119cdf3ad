/**
 * `make bench-fleet`: RUNS upgrades (default 3 000) of as many TiDB clusters wait in one worker of 2 GiB for the operator; then the roll
 * of each ends, and every run must go on to its next patch. Temporal, etcd, kube-apiserver and the worker are real; operator,
 * controllers and kubelets are hands that write objects, and the databases are the lab's models behind one HTTP server. All of it
 * shares this computer: what a process takes of it is in the table.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { rank } from '../../../lab/oracle/latency.ts';
import type { Row } from '../table.ts';
import { printTable, seconds } from '../table.ts';
import { AuditTail } from './audit-tail.ts';
import type { Asked } from './audit-tail.ts';
import { FleetGround, taskQueue } from './ground.ts';
import type { Parts, Worker } from './ground.ts';
import { forEach, Hands } from './hands.ts';
import { siteOf, to } from './tidb-cluster.ts';
import type { Site } from './tidb-cluster.ts';
import { children, usageOf } from '../usage.ts';

const runs = Number(process.env['RUNS'] || 3_000);
/** Runs between their start and their first patch, so that none of them times out. */
const STARTING = 100;
const QUIET_MS = 60_000;
/** A run that has not gone on so long after the last event was written has missed its own; how late the others were is in the table. */
const MISSED_MS = 15 * 60_000;
/** When nothing moves for so long, something is wrong. */
const STUCK_MS = 3 * 60_000;
const POLL_MS = 250;
const DESCRIBING = 16;

const say = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} bench: ${line}\n`);
const workflowIdOf = ({ name }: Site): string => `upgradeCluster/${name}`;

/** A run makes two patches: PD's before it waits, TiKV's when it has gone on. */
class Fleet {
  readonly sites: readonly Site[];
  readonly parts: Parts;
  readonly hands: Hands;
  readonly #tails: AuditTail[];
  /** Times of the worker's patches of each TidbCluster. */
  readonly patches = new Map<string, number[]>();
  /** Watches that are open. */
  watches = 0;
  /** Reads so far, by what is read. */
  readonly reads = new Map<string, number>();

  constructor(sites: readonly Site[], parts: Parts) {
    this.sites = sites;
    this.parts = parts;
    this.hands = new Hands(parts.apis, parts.databases);
    this.#tails = parts.planes.map(({ auditLog }) => new AuditTail(auditLog));
  }

  get readsInAll(): number {
    return [...this.reads.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many runs have made so many patches. */
  patched(count: number): number {
    return [...this.patches.values()].filter((times) => times.length >= count).length;
  }

  async look(): Promise<void> {
    for (const tail of this.#tails) for (const asked of await tail.read()) this.#count(asked);
  }

  async close(): Promise<void> {
    for (const tail of this.#tails) await tail.close();
  }

  #count({ verb, stage, resource, name, code, at }: Asked): void {
    if (verb === 'watch') this.watches += stage === 'ResponseStarted' ? 1 : -1;
    else if (verb === 'get' || verb === 'list') this.reads.set(`${verb} ${resource}`, (this.reads.get(`${verb} ${resource}`) ?? 0) + 1);
    else if (verb === 'patch' && resource === 'tidbclusters' && code < 300) this.patches.set(name, [...(this.patches.get(name) ?? []), at]);
  }
}

/** Starts all runs, a few at a time; resolves when each has patched PD. */
async function startRuns(fleet: Fleet): Promise<void> {
  let movedAt = performance.now();
  let before = 0;
  let started = 0;
  while (before < fleet.sites.length) {
    await fleet.look();
    const now = fleet.patched(1);
    if (now > before) movedAt = performance.now();
    if (Math.floor(now / 100) > Math.floor(before / 100)) say(`${now} runs wait`);
    before = now;
    if (performance.now() - movedAt > STUCK_MS) throw new Error(`Only ${now} of ${started} runs that were started have come to their first patch. ${await oneThatIsStuck(fleet)}`);
    const next = fleet.sites.slice(started, now + STARTING);
    started += next.length;
    await Promise.all(next.map((site) => startRun(fleet.parts, site)));
    await delay(POLL_MS);
  }
}

async function startRun({ client }: Parts, site: Site): Promise<void> {
  const input = { cluster: site.name, version: to, gates: 'none', settle: '0s', soak: '0s', stallAfter: '2h' };
  await client.workflow.start('upgradeCluster', { workflowId: workflowIdOf(site), taskQueue, args: [input] });
}

async function oneThatIsStuck({ sites, patches, parts }: Fleet): Promise<string> {
  const site = sites.find(({ name }) => !patches.has(name));
  if (!site) return '';
  const handle = parts.client.workflow.getHandle(workflowIdOf(site));
  const { status } = await handle.describe();
  return `${handle.workflowId} is ${status.name}: ${JSON.stringify(await (status.name === 'RUNNING' ? handle.query('status') : handle.result().catch((error: unknown) => String((error as Error).cause ?? error))))}`;
}

interface Waits {
  waiting: number;
  /** Activities that had begun again, and why the last of them had to. */
  repeated: number;
  because: string;
}

/** Temporal's own word on every run. */
async function askAll({ sites, parts }: Fleet): Promise<Waits> {
  const waits = { waiting: 0, repeated: 0, because: '' };
  await forEach(sites, DESCRIBING, async (site) => {
    const { raw } = await parts.client.workflow.getHandle(workflowIdOf(site)).describe();
    const [activity] = raw.pendingActivities ?? [];
    if (activity?.activityType?.name === 'waitStep') waits.waiting += 1;
    if (!activity || (activity.attempt ?? 1) <= 1) return;
    waits.repeated += 1;
    waits.because = ` (${activity.activityType?.name}: ${activity.lastFailure?.message})`;
  });
  return waits;
}

/** All per second. */
interface Quiet {
  reads: number;
  asked: number;
  beats: number;
}

interface Measured<Result> {
  result: Result;
  ms: number;
  /** Share of one processor by program. */
  cpu: [string, number][];
}

async function measured<Result>(worker: Worker, work: () => Promise<Result>): Promise<Measured<Result>> {
  const [began, before] = [performance.now(), processorTimes(worker)];
  const result = await work();
  const ms = performance.now() - began;
  return { result, ms, cpu: [...processorTimes(worker)].map(([program, time]) => [program, (1_000 * (time - (before.get(program) ?? 0))) / ms]) };
}

async function quietMinute(fleet: Fleet, worker: Worker): Promise<Quiet> {
  const take = async (): Promise<Quiet & { at: number }> => {
    await fleet.look();
    return { at: performance.now(), reads: fleet.readsInAll, asked: fleet.parts.databases.asked, beats: await beatsSent(worker) };
  };
  const before = await take();
  await delay(QUIET_MS);
  const after = await take();
  const seconds = (after.at - before.at) / 1_000;
  const rate = (what: keyof Quiet): number => (after[what] - before[what]) / seconds;
  return { reads: rate('reads'), asked: rate('asked'), beats: rate('beats') };
}

/** Heartbeats that went to Temporal, as the worker counts its requests. */
async function beatsSent({ metrics }: Worker): Promise<number> {
  const lines = (await (await fetch(metrics)).text()).split('\n');
  const counts = lines.filter((line) => /^temporal_request(_total)?\{/.test(line) && line.includes('operation="RecordActivityTaskHeartbeat"'));
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Seconds by program; this process plays the hands and the databases. */
function processorTimes({ child }: Worker): Map<string, number> {
  const names = new Map([[process.pid, 'this bench'], [child.pid, 'worker']]);
  const all = [{ pid: process.pid, program: '' }, ...children()];
  const times = new Map<string, number>();
  for (const { pid, program } of all) {
    const name = names.get(pid) ?? program;
    times.set(name, (times.get(name) ?? 0) + usageOf(pid).cpuSeconds);
  }
  return times;
}

/** Plays the event; resolves with the milliseconds from each site's last write to its run's next patch, in their order. */
async function event(fleet: Fleet): Promise<{ spreadMs: number; latencies: number[] }> {
  const doneAt = new Map<string, number>();
  const began = performance.now();
  const writing = fleet.hands.finish(fleet.sites, ({ name }) => void doneAt.set(name, Date.now()));
  let spreadMs = 0;
  const written = writing.then(() => (spreadMs = performance.now() - began));
  for (;;) {
    await fleet.look();
    const gone = fleet.patched(2);
    if (gone === fleet.sites.length || (spreadMs > 0 && performance.now() - began - spreadMs > MISSED_MS)) break;
    await delay(POLL_MS);
  }
  await written;
  const latencies = fleet.sites.flatMap(({ name }) => {
    const [, next] = fleet.patches.get(name) ?? [];
    return next === undefined ? [] : [next - (doneAt.get(name) ?? next)];
  });
  return { spreadMs, latencies: latencies.sort((one, other) => one - other) };
}

const sharesOf = ({ cpu }: Measured<unknown>): string => cpu.filter(([, share]) => share >= 0.005).map(([program, share]) => `${program} ${share.toFixed(2)}`).join(', ');

const ground = new FleetGround();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void ground.end().finally(() => process.exit(130)));
try {
  say(`starting Temporal, etcd and three kube-apiservers for ${runs} TiDB clusters`);
  const parts = await ground.start();
  const fleet = new Fleet(Array.from({ length: runs }, (_, index) => siteOf(index)), parts);
  await fleet.hands.populate(fleet.sites);
  say('all objects are written; starting the worker');
  const worker = await ground.worker(fleet.sites);
  const pid = worker.child.pid ?? 0;
  const starting = await measured(worker, () => startRuns(fleet));
  say('all runs wait; the operator begins to roll');
  await fleet.hands.roll(fleet.sites);
  say('a minute in which nothing happens');
  const waitingMinute = await measured(worker, () => quietMinute(fleet, worker));
  const quiet = waitingMinute.result;
  const waiting = usageOf(pid);
  const waits = await askAll(fleet);
  const { watches } = fleet;
  say('the event');
  const going = await measured(worker, () => event(fleet));
  const { spreadMs, latencies } = going.result;
  const after = usageOf(pid);
  const waitsAfter = await askAll(fleet);
  await fleet.close();
  const rows: Row[] = [
    ['runs that wait in one worker', `${waits.waiting} of ${runs}`, '3000'],
    ['from the first start until all wait', seconds(starting.ms), ''],
    ['processor meanwhile, share of one', sharesOf(starting), ''],
    ['activities that began again', `${waits.repeated}${waits.because}, after the event ${waitsAfter.repeated}${waitsAfter.because}`, '0'],
    ['worker memory (resident) while they wait; the most at any time', `${waiting.residentMiB} MiB; ${after.peakMiB} MiB`, '2048 MiB'],
    ['processor while they wait, share of one', sharesOf(waitingMinute), ''],
    ['heartbeats per second', quiet.beats.toFixed(0), ''],
    ['requests to PD per second, all databases', quiet.asked.toFixed(0), ''],
    ['reads of all API servers per second; per run', `${quiet.reads.toFixed(0)}; ${(quiet.reads / runs).toFixed(3)}`, '0.1 per run'],
    ['watches', String(watches), ''],
    ['the event was written within', seconds(spreadMs), ''],
    ['event → next patch, p50', seconds(rank(latencies, 50)), ''],
    ['event → next patch, p99', seconds(rank(latencies, 99)), ''],
    ['event → next patch, worst', seconds(latencies.at(-1)), ''],
    ['processor meanwhile, share of one', sharesOf(going), ''],
    [`runs that missed it (not within ${MISSED_MS / 60_000} min)`, String(runs - latencies.length), '0'],
  ];
  printTable(['figure', 'value', 'target'], rows);
} finally {
  await ground.end();
}
