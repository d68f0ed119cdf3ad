/** Gathers what all judging rests on from the event log and the audit logs: facts, writes, changes, troubles, disturbances. */
import { isAcceptedWrite, readAuditLog } from './audit-log.ts';
import type { AuditedRequest } from './audit-log.ts';
import { isBy, product } from './author.ts';
import type { Author } from './author.ts';
import { readFacts } from './facts.ts';
import type { Fact } from './facts.ts';
import { faultSpans } from './fault-spans.ts';
import type { FaultSpan } from './fault-spans.ts';
import { OperatorPhases } from './operator-phases.ts';
import type { PhaseChange } from './operator-phases.ts';
import { placeOf, placesOf } from './places.ts';
import type { Place, TidbClusterName } from './places.ts';
import { TidbClusterHistory, touchedBy } from './tidb-cluster-history.ts';
import type { Change } from './tidb-cluster-history.ts';
import { troublesOf } from './troubles.ts';
import type { Trouble } from './troubles.ts';

export interface Sources {
  /** Path of `events.jsonl`. */
  events: string;
  /** Path of the audit log by the name of the Kubernetes cluster. */
  auditLogs: Record<string, string>;
  /** All TidbClusters of one TiDB cluster, in the order in which their components are to be changed. */
  tidbClusters: readonly TidbClusterName[];
  /** Judge from here; ISO. Default: the first write of the author. */
  since?: string;
  /** Judge until here; ISO. Default: the end of the logs. */
  until?: string;
  /** Namespaces of other TiDB clusters on which the author works at the same time, each judged by itself: requests there are left out. */
  beside?: readonly string[];
  /** Whose deeds; default: the product's service account. */
  author?: Author;
}

/** Milliseconds since 1970; infinite where the logs begin and end. */
interface Span {
  from: number;
  until: number;
}

export interface Evidence {
  /** The initial TidbCluster first, the others as they were given. */
  places: Place[];
  /** What is judged. Where the author wrote nothing and nothing else is asked for, it begins with the end of the logs. */
  span: Span;
  /** Of this TiDB cluster, since it was bootstrapped. */
  facts: Fact[];
  faults: FaultSpan[];
  troubles: Trouble[];
  /** Of these TidbClusters, by everybody, over the whole log. */
  changes: Change[];
  /** The author's changes of versions since the TiDB cluster was bootstrapped. */
  steps: Change[];
  /** The author's accepted writes of anything, in the span. */
  writes: AuditedRequest[];
  /** All that the author asked for, refused or not, between `since` and `until` where they are given. */
  requests: AuditedRequest[];
  phases: PhaseChange[];
  isAuthors(request: AuditedRequest): boolean;
  /** What is lost of the logs, in sentences. */
  gaps: string[];
}

/** Throws a sentence when a log is missing, cannot be read, or knows nothing of a TidbCluster. */
export async function gatherEvidence(sources: Sources): Promise<Evidence> {
  const { author = product } = sources;
  const gaps: string[] = [];
  const given = placesOf(sources.tidbClusters);
  const isAuthors = (request: AuditedRequest): boolean => isBy(author, request);
  const requests = await readRequests(sources, isAuthors, (gap) => gaps.push(gap));
  const { changes, phases, specs } = follow(given, requests);
  const own = requests.filter((request) => isAuthors(request) && isAcceptedWrite(request));
  const asked = askedSpan(sources);
  const span = { ...asked, from: sources.since === undefined ? (own.find((request) => isWithin(asked, request.asked))?.asked ?? Infinity) : asked.from };
  const known = ofDatabase(given, await readFacts(sources.events, (gap) => gaps.push(gap)), sources.events);
  const lifetime = lifetimeOf(known, span);
  const facts = known.filter(({ kind, time }) => kind.startsWith('fault-') || isWithin(lifetime, time));
  const faults = faultSpans(facts);
  return {
    places: initialFirst(given, specs), span, facts, faults, troubles: troublesOf(facts, faults), changes,
    steps: changes.filter((change) => isAuthors(change.request) && isWithin(lifetime, change.asked) && (touchedBy(change).length > 0 || change.settles)),
    writes: own.filter(({ asked }) => isWithin(span, asked)), requests: requests.filter((request) => isAuthors(request) && isWithin(asked, request.asked)), phases, isAuthors, gaps,
  };
}

export const isWithin = ({ from, until }: Span, time: number): boolean => time >= from && time <= until;

/** The author's changes of versions that are judged. */
export const stepsInSpan = ({ steps, span }: Evidence): Change[] => steps.filter(({ asked }) => isWithin(span, asked));

function askedSpan({ since, until }: Sources): Span {
  return { from: since === undefined ? -Infinity : timeOf(since), until: until === undefined ? Infinity : timeOf(until) };
}

/** A TiDB cluster may have been deployed, removed and deployed again in one lab: members and stores of another life are no evidence. */
function lifetimeOf(facts: readonly Fact[], { from }: Span): Span {
  const births = facts.filter(({ kind }) => kind === 'database-bootstrapped').map(({ time }) => time);
  const birth = births.findLast((time) => time <= from);
  return { from: birth ?? -Infinity, until: birth === undefined ? Infinity : (births.find((time) => time > birth) ?? Infinity) };
}

/** Throws a sentence when the text is no time. */
export function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Error(`"${text}" is no time. Write it like 2026-01-31T12:00:00Z.`);
  return time;
}

/** What is used of the audit logs: all that the author did, and every accepted write to a TidbCluster. */
async function readRequests({ auditLogs, tidbClusters, beside = [] }: Sources, isAuthors: Evidence['isAuthors'], onGap: (gap: string) => void): Promise<AuditedRequest[]> {
  const missing = tidbClusters.find(({ kubernetesCluster }) => !(kubernetesCluster in auditLogs));
  if (missing) throw new Error(`There is no audit log of Kubernetes cluster ${missing.kubernetesCluster}, where TidbCluster ${missing.name} lives. Give its path.`);
  const kept: AuditedRequest[] = [];
  for (const [kubernetesCluster, file] of Object.entries(auditLogs)) {
    for await (const request of readAuditLog(kubernetesCluster, file, onGap)) {
      if (!beside.includes(request.namespace) && (isAuthors(request) || isWriteToTidbCluster(request))) kept.push(request);
    }
  }
  return kept.sort((a, b) => a.at - b.at);
}

const isWriteToTidbCluster = (request: AuditedRequest): boolean => request.resource === 'tidbclusters' && isAcceptedWrite(request);

interface Followed {
  changes: Change[];
  phases: PhaseChange[];
  /** Of every TidbCluster at the end, by its id. */
  specs: Map<string, TidbClusterHistory['spec']>;
}

function follow(places: readonly Place[], requests: readonly AuditedRequest[]): Followed {
  const histories = new Map(places.map((place) => [place, new TidbClusterHistory(place)]));
  const phases = new OperatorPhases();
  const changes = requests.filter(isWriteToTidbCluster).flatMap((request) => {
    const place = placeOf(places, { ...request, tidbCluster: request.name });
    if (!place) return [];
    phases.see(place, request);
    return histories.get(place)?.see(request) ?? [];
  });
  return { changes, phases: phases.changes, specs: new Map([...histories].map(([{ id }, { spec }]) => [id, spec])) };
}

/** The initial TidbCluster is the one that joined no other: it has no `spec.cluster`. */
function initialFirst(places: readonly Place[], specs: Followed['specs']): Place[] {
  const initial = places.find(({ id }) => Object.keys(specs.get(id) ?? {}).length > 0 && !specs.get(id)?.['cluster']);
  return initial ? [initial, ...places.filter((place) => place !== initial)] : [...places];
}

/** A lab may have several TiDB clusters; their names stand in the facts. Faults that name none are everybody's. */
function ofDatabase(places: readonly Place[], facts: readonly Fact[], file: string): Fact[] {
  const databases = new Set<string>();
  for (const { kubernetesCluster, namespace, name } of places) {
    const known = facts.filter((fact) => fact.kubernetesCluster === kubernetesCluster && fact.namespace === namespace && fact.tidbCluster === name);
    if (known.length === 0) throw new Error(`The event log ${file} knows nothing of TidbCluster ${namespace}/${name} in ${kubernetesCluster}. Check its name, or give the log of the lab where it ran.`);
    for (const { database } of known) if (database !== undefined) databases.add(database);
  }
  return facts.filter(({ kind, database }) => (database === undefined ? kind.startsWith('fault-') : databases.has(database)));
}
