/** What an invariant's examination comes to. */

export interface Finding {
  name: string;
  held: boolean;
  /** Sentences with times: first what broke it, then what was seen. */
  evidence: string[];
}

interface Seen {
  /** Sentences; one is enough to break the invariant. */
  broken: string[];
  /** Sentences about what was looked at or excused. */
  seen: string[];
  /** What to say when there was nothing to look at. */
  nothing: string;
  /** "Nothing seen" is a failure. */
  mustSee?: boolean;
}

export function finding(name: string, { broken, seen, nothing, mustSee = false }: Seen): Finding {
  const isEmpty = broken.length === 0 && seen.length === 0;
  return { name, held: broken.length === 0 && !(isEmpty && mustSee), evidence: isEmpty ? [nothing] : [...broken, ...seen] };
}

/** The time of day in UTC with milliseconds, as the logs have it. */
export const clock = (time: number): string => (Number.isFinite(time) ? new Date(time).toISOString().slice(11) : time > 0 ? 'the end of the log' : 'the beginning of the log');

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
