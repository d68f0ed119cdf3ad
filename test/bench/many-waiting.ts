/**
 * Many runs that wait in one worker: each waits for a person at its first gate, then every one is answered. Shows what a waiting run costs
 * and that none misses its event.
 */
import { performance } from 'node:perf_hooks';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunStatus } from '../../src/protocol/run.ts';
import { Scenario } from '../faults/scenario.ts';

/** Runs that are started or answered at the same time. */
const AT_ONCE = 20;

export interface ManyWaiting {
  runs: number;
  /** Runs that ended after their answer; all others missed it. */
  ended: number;
  memoryMiB: number;
  /** Of one run more, from the first waiting run to the last. */
  perRunMiB: number;
  /** From the first answer until the last run has ended. */
  answeredInMs: number;
}

/** `residentMiB` of a process id. */
export async function manyWaiting(runs: number, residentMiB: (pid: number) => number): Promise<ManyWaiting> {
  const scenario = await Scenario.begin('many');
  try {
    const worker = await scenario.worker({ TIDB_RUNBOOKS_CACHED_RUNS: String(runs) });
    const pid = worker.child.pid ?? 0;
    const wait = async (): Promise<WorkflowHandle> => {
      const run = await scenario.upgrade({ gates: 'plan' });
      await scenario.until(run, (status) => status.phase === 'awaiting-approval');
      return run;
    };
    const first = await wait();
    const before = residentMiB(pid);
    const waiting = [first, ...(await inTurns(runs - 1, wait))];
    const memoryMiB = residentMiB(pid);
    const began = performance.now();
    const phases = await inTurns(runs, async (index) => phaseAfterAnswer(scenario, waiting[index] as WorkflowHandle));
    const ended = phases.filter((phase) => phase === 'aborted').length;
    return { runs, ended, memoryMiB, perRunMiB: (memoryMiB - before) / Math.max(1, runs - 1), answeredInMs: performance.now() - began };
  } finally {
    await scenario.end();
  }
}

async function phaseAfterAnswer(scenario: Scenario, run: WorkflowHandle): Promise<RunStatus['phase']> {
  await scenario.decide(run, { decision: 'reject', by: 'bench', gate: 'plan', reason: 'enough waited' });
  return (await scenario.report(run)).phase;
}

/** `count` pieces of work, some at once; in their order. */
async function inTurns<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
  return results;
}
