/**
 * The eyes of a waiting activity: a view that is kept fresh at the least cost. Polls decide, watches only wake: what moved is read
 * again when a shared watch says so, PD is asked often over its open connection, everything is read again after a while anyway. How often, all
 * waits of the worker share: few look as often as they wish, thousands more slowly.
 */
import type { Reason } from '../../protocol/outcome.ts';
import { resources } from '../../kubernetes/resources.ts';
import type { Place } from '../../protocol/place.ts';
import type { ClusterView } from '../../tidb/view.ts';
import { hasKey, placeOf } from '../../tidb/view.ts';
import { observe, refreshDatabase, refreshMember, refreshRoll, refreshWarnings } from '../observing/observe.ts';
import { isSilence, silence } from '../patience.ts';
import { rest } from '../pulse.ts';
import type { Target } from '../observing/target.ts';
import type { Surroundings } from '../surroundings.ts';

/** While nothing wakes us: a whole look is six reads of each API server, so this is below the target of 0.1 per second. */
const REREAD_MS = 75_000;
/** What no watch shows (a Lease that is not renewed any more) is read this often while it is a reason to hold. */
const REREAD_UNWATCHED_MS = 10_000;
/** Reasons on Leases, events, Secrets and on TidbClusters that were not listed yet; all else wakes us, or is PD's word. */
const unwatchedReasons = ['operator/', 'validation/', 'certificate/', 'unknown-part/', 'event/', 'unreachable'];
/** Gathers the events of one moment: a pod that turns Ready changes pod, StatefulSet and TidbCluster within milliseconds. */
const GATHER_MS = 20;
/**
 * After a look the servers are left alone for so many times as long as it took: an operator amid a roll writes many times a second, and little of that
 * ends the wait.
 */
const breathPerLook = { patientLooks: 5, eagerLooks: 2 };
const LONGEST_BREATH_MS = 250;

export interface EyesCall {
  target: Target;
  /** The member whose objects wake us; undefined: every member. */
  key: string | undefined;
  signal: AbortSignal;
}

export class Eyes {
  readonly #at: Surroundings;
  readonly #call: EyesCall;
  readonly #leaveRereads: () => void;
  #view: ClusterView | undefined;
  #readAt = 0;
  #warningsAt = 0;
  #lookEndedAt = 0;
  #lookMs = 0;
  #woken = new Set<string>();
  #wake: (() => void) | undefined;
  #unsubscribe: (() => void)[] = [];
  #pace: keyof typeof breathPerLook = 'patientLooks';
  #leavePace: (() => void) | undefined;
  /** Since something woke us and until the next look begins: the pause that lets those look first who were woken before. */
  #turn: { afterMs: number; leave: () => void } | undefined;

  constructor(at: Surroundings, call: EyesCall) {
    this.#at = at;
    this.#call = call;
    this.#leaveRereads = at.paces.rereads.join();
  }

  /** Looks; when a server is silent, returns the last view (if there is one) and the silence as a reason. */
  async look(): Promise<{ view: ClusterView | undefined; silent: Reason[] }> {
    const began = performance.now();
    try {
      this.#view = await this.#fresh();
      if (this.#unsubscribe.length === 0) this.#subscribe(this.#view);
      return { view: this.#view, silent: [] };
    } catch (error) {
      this.#call.signal.throwIfAborted();
      if (!isSilence(error)) throw error;
      return { view: this.#view, silent: [silence(error)] };
    } finally {
      this.#lookEndedAt = performance.now();
      this.#lookMs = this.#lookEndedAt - began;
    }
  }

  /** The next look reads everything of the watched members again. */
  distrust(): void {
    this.#readAt = 0;
  }

  /** As `distrust`, when one of these reasons stands on something that no watch shows, and that was read a while ago. */
  distrustUnwatched(keys: readonly string[]): void {
    const unwatched = keys.some((key) => unwatchedReasons.some((prefix) => key.startsWith(prefix)));
    if (unwatched && performance.now() - this.#readAt >= REREAD_UNWATCHED_MS) this.distrust();
  }

  /** The pause until the next look, as this wait wishes it and as all waits at the same pace share it. Milliseconds. */
  pauseMs(wishedMs: number, at: keyof typeof breathPerLook): number {
    const pace = this.#at.paces[at];
    if (!this.#leavePace || at !== this.#pace) {
      this.#leavePace?.();
      this.#leavePace = pace.join();
      this.#pace = at;
    }
    return Math.max(pace.pauseMs(wishedMs), this.#breathMs);
  }

  /** For how long the servers are left alone after the last look. */
  get #breathMs(): number {
    return Math.min(LONGEST_BREATH_MS, breathPerLook[this.#pace] * this.#lookMs);
  }

  /** Until `ms` have gone, or shortly after something woke us. */
  async rest(ms: number): Promise<void> {
    const until = performance.now() + ms;
    if (this.#woken.size === 0) {
      const sleep = new AbortController();
      this.#wake = () => sleep.abort();
      await rest(ms, AbortSignal.any([sleep.signal, this.#call.signal])).catch(() => this.#call.signal.throwIfAborted());
      this.#wake = undefined;
    }
    if (this.#woken.size === 0) return;
    const breath = Math.max(performance.now() + GATHER_MS, this.#lookEndedAt + this.#breathMs);
    await rest(Math.max(Math.min(breath, until) - performance.now(), this.#turn?.afterMs ?? 0), this.#call.signal);
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    this.#leavePace?.();
    this.#leaveRereads();
    this.#endTurn();
  }

  #isWokenBy(key: string): void {
    this.#woken.add(key);
    const { wokenLooks } = this.#at.paces;
    // Those who were woken before go first.
    this.#turn ??= { afterMs: wokenLooks.pauseMs(0), leave: wokenLooks.join() };
    this.#wake?.();
  }

  #endTurn(): void {
    this.#turn?.leave();
    this.#turn = undefined;
  }

  async #fresh(): Promise<ClusterView> {
    const { signal, target } = this.#call;
    const woken = [...this.#woken];
    this.#woken.clear();
    this.#endTurn();
    try {
      if (!this.#view || this.#mustSeeAll(woken)) return await this.#noted(observe(this.#at, target, signal));
      return await refreshDatabase(this.#at, target.cluster, this.#moved(this.#view, woken), { more: target.more, signal });
    } catch (error) {
      // What was not read must be read the next time.
      for (const each of woken) this.#woken.add(each);
      throw error;
    }
  }

  /** The view with what moved in Kubernetes read again. */
  async #moved(known: ClusterView, woken: string[]): Promise<ClusterView> {
    const { signal, key } = this.#call;
    let view = known;
    if (key && this.#isOld()) view = await this.#noted(refreshMember(this.#at, view, key, signal));
    else for (const each of woken) view = await refreshRoll(this.#at, view, each, signal);
    return key && this.#areWarningsOld() ? this.#warned(refreshWarnings(this.#at, view, key, signal)) : view;
  }

  /** A TidbCluster that may be gone at the next look cannot be read for itself. */
  #mustSeeAll(woken: string[]): boolean {
    if (this.#call.target.more?.remainsOf) return woken.length > 0 || performance.now() - this.#readAt >= REREAD_UNWATCHED_MS || this.#readAt === 0;
    return !this.#call.key && this.#isOld();
  }

  #isOld(): boolean {
    return performance.now() - this.#readAt >= this.#at.paces.rereads.pauseMs(REREAD_MS) || this.#readAt === 0;
  }

  #areWarningsOld(): boolean {
    return this.#call.target.more?.warnings === true && performance.now() - this.#warningsAt >= REREAD_UNWATCHED_MS;
  }

  async #noted(reading: Promise<ClusterView>): Promise<ClusterView> {
    const began = performance.now();
    const view = await reading;
    this.#readAt = began;
    this.#warningsAt = began;
    return view;
  }

  async #warned(reading: Promise<ClusterView>): Promise<ClusterView> {
    const began = performance.now();
    const view = await reading;
    this.#warningsAt = began;
    return view;
  }

  /** A TidbCluster that is gone is watched by its place: its pods may be there still. */
  #watched(view: ClusterView): (Place & { key: string })[] {
    const { key, target } = this.#call;
    const watched = view.tidbClusters.filter((each) => key === undefined || hasKey(each, key)).map((each) => ({ key: each.key, ...placeOf(each) }));
    const gone = target.more?.remainsOf;
    return watched.length === 0 && key !== undefined && typeof gone === 'object' ? [{ key, ...gone }] : watched;
  }

  #subscribe(view: ClusterView): void {
    for (const { key, kubernetesCluster, namespace, name } of this.#watched(view)) {
      const wake = (changed: string | undefined): void => {
        if (changed !== undefined && !changed.startsWith(name)) return;
        this.#isWokenBy(key);
      };
      for (const resource of [resources.tidbCluster, resources.statefulSet, resources.pod]) {
        this.#unsubscribe.push(this.#at.hub.subscribe(this.#at.kubernetes(kubernetesCluster), { ...resource, namespace }, wake));
      }
      // Whatever happened between the first look and now.
      this.#isWokenBy(key);
    }
  }
}
