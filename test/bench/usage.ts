/** What a process takes, from /proc (proc(5)). */
import { readFileSync, readdirSync } from 'node:fs';

/** Of Linux on all common machines (USER_HZ). */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1_024;

export interface Usage {
  residentMiB: number;
  /** The most since its start. */
  peakMiB: number;
  /** Processor time since its start. */
  cpuSeconds: number;
}

export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (field: string): number => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / KIB_PER_MIB);
  const [user, system] = statOf(pid).slice(11, 13).map(Number);
  return { residentMiB: mib('VmRSS'), peakMiB: mib('VmHWM'), cpuSeconds: ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND };
}

/** The processes that this one has started and that still run. */
export function children(): { pid: number; program: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.flatMap((pid) => {
    try {
      return statOf(pid)[1] === String(process.pid) ? [{ pid, program: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }] : [];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

/** The fields behind the name, which may hold blanks: state, parent, … */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
