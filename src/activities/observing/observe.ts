/** Observes one TiDB cluster: finds its TidbClusters through the inventory, reads each and PD. The full look is what guards decide on. */
import { RunbookError, isRunbookError, sentenceOf } from '../../errors.ts';
import { tidbClusterOf } from '../../inventory.ts';
import type { InventoryTidbCluster } from '../../inventory.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { isSamePlace } from '../../protocol/place.ts';
import type { LastingPlace, Place } from '../../protocol/place.ts';
import { allDeparted, findDeparted } from '../../tidb/exit/departed.ts';
import { findMembers } from '../../tidb/membership.ts';
import type { Located } from '../../tidb/membership.ts';
import type { ClusterView, DatabaseView, Remains, TidbClusterView } from '../../tidb/view.ts';
import { findByKey, hasKey, longKey, placeOf } from '../../tidb/view.ts';
import type { Surroundings } from '../surroundings.ts';
import type { PdWays } from './pd-access.ts';
import { readBackups } from './read-backups.ts';
import { readDatabase } from './read-database.ts';
import { readMemberApi } from './read-member-api.ts';
import { readProbes } from './read-probes.ts';
import { readRemains } from './read-remains.ts';
import { readCertificates, readOperator, readPods, readStatefulSets, readTidbCluster, readWarnings } from './read-tidb-cluster.ts';
import type { More, Target } from './target.ts';

/** The whole of it, read now. Throws NotFound or Unsupported when it cannot be understood, Unreachable when an API server is silent. */
export async function observe(at: Surroundings, target: Target, signal?: AbortSignal): Promise<ClusterView> {
  const entry = tidbClusterOf(at.inventory, target.cluster);
  const located = await locate(at, entry, target.anchor, signal);
  const read = async (): Promise<ClusterView> => {
    const tidbClusters = await Promise.all(located.map((each) => readMember(at, each, keyOf(each, located), signal)));
    return { name: target.cluster, tidbClusters, remains: await remainsFor(at, tidbClusters, target.more, signal), database: undefined, databaseProblem: undefined, nowMs: Date.now() };
  };
  return withMore(at, await withDatabase(at, entry, read(), { more: target.more, signal }), target.more, signal);
}

/** Only the members are looked for: the initial one, or the anchor once that is gone, comes first. */
async function locate(at: Surroundings, entry: InventoryTidbCluster, anchor: Place | undefined, signal?: AbortSignal): Promise<Located[]> {
  const lists = await Promise.all(entry.kubernetesClusters.map((name) => at.tidbClusters.of(at.kubernetes(name), signal)));
  const all = lists.flat();
  const { kubernetesCluster, namespace, name } = entry.initial;
  const start = all.find((each) => isSamePlace(placeOf(each), entry.initial)) ?? all.find((each) => anchor && isSamePlace(placeOf(each), anchor));
  if (!start) throw new RunbookError('NotFound', `there is no TidbCluster ${namespace}/${name} in Kubernetes cluster ${kubernetesCluster}, which the inventory names as the initial one of ${entry.name}${departureHint(all, entry.initial)}${await v2Hint(at.kubernetes(kubernetesCluster), namespace)}`);
  const { members, problems } = findMembers(start, all);
  if (problems.length > 0) throw new RunbookError('Unsupported', problems.join('; '));
  return members;
}

/** An exit has taken the initial one out, and the inventory does not know it yet. */
function departureHint(all: Located[], initial: Place): string {
  const keeper = all.find(({ object }) => allDeparted([{ object }]).some(({ place }) => isSamePlace(place, initial)));
  return keeper ? `: it has left by an exit; name another there, such as ${keeper.object.metadata.namespace}/${keeper.object.metadata.name} in ${keeper.kubernetesCluster}, and restart the workers` : '';
}

async function remainsFor(at: Surroundings, members: TidbClusterView[], more: More | undefined, signal?: AbortSignal): Promise<Remains | undefined> {
  const place = typeof more?.remainsOf === 'string' ? placeOfKey(members, more.remainsOf) : more?.remainsOf;
  return place && readRemains(at.kubernetes(place.kubernetesCluster), place, more?.volumes, signal);
}

/** One that an exit has deleted is known by the record of it. */
function placeOfKey(members: TidbClusterView[], key: string): LastingPlace | undefined {
  const member = findByKey({ tidbClusters: members }, key);
  return member ? placeOf(member) : findDeparted(members, key)?.place;
}

/** TiDB Operator v2 has other kinds and does not support clusters across Kubernetes (§10). */
async function v2Hint(api: KubernetesApi, namespace: string): Promise<string> {
  try {
    const { items } = await api.list({ apiVersion: 'core.pingcap.com/v1alpha1', plural: 'clusters', kind: 'Cluster', namespace });
    return items.length > 0 ? '; the namespace holds objects of TiDB Operator v2, which does not support clusters across Kubernetes and is not handled here' : '';
  } catch (error) {
    if (isRunbookError(error)) return '';
    throw error;
  }
}

function keyOf(each: Located, all: Located[]): string {
  const alone = all.filter((other) => other.kubernetesCluster === each.kubernetesCluster).length === 1;
  return alone ? each.kubernetesCluster : longKey(each.kubernetesCluster, each.object.metadata.name);
}

async function readMember(at: Surroundings, located: Located, key: string, signal?: AbortSignal): Promise<TidbClusterView> {
  const { kubernetesCluster, object } = located;
  const api = at.kubernetes(kubernetesCluster);
  const [statefulSets, pods, events, operator, certificates] = await Promise.all([
    readStatefulSets(api, object, signal),
    readPods(api, object, signal),
    readWarnings(api, object, signal),
    readOperator(api, operatorNamespace(at, kubernetesCluster), Date.now(), signal),
    readCertificates(api, object, signal),
  ]);
  return { key, kubernetesCluster, initial: isInitial(object), object, statefulSets, pods, events, operator, certificates };
}

function operatorNamespace(at: Surroundings, kubernetesCluster: string): string {
  return at.inventory.kubernetesClusters[kubernetesCluster]?.operatorNamespace ?? 'tidb-admin';
}

interface Asked {
  more: More | undefined;
  signal: AbortSignal | undefined;
}

/** PD is read while the view of Kubernetes is `coming`. Its silence is part of the view, not an error: guards call it unknown. */
async function withDatabase(at: Surroundings, entry: InventoryTidbCluster, coming: Promise<ClusterView>, asked: Asked): Promise<ClusterView> {
  const early = readEarly(at, entry, asked);
  const view = await coming;
  try {
    const ways = at.pd.of(entry, view.tidbClusters, asked.more?.notThroughPdOf);
    const database = await (early?.isFor(ways) ? early.reading : readOver(ways, asked));
    return { ...view, database, databaseProblem: undefined, nowMs: Date.now() };
  } catch (error) {
    if (!isRunbookError(error, 'Unreachable')) throw error;
    return { ...view, database: undefined, databaseProblem: sentenceOf(error), nowMs: Date.now() };
  }
}

/** Of the two halves of a view, PD is not to be the older one by more than this. */
const EARLY_MS = 5_000;

interface EarlyReading {
  reading: Promise<DatabaseView>;
  /** Whether PD is still where it was asked, a moment ago. */
  isFor(ways: PdWays): boolean;
}

/** PD read over the ways by which it was reached last; undefined before the first time. */
function readEarly(at: Surroundings, entry: InventoryTidbCluster, asked: Asked): EarlyReading | undefined {
  const last = at.pd.last(entry, asked.more?.notThroughPdOf);
  if (!last) return undefined;
  const began = performance.now();
  const reading = readOver(last, asked);
  // It may turn out that nobody wants it.
  reading.catch(() => undefined);
  return { reading, isFor: ({ id }) => id === last.id && performance.now() - began < EARLY_MS };
}

async function readOver({ pd, voices }: PdWays, { more, signal }: Asked): Promise<DatabaseView> {
  const [database, removing] = await Promise.all([readDatabase(pd, voices, signal), more?.removing ? pd.removingProgress(signal ? { signal } : {}) : undefined]);
  return { ...database, ...(removing ? { removing } : {}) };
}

/** What not every look reads, read at every look that wants it. */
async function withMore(at: Surroundings, view: ClusterView, more: More = {}, signal?: AbortSignal): Promise<ClusterView> {
  const [first] = view.tidbClusters;
  if (!first) return view;
  const api = at.kubernetes(first.kubernetesCluster);
  const { namespace } = first.object.metadata;
  const [memberApi, backups, probes] = await Promise.all([
    more.memberApi && readMemberApi(at.pd.of(tidbClusterOf(at.inventory, view.name), view.tidbClusters).each, signal),
    more.backups && readBackups(api, namespace, signal),
    more.probes && readProbes(api, { cluster: view.name, namespace }, signal),
  ]);
  return { ...view, ...(memberApi ? { memberApi } : {}), ...(backups ? { backups } : {}), ...(probes ? { probes } : {}) };
}

/** PD, and what `more` names, asked again while the rest of the view is `coming`: without `more` it costs no API server anything. */
export async function refreshDatabase(at: Surroundings, name: string, coming: Promise<ClusterView>, { more, signal }: Asked): Promise<ClusterView> {
  return withMore(at, await withDatabase(at, tidbClusterOf(at.inventory, name), coming, { more, signal }), more, signal);
}

/** One member's warnings read again: one list, for a step that is answered by events. */
export async function refreshWarnings(at: Surroundings, view: ClusterView, key: string, signal?: AbortSignal): Promise<ClusterView> {
  return replaceMember(view, key, async (each) => ({ ...each, events: await readWarnings(at.kubernetes(each.kubernetesCluster), each.object, signal) }));
}

/** One member read again in full. */
export async function refreshMember(at: Surroundings, view: ClusterView, key: string, signal?: AbortSignal): Promise<ClusterView> {
  return replaceMember(view, key, (each) => reread(at, each, signal));
}

/** One member's object, StatefulSets and pods: what a roll moves. Warnings, operator and certificates stay as they were read. */
export async function refreshRoll(at: Surroundings, view: ClusterView, key: string, signal?: AbortSignal): Promise<ClusterView> {
  return replaceMember(view, key, (each) => rereadRoll(at, each, signal));
}

async function replaceMember(view: ClusterView, key: string, read: (each: TidbClusterView) => Promise<TidbClusterView>): Promise<ClusterView> {
  return { ...view, tidbClusters: await Promise.all(view.tidbClusters.map(async (each) => (hasKey(each, key) ? read(each) : each))) };
}

async function reread(at: Surroundings, each: TidbClusterView, signal?: AbortSignal): Promise<TidbClusterView> {
  const [object, member] = await Promise.all([readTidbCluster(at.kubernetes(each.kubernetesCluster), each.object.metadata, signal), readMember(at, each, each.key, signal)]);
  return withObject(member, object);
}

async function rereadRoll(at: Surroundings, each: TidbClusterView, signal?: AbortSignal): Promise<TidbClusterView> {
  const api = at.kubernetes(each.kubernetesCluster);
  const [object, statefulSets, pods] = await Promise.all([readTidbCluster(api, each.object.metadata, signal), readStatefulSets(api, each.object, signal), readPods(api, each.object, signal)]);
  return withObject({ ...each, statefulSets, pods }, object);
}

function withObject(member: TidbClusterView, object: TidbClusterView['object']): TidbClusterView {
  return { ...member, object, initial: isInitial(object) };
}

function isInitial({ spec }: TidbClusterView['object']): boolean {
  return !spec.cluster?.name;
}
