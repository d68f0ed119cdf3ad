/**
 * The patience of a waiting step, as a state machine without I/O or clock: looks go in, verdicts come out.
 *
 * Done: the proof holds and the database is whole, from one look on until another at least `settle + soak` later, with no look in
 * between that says otherwise. Held: a guard spoke, or a trouble stood, for longer than a passing flicker; or nothing moved for
 * longer than the stall limit. While the run is held already (`known`), the first looks must not "forget" the reasons.
 */
import type { Patience, Reason } from '../../protocol/outcome.ts';

export interface Look {
  /** Milliseconds of a monotonic clock. */
  atMs: number;
  /** What the proof still misses, in words. */
  missing: string[];
  /** Guards that say that the database is not whole: they delay the end. */
  unwhole: Reason[];
  /** Guards during a roll: they hold the run, and the brake freezes the roll. */
  alarms: Reason[];
  /** Troubles that no patience mends: they hold the run. */
  troubles: Reason[];
  /** Changes when something moves. */
  signature: string;
  /** A brake of ours stands on the TidbCluster. */
  braked: boolean;
}

export type Verdict =
  | { say: 'wait'; message: string }
  | { say: 'done' }
  /** Reasons in `alarms` call for the brake. */
  | { say: 'held'; reasons: Reason[]; alarms: Reason[] }
  /** No progress for so long: the caller finds the words. */
  | { say: 'stalled'; forMs: number }
  /** The alarms are silent: the brake goes, whatever else is wrong, since a repair needs an operator that may act. */
  | { say: 'release' }
  | { say: 'cleared' };

/** How long a reason must stand before it counts: longer than what flickers in a healthy cluster. */
const confirmations: { prefix: string; ms: number; because: string }[] = [
  { prefix: 'pd-unknown', ms: 15_000, because: 'a port-forward may break and PD may elect a leader' },
  { prefix: 'pd-no-leader', ms: 10_000, because: 'an election takes a few seconds' },
  { prefix: 'pd-member/', ms: 3_000, because: 'health is asked of each member by the one that answers' },
  { prefix: 'exit/tikv-up', ms: 15_000, because: 'after a change of PD leader every store looks Disconnected for a while' },
  { prefix: 'exit/pd-majority', ms: 3_000, because: 'as for a member' },
  { prefix: 'regions/', ms: 10_000, because: 'region heartbeats bring the counts down one by one' },
  { prefix: 'image/', ms: 3_000, because: 'a registry may refuse once' },
  { prefix: 'unschedulable/', ms: 10_000, because: 'the scheduler tries again' },
  { prefix: 'operator/', ms: 10_000, because: 'a Lease may change hands' },
];
/** Stores look Disconnected after a change of PD's leader until their next heartbeat, at most 10 s later (Ⓞ6). */
const disconnected = { suffix: '/Disconnected', ms: 15_000 };
const otherwiseMs = 1_000;

export function confirmationMs(key: string): number {
  if (key.endsWith(disconnected.suffix)) return disconnected.ms;
  return confirmations.find((each) => key.startsWith(each.prefix))?.ms ?? otherwiseMs;
}

/** Silence must be heard twice before a hold ends, the brake is released or one of several reasons is dropped. */
const QUIET_LOOKS = 2;

export class WaitJudge {
  readonly #patience: Patience;
  readonly #stallMs: number;
  readonly #known: readonly string[];
  #holdsSince: number | undefined;
  #signature: string | undefined;
  #movedAt = 0;
  #standsSince = new Map<string, number>();
  #quietLooks = 0;
  #looksWithoutAlarm = 0;
  /** For how many looks in a row a known reason has not been seen. */
  #missedLooks = new Map<string, number>();

  constructor(patience: Patience, stallMs: number, known: readonly string[] = []) {
    this.#patience = patience;
    this.#stallMs = patience.stallMs ?? stallMs;
    this.#known = known;
  }

  judge(look: Look): Verdict {
    this.#notice(look);
    if (this.#isDone(look)) return { say: 'done' };
    if (look.braked && this.#looksWithoutAlarm >= QUIET_LOOKS) return { say: 'release' };
    const confirmed = [...look.alarms, ...look.troubles].filter((reason) => this.#isConfirmed(reason, look.atMs));
    if (confirmed.length > 0) return this.#held(confirmed, look);
    if (this.#isStalled(look)) return this.#known.some(isStallKey) ? this.#waiting(look) : { say: 'stalled', forMs: look.atMs - this.#movedAt };
    if (this.#known.length > 0 && !look.braked && this.#quietLooks >= QUIET_LOOKS) return { say: 'cleared' };
    return this.#waiting(look);
  }

  /** Milliseconds until the wait may end; undefined while something is missing. */
  msUntilEnd(atMs: number): number | undefined {
    return this.#holdsSince === undefined ? undefined : Math.max(1, this.#holdsSince + this.#patience.settleMs + this.#patience.soakMs - atMs);
  }

  /** Something was seen that the run does not hold for, and that may pass. */
  get doubts(): boolean {
    return [...this.#standsSince.keys()].some((key) => !this.#known.includes(key));
  }

  #notice(look: Look): void {
    // A roll that the brake has frozen cannot move, so that is no stall: it is to be released first.
    if (look.braked) this.#movedAt = look.atMs;
    // A run that is held for a stall begins as stalled: only a change of the signature is progress.
    else if (this.#signature === undefined) this.#movedAt = this.#known.some(isStallKey) ? look.atMs - this.#stallMs : look.atMs;
    else if (this.#signature !== look.signature) this.#movedAt = look.atMs;
    this.#signature = look.signature;
    const now = [...look.alarms, ...look.troubles].map((reason) => reason.key);
    this.#standsSince = new Map(now.map((key) => [key, this.#standsSince.get(key) ?? look.atMs]));
    this.#quietLooks = now.length === 0 ? this.#quietLooks + 1 : 0;
    this.#looksWithoutAlarm = look.alarms.length === 0 ? this.#looksWithoutAlarm + 1 : 0;
    this.#missedLooks = new Map(this.#known.map((key) => [key, now.includes(key) ? 0 : (this.#missedLooks.get(key) ?? 0) + 1]));
    const fine = look.missing.length === 0 && look.unwhole.length === 0;
    this.#holdsSince = fine ? (this.#holdsSince ?? look.atMs) : undefined;
  }

  /** Twice in a row: the look that made it fine is never the one that ends the wait. */
  #isDone({ atMs }: Look): boolean {
    return this.#holdsSince !== undefined && atMs > this.#holdsSince && atMs - this.#holdsSince >= this.#patience.settleMs + this.#patience.soakMs;
  }

  #isConfirmed({ key }: Reason, atMs: number): boolean {
    return this.#known.includes(key) || atMs - (this.#standsSince.get(key) ?? atMs) >= confirmationMs(key);
  }

  #isStalled({ atMs, missing, unwhole }: Look): boolean {
    return missing.length + unwhole.length > 0 && atMs - this.#movedAt >= this.#stallMs;
  }

  /** Said again only when a reason is new, or a known one was not seen for two looks. What a stall is known for is never seen in a look. */
  #held(confirmed: Reason[], look: Look): Verdict {
    const keys = new Set(confirmed.map((reason) => reason.key));
    const isNew = [...keys].some((key) => !this.#known.includes(key));
    const isGone = this.#known.some((key) => !isStallKey(key) && !keys.has(key) && (this.#missedLooks.get(key) ?? 0) >= QUIET_LOOKS);
    if (!isNew && !isGone) return this.#waiting(look);
    return { say: 'held', reasons: confirmed, alarms: confirmed.filter((reason) => look.alarms.includes(reason)) };
  }

  #waiting({ atMs, missing, unwhole }: Look): Verdict {
    const open = [...missing, ...unwhole.map((reason) => reason.message)];
    if (open.length > 0) return { say: 'wait', message: open.slice(0, 3).join('; ') + (open.length > 3 ? `; and ${open.length - 3} more` : '') };
    return { say: 'wait', message: `the proof holds; watching for another ${Math.ceil((this.msUntilEnd(atMs) ?? 0) / 1_000)} s` };
  }
}

/** Keys of the reasons that only progress can clear (src/tidb/stall.ts). */
function isStallKey(key: string): boolean {
  return ['no-progress/', 'leaders/', 'gated/', 'event/', 'discovery/', 'draining/'].some((prefix) => key.startsWith(prefix));
}
