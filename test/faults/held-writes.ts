/**
 * Holds the writes of a run to the outside one by one, so that its worker can be killed at each of them. A write is known by its kind: method and
 * resource for an API server; method, path and the member it concerns for PD. What differs from run to run (names of probe pods, ids of runs) is no
 * part of it, so each kind is held once before and once after it is carried out, however often runs repeat it.
 */
import { readFileSync } from 'node:fs';
import type { FaultInput } from '../../lab/client.ts';
import type { Scenario } from './scenario.ts';

/** What the lab's diary says of a call that it holds. */
export interface HeldCall {
  kind: 'call-held';
  moment: Moment;
  method: string;
  path: string;
  /** With what follows of calls to PD. */
  pod?: string;
  namespace?: string;
  body?: string;
}

/** All calls of the scenario's runs that were held until now. */
export function heldCalls({ name, lab }: Scenario): HeldCall[] {
  const lines = readFileSync(lab.lab.events, 'utf8').split('\n').filter((line) => line.includes('"call-held"'));
  return lines.map((line) => JSON.parse(line) as HeldCall).filter(({ namespace, path }) => namespace === name || path.includes(`/namespaces/${name}/`));
}

const moments = ['before', 'after'] as const;
type Moment = (typeof moments)[number];

export interface HeldWrite {
  moment: Moment;
  /** `PATCH leases` of an API server; of PD a regular expression for the call, in which `thisRun` or `endedRun` stand for ids. */
  kind: string;
  to: 'kubernetes' | 'pd';
}

const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
const thisRun = '<this run>';
const endedRun = '<an ended run>';
const runId = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
/** Asks by POST and changes nothing. */
const memberList = 'POST /v3/cluster/member/list';

/** The writes that were held until now, in the order in which they were. */
export class HeldWrites {
  readonly all: HeldWrite[] = [];
  readonly #scenario: Scenario;
  #callsSeen = 0;
  #run = '';

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  /** From now on the next write of the run that was not held yet is held. The result ends that. */
  async holdNext(run: string): Promise<() => Promise<void>> {
    this.#run = run;
    const offs: (() => Promise<void>)[] = [];
    for (const fault of [...methods.flatMap((method) => this.#ofKubernetes(method)), ...this.#ofPd()]) offs.push(await this.#scenario.fault(fault));
    return async () => {
      for (const off of offs) await off();
    };
  }

  /** The write that is held now, if one is; it counts as held from then on. */
  look(): HeldWrite | undefined {
    const call = heldCalls(this.#scenario)[this.#callsSeen];
    if (!call) return undefined;
    const held: HeldWrite = call.pod === undefined ? { moment: call.moment, kind: `${call.method} ${resourceOf(call)}`, to: 'kubernetes' } : { moment: call.moment, kind: this.#kindOfPd(call), to: 'pd' };
    this.all.push(held);
    return held;
  }

  /** What was held beside the first one, on its heels, is neither counted nor carried out. */
  forgetOthers(): void {
    this.#callsSeen = heldCalls(this.#scenario).length;
  }

  #kinds(to: HeldWrite['to'], moment: Moment): string[] {
    return this.all.filter((held) => held.to === to && held.moment === moment).map(({ kind }) => kind);
  }

  /** Before, except for what was held before; after, of that, except for what was held after as well. */
  #ofKubernetes(method: string): FaultInput[] {
    const known = (moment: Moment): string[] => this.#kinds('kubernetes', moment).filter((kind) => kind.startsWith(`${method} `)).map((kind) => kind.slice(method.length + 1));
    const [before, after] = [known('before'), known('after')];
    const next = before.filter((resource) => !after.includes(resource));
    const hold = (moment: Moment, resource: string): FaultInput => ({
      kind: 'api-proxy', effect: { kind: 'hold', moment }, methods: [method], path: `/namespaces/${this.#scenario.name}/${resource}`, scope: { kubernetesCluster: 'east' },
    });
    return [hold('before', before.length > 0 ? `(?!${anyOf(before)}\\b)` : ''), ...(next.length > 0 ? [hold('after', `${anyOf(next)}\\b`)] : [])];
  }

  #ofPd(): FaultInput[] {
    const [before, after] = [this.#kinds('pd', 'before'), this.#kinds('pd', 'after')];
    const next = before.filter((kind) => !after.includes(kind));
    const hold = (moment: Moment, call: string): FaultInput => ({ kind: 'pd-call-held', moment, call, scope: { database: this.#scenario.name } });
    const known = before.map((kind) => this.#inThisRun(kind));
    return [hold('before', `^(?!${['GET ', memberList, ...known].join('|')})`), ...(next.length > 0 ? [hold('after', `^${anyOf(next.map((kind) => this.#inThisRun(kind)))}`)] : [])];
  }

  #kindOfPd({ method, path, body = '' }: HeldCall): string {
    const member = /"ID":"(\d+)"/.exec(body)?.[1];
    const place = path.replace(runId, (id) => (id === this.#run ? thisRun : endedRun));
    return `${method} ${place} ${member ? `.*"${member}"` : ''}`;
  }

  #inThisRun(kind: string): string {
    return kind.replace(thisRun, this.#run).replace(endedRun, `(?!${this.#run})${runId.source}`);
  }
}

const anyOf = (patterns: string[]): string => `(?:${patterns.join('|')})`;

const resourceOf = ({ path }: HeldCall): string => /\/namespaces\/[^/]+\/([a-z]+)/.exec(path)?.[1] ?? path;

/** Both moments of each of the kinds, in words, sorted. */
export function bothMomentsOf(kinds: string[]): string[] {
  return kinds.flatMap((kind) => moments.map((moment) => `${moment} ${kind}`)).toSorted();
}
