/**
 * Guards of an exit (§3.10), each about what would remain. A standing reason is one that no waiting mends: it refuses the plan. A passing one
 * (a store that is Disconnected or Down, a member that is not healthy, somebody else's scale-in) holds the first step until it is gone.
 */
import { allComponents, components } from '../components.ts';
import { databaseAnswers, leaderExists, membersHealthy, nobodyEvicts, regionsWhole, storesUp } from '../guards/database.ts';
import { passing, standing } from '../guards/guard.ts';
import type { Guard } from '../guards/guard.ts';
import { noTiproxyAcross, noUnknownParts, nobodyRolls, notDeleting, notPaused, notSuspended, oneDatabase, operatorAlive, passesValidation } from '../guards/tidb-clusters.ts';
import { specOf } from '../spec.ts';
import type { Store, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import { memberAddress, ofSurvivors, ownsMember, ownsStore, isBuried, storesOf, survivorsOf } from './parts.ts';
import { isForTiflash, misfits, rulesOf } from './placement.ts';
import { hasPd, pointsAt } from './references.ts';
import { inGibibytes, roomFor } from './space.ts';

const where = (each: TidbClusterView): string => `TidbCluster ${nameOf(each)} in ${each.kubernetesCluster}`;

/** A store that stays: not on its way out. It may be down for a moment. */
const stays = (store: Store): boolean => store.state !== 'Offline' && !isBuried(store);

/**
 * The documents ask for MORE Up TiKV stores than max-replicas after the exit (docs-tidb-operator release-1.6,
 * deploy-tidb-cluster-across-multiple-kubernetes.md); the operator itself goes down to exactly that number (§3.3), where nothing may fail any more.
 */
export const tikvStaysAboveMaxReplicas: Guard = (view, { member }) => {
  if (!view.database || !takes(view.database.stores, member, 'tikv')) return [];
  const { maxReplicas } = view.database;
  const remaining = (survivorsOf(view, member).database?.stores ?? []).filter(({ engine }) => engine === 'tikv');
  const there = remaining.filter(stays).length;
  const up = remaining.filter(({ state }) => state === 'Up').length;
  if (there <= maxReplicas) {
    const why = there === maxReplicas ? 'equal is documented as not enough, since the loss of one store could then not be made good' : 'regions would lack replicas for ever';
    return [standing(`exit/tikv-count/${there}`, `${there} TiKV stores would remain and max-replicas is ${maxReplicas}: there must be more (${why})`)];
  }
  return up > maxReplicas ? [] : [passing('exit/tikv-up', `only ${up} of the ${there} TiKV stores that would remain are Up, and there must be more than max-replicas (${maxReplicas})`)];
};

function takes(stores: Store[], leaving: TidbClusterView, engine: Store['engine']): boolean {
  return (leaving.object.spec[engine]?.replicas ?? 0) > 0 || stores.some((store) => store.engine === engine && !isBuried(store) && ownsStore(leaving, store));
}

/** Without another PD the scale-in to zero destroys the TiDB cluster, and nothing in the operator stops it (§3.2). */
export const neverTheLastPd: Guard = (view, { member }) => {
  const others = view.tidbClusters.filter((each) => each.key !== member.key);
  if (others.length === 0) return [standing('exit/last', `${where(member)} is the only TidbCluster of ${view.name}: its exit would be the end of the database`)];
  const remaining = view.database?.members.filter((each) => !ownsMember(member, each)) ?? [];
  if (others.some(hasPd) && (remaining.length > 0 || !view.database)) return [];
  return [standing('exit/last-pd', `${where(member)} has the last PD of ${view.name}: its exit would be the end of the database`)];
};

/** Of the members that remain a majority must be healthy now: no member can be added or removed without it. */
export const pdMajorityRemains: Guard = (view, { member }) => {
  const remaining = survivorsOf(view, member).database?.members ?? [];
  const healthy = remaining.filter((each) => each.healthy === true).length;
  const majority = Math.floor(remaining.length / 2) + 1;
  if (remaining.length === 0 || healthy >= majority) return [];
  return [passing('exit/pd-majority', `${healthy} of the ${remaining.length} PD members that would remain are healthy, and their majority is ${majority}`)];
};

/** A table with more TiFlash replicas than stores keeps a leaving store Offline for ever (§3.4). */
export const tiflashRulesFit: Guard = (view, { member }) =>
  placementMisfits(view, member)
    .filter(({ tiflash }) => tiflash)
    .map(({ problem }) => standing(`exit/tiflash/${problem}`, `${problem}: lower it with ALTER TABLE … SET TIFLASH REPLICA and wait until information_schema.tiflash_replica says so`));

/** A rule that the remaining stores cannot satisfy keeps a leaving store Offline for ever. */
export const placementRulesFit: Guard = (view, { member }) =>
  placementMisfits(view, member)
    .filter(({ tiflash }) => !tiflash)
    .map(({ problem }) => standing(`exit/placement/${problem}`, problem));

function placementMisfits(view: Parameters<Guard>[0], member: TidbClusterView): ReturnType<typeof misfits> {
  const { database } = survivorsOf(view, member);
  return database ? misfits(database, database.stores.filter(stays)) : [];
}

/** Everything that is on the leaving stores must find room, and no store may come below PD's own limit for it. */
export const spaceSuffices: Guard = (view, { member }) => {
  const { database } = view;
  const remaining = survivorsOf(view, member).database?.stores.filter(({ state }) => state === 'Up') ?? [];
  if (!database) return [];
  return (['tikv', 'tiflash'] as const).flatMap((engine) => {
    const leaving = storesOf(database, member, engine);
    if (leaving.length === 0 || (engine === 'tiflash' && !rulesOf(database).some((rule) => isForTiflash(rule) && rule.count > 0))) return [];
    const { needed, free, unknown } = roomFor(leaving, remaining.filter((store) => store.engine === engine));
    const { title } = components[engine];
    if (unknown.length > 0) return [passing(`exit/space-unknown/${engine}`, `the sizes of ${title} stores ${unknown.join(', ')} are not reported to PD, so it is unknown whether there is room for the data`)];
    return free >= needed ? [] : [standing(`exit/space/${engine}`, `${inGibibytes(needed)} are on the leaving ${title} stores and the remaining ones have room for ${inGibibytes(free)} before PD calls them low on space (20 % free)`)];
  });
};

/** Its components reach PD only through the one that goes: re-pointing it changes their start scripts and rolls them, so a person does it first. */
export const noDependentWithoutPd: Guard = ({ tidbClusters }, { member }) =>
  tidbClusters
    .filter((each) => each.key !== member.key && !hasPd(each) && pointsAt(each, member, tidbClusters))
    .map((each) => standing(`exit/dependent/${each.key}`, `${where(each)} has no PD of its own and names ${nameOf(member)} in spec.cluster: point it at another TidbCluster first, which rolls its pods`));

/** A component whose block was taken out of the spec runs on, and nothing scales it in (§3.8). */
export const noForgottenComponent: Guard = (_view, { member }) =>
  allComponents
    .filter((component) => !specOf(member.object.spec, component) && (member.statefulSets[component]?.spec.replicas ?? 0) > 0)
    .map((component) => standing(`exit/forgotten/${component}`, `${where(member)} has no spec.${component} but a StatefulSet of ${components[component].title} with pods: put the block back, so that it can be scaled in`));

/** An address without a domain that two TidbClusters could have would be counted on the wrong side. */
export const noAmbiguousParts: Guard = ({ database, tidbClusters }, { member }) => {
  if (!database) return [];
  const others = tidbClusters.filter((each) => each.key !== member.key);
  const stores = database.stores.filter((store) => !isBuried(store) && ownsStore(member, store) && others.some((each) => ownsStore(each, store)));
  const members = database.members.filter((each) => ownsMember(member, each) && others.some((other) => ownsMember(other, each)));
  return [...stores.map(({ address }) => address), ...members.map(memberAddress)].map((address) =>
    standing(`exit/ambiguous/${address}`, `${address} may belong to ${where(member)} or to another TidbCluster of the same name: their addresses carry no cluster domain`),
  );
};

/** The survivors, and only they, must be well: a leaving part that ails is a reason to leave. */
export const survivorsWhole: readonly Guard[] = [databaseAnswers, leaderExists, ofSurvivors(membersHealthy), ofSurvivors(storesUp), regionsWhole, nobodyEvicts];

/** Somebody else's roll or scale-in; what the leaving one scales to nothing is this exit's own work. */
export const nobodyElseRolls: Guard = (view, change) =>
  nobodyRolls(view, change).filter(({ key }) => !allComponents.some((component) => key === `rolling/${change.member.key}/${component}` && specOf(change.member.object.spec, component)?.replicas === 0));

/** What would remain, in one place: asked for the plan, before each stage, and while a stage goes on. */
export const whatRemainsSuffices: readonly Guard[] = [neverTheLastPd, pdMajorityRemains, tikvStaysAboveMaxReplicas, tiflashRulesFit, placementRulesFit, spaceSuffices, noDependentWithoutPd, noAmbiguousParts, noForgottenComponent];

/** While a stage drains: what calls for the brake when it turns bad. */
export const survivorsKeepUp: readonly Guard[] = [leaderExists, pdMajorityRemains, tikvStaysAboveMaxReplicas, ofSurvivors(storesUp)];

/** States in which the operator would not act, or of which the run knows too little; asked for the plan. */
export const refusing: readonly Guard[] = [notPaused, notSuspended, notDeleting, passesValidation, noTiproxyAcross, noUnknownParts, oneDatabase, ...whatRemainsSuffices];

/** Before every stage. */
export const beforeStage: readonly Guard[] = [...survivorsWhole, ...refusing, nobodyElseRolls, operatorAlive];
