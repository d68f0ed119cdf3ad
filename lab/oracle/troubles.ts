/** When a PD member did not serve, when PD had no leader, and when a store did not serve or was not Up in PD's view. */
import { faultOn } from './fault-spans.ts';
import type { FaultSpan } from './fault-spans.ts';
import type { Fact } from './facts.ts';

export interface Trouble {
  /** The member's pod, since a member is renamed when its TidbCluster gets a domain, or the store's number. */
  name: string;
  /** For a person, such as `store 4 (shop-east-tikv-1)`. */
  title: string;
  /** What it was, such as `Disconnected`. */
  state: string;
  /** `member`: a PD member is down. `leader`: PD has none. `away`: a store's process does not serve. `not-up`: PD's name for its state. */
  kind: 'member' | 'leader' | 'away' | 'not-up';
  component: string;
  /** Kubernetes cluster, namespace and TidbCluster as the facts name them. */
  origin: Fact;
  from: number;
  /** Infinity while it lasts. */
  until: number;
  /** The fault that met it while it lasted. */
  fault: FaultSpan | undefined;
  /** A new PD leader calls every store Disconnected until its next heartbeat: nothing is wrong with the store (observed row 6). */
  isEcho: boolean;
}

/** The twins write a leader change and the states that follow from it in one turn. Milliseconds; more than two turns (`tick`). */
const echoWindow = 200;

/** `facts` are in the order of time. */
export function troublesOf(facts: readonly Fact[], faults: readonly FaultSpan[]): Trouble[] {
  const open = new Map<string, Trouble>();
  const all: Trouble[] = [];
  const buried = new Set<number | undefined>();
  let leaderChange = -Infinity;
  for (const fact of facts) {
    if (fact.kind === 'pd-leader') leaderChange = fact.time;
    if (fact.kind === 'store-state' && fact.to === 'Tombstone') buried.add(fact.store);
    // The process of a Tombstone ends after it: nobody misses it.
    if (fact.kind === 'store-away' && buried.has(fact.store)) continue;
    for (const turn of turnsOf(fact)) {
      const key = `${turn.kind} ${turn.name}`;
      const old = open.get(key);
      if (old?.state === turn.state) continue;
      if (old) old.until = fact.time;
      open.delete(key);
      if (turn.state === undefined) continue;
      const isEcho = turn.state === 'Disconnected' && fact.time - leaderChange <= echoWindow;
      const trouble: Trouble = { ...turn, state: turn.state, origin: fact, from: fact.time, until: Infinity, fault: undefined, isEcho };
      open.set(key, trouble);
      all.push(trouble);
    }
  }
  return all.map((trouble) => ({ ...trouble, fault: faultOn(faults, { ...trouble.origin, component: trouble.component }, trouble.from, trouble.until) }));
}

interface Turn {
  kind: Trouble['kind'];
  name: string;
  title: string;
  component: string;
  /** Undefined: all is well. */
  state: string | undefined;
}

/** What a fact about a PD member is about: its pod, as in `Trouble.name`. */
export const seatOf = ({ kubernetesCluster, namespace, pod, member = '' }: Fact): string => (pod ? `${kubernetesCluster}/${namespace}/${pod}` : member);

function turnsOf(fact: Fact): Turn[] {
  const { kind, member = '', leader, store, engine = 'tikv', pod = '', to } = fact;
  const ofMember = { kind: 'member', name: seatOf(fact), title: `PD member ${pod || member}`, component: 'pd' } as const;
  const ofStore = { name: String(store), title: `store ${store} (${pod})`, component: engine } as const;
  switch (kind) {
    case 'member-joined':
      return [{ ...ofMember, state: 'joined but not yet up' }];
    case 'member-down':
      return [{ ...ofMember, state: 'down' }];
    case 'member-up':
    case 'member-left':
      return [{ ...ofMember, state: undefined }];
    case 'pd-leader':
      return [{ kind: 'leader', name: 'PD', title: 'PD', component: 'pd', state: leader === null ? 'without a leader' : undefined }];
    case 'store-away':
      return [{ ...ofStore, kind: 'away', state: 'away' }];
    case 'store-back':
      return [{ ...ofStore, kind: 'away', state: undefined }];
    case 'store-state':
      // A Tombstone has left for good: it is missed by nobody.
      if (to === 'Tombstone') return [{ ...ofStore, kind: 'away', state: undefined }, { ...ofStore, kind: 'not-up', state: undefined }];
      return [{ ...ofStore, kind: 'not-up', state: to === 'Up' ? undefined : to }];
    default:
      return [];
  }
}

export const isDuring = ({ from, until }: { from: number; until: number }, time: number): boolean => from <= time && time < until;
