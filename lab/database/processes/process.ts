/** What a node starts in a pod: one process of the database, on the pod's own address. */
import type { Component, Speeds } from '../../settings.ts';
import type { Database } from '../database.ts';
import type { Databases, TidbClusterKey } from '../databases.ts';
import { listen } from '../http-routes.ts';
import type { Answer, Call, Listener, OpenSocket, ServerTls } from '../http-routes.ts';
import type { Origin } from '../model.ts';
import { tagOf } from '../versions.ts';

export interface Container {
  origin: Origin;
  component: Component;
  image: string;
  /** The pod's address. */
  address: string;
  /** Identity of the data volume; what the process wrote there is found again by the next process on it. */
  volume: string | undefined;
  /** The start script with the pod's name filled in. */
  script: string;
  tls: ServerTls | undefined;
}

export interface Surroundings {
  databases: Databases;
  speeds: Speeds;
  /** A fault: discovery of the container's TidbCluster does not answer. */
  isDiscoveryGone?: () => boolean;
  /** One line of the container's log. */
  log: (line: string) => void;
  /** How sockets are opened on the pod's address, where that is not of this computer's usual network. */
  open?: OpenSocket;
  /** Resolves when the start script has learnt where PD is, where it has to ask for that. */
  findPd?: (process: StagedProcess, container: Container) => Promise<void>;
}

export interface Process {
  /** Whether a readiness probe would succeed. */
  isReady(): boolean;
  /** The last words of a process that ended by itself after its start. */
  failure?(): string | undefined;
  /** From now on the process serves nobody. Idempotent. */
  stop(): void;
}

/** The process ended by itself: the pod goes into CrashLoopBackOff. The message is its last log line. */
export class StartFailure extends Error {}

export const keyOf = ({ kubernetesCluster, namespace, tidbCluster }: Origin): TidbClusterKey => ({ kubernetesCluster, namespace, name: tidbCluster });

/** The host by which others are to call this process: tidb-operator's scripts have one flag or another for it. */
export const advertisedHost = ({ script, origin }: Container): string => /--?advertise-(?:host|addr|address)=([^\s:]+)/.exec(script)?.[1] ?? origin.pod;

/** The value of `--<flag>=…` in a start script. */
export const flagOf = (script: string, flag: string): string | undefined => new RegExp(`--${flag}=(\\S+)`).exec(script)?.[1];

export const versionOf = (container: Container): string => tagOf(container.image);

/** Interval in ms at which a starting process looks whether it can go on. */
const lookAgain = 50;

/**
 * A process that starts in stages: each stage may have to wait, and a stop ends it at whatever stage it is.
 */
export class StagedProcess implements Process {
  #stopped = false;
  #ready = false;
  #failure: string | undefined;
  readonly #listeners: Listener[] = [];
  readonly #endings: (() => void)[] = [];

  isReady(): boolean {
    return this.#ready && !this.#stopped;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const listener of this.#listeners) listener.close();
    for (const ending of this.#endings) ending();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  failure(): string | undefined {
    return this.#failure;
  }

  /** Ends by itself: its pod starts another one. */
  die(words: string): void {
    if (!this.#stopped) this.#failure ??= words;
  }

  /** Takes care of the process's own work: a failure is its end. */
  attend(work: Promise<void>): void {
    work.catch((error: unknown) => this.die(error instanceof StartFailure ? error.message : `fatal: ${String(error)}`));
  }

  serving(): void {
    this.#ready = true;
  }

  /** `ending` runs when the process stops. */
  atStop(ending: () => void): void {
    this.#endings.push(ending);
  }

  async serve({ address, tls }: Container, { port, open }: { port: number; open: OpenSocket | undefined }, answer: (call: Omit<Call, 'parts'>) => Promise<Answer>): Promise<void> {
    if (this.#stopped) return;
    const listener = await listen({ address, port, tls, open }, answer);
    if (this.#stopped) listener.close();
    else this.#listeners.push(listener);
  }

  /** Resolves with what `look` finds, or with undefined when the process was stopped before. */
  async until<Found>(look: () => Found | undefined): Promise<Found | undefined> {
    while (!this.#stopped) {
      const found = look();
      if (found !== undefined) return found;
      await pause(lookAgain);
    }
    return undefined;
  }
}

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds).unref());

/** Whether the start script asks discovery for PD's addresses, as it does with acrossK8s (`M/startscript/v1/template.go:release-1.6`). */
const asksDiscovery = ({ script }: Container): boolean => script.includes('/verify/');

/** The database of the container's TidbCluster as soon as its PD has a leader: every process but PD waits for that. */
export async function awaitDatabase(process: StagedProcess, container: Container, { databases, log, isDiscoveryGone, findPd }: Surroundings): Promise<Database | undefined> {
  let told = false;
  await findPd?.(process, container);
  return process.until(() => {
    const database = databases.of(keyOf(container.origin));
    if (database?.members.leader && !(asksDiscovery(container) && isDiscoveryGone?.())) return database;
    if (!told) log('waiting for the verification of PD endpoints ...');
    told = true;
    return undefined;
  });
}
