/**
 * The plan of a migration: prove the domain, patch once and see everything roll, then PD's peer URLs one member at a time, the leader's last.
 * What a hand or an interrupted run has done already is adopted, and where such a patch rolled nothing the restarts are offered as steps. Pure.
 */
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { components } from '../../tidb/components.ts';
import type { Component } from '../../tidb/components.ts';
import { digestsOf } from '../../tidb/drift.ts';
import { askAll } from '../../tidb/guards/guard.ts';
import { beforeRoll } from '../../tidb/guards/index.ts';
import { leftBehind } from '../../tidb/leftovers.ts';
import { componentsNotAcross, isAsked, notAcross, ownPaths, peerPlaceOf, presentComponents, recordOf, restartMark, withScriptInConfigMap } from '../../tidb/migration/across.ts';
import { membersSeen, peerUrlState, podOfMember } from '../../tidb/migration/peer-urls.ts';
import { migrationRefusals } from '../../tidb/migration/refusals.ts';
import type { MigrateWish } from '../../tidb/migration/refusals.ts';
import { missingFor } from '../../tidb/proof.ts';
import type { Target } from '../../tidb/proof.ts';
import { expectedPeerUrl } from '../../tidb/peer-url.ts';
import { desiredVersion, specOf } from '../../tidb/spec.ts';
import type { ClusterView, EtcdMemberView, TidbClusterView } from '../../tidb/view.ts';
import { placeOf } from '../../tidb/view.ts';
import { restartStep } from '../restart-cluster/plan.ts';
import type { UnhashedPlan } from '../runbook.ts';

/** One TidbCluster and what is wished for it. */
interface Migration {
  view: ClusterView;
  member: TidbClusterView;
  /** Empty: names stay without a domain. */
  domain: string;
  wish: MigrateWish;
}

export function planMigration(view: ClusterView, wish: MigrateWish): { refusals: string[] } | UnhashedPlan {
  const refusals = migrationRefusals(view, wish);
  const [member] = view.tidbClusters;
  if (refusals.length > 0 || !member) return { refusals };
  const migration: Migration = { view, member, domain: wish.clusterDomain ?? '', wish };
  const changes = [...probeSteps(migration), acrossStep(migration), ...restartSteps(migration), ...peerUrlSteps(migration)];
  const steps = [...changes, verifyStep(migration, changes)];
  const open = steps.filter((step) => !step.alreadyDone).length;
  const names = migration.domain ? `cluster domain ${migration.domain}` : 'without a cluster domain';
  return {
    runbook: 'migrateCluster',
    cluster: view.name,
    clusterId: view.database?.clusterId ?? 'unknown',
    summary: `Migrate TiDB cluster ${view.name} to across-Kubernetes, ${names}: ${open} of ${steps.length} steps are to be done; this is experimental and may lose data`,
    steps,
    notes: notesFor(migration, changes),
    // A newer backup makes the plan no other one.
    figures: wish.backupWaiver ? [] : [backupNote(view)],
    holds: holdsFor(migration, changes),
  };
}

function targetsOf({ member }: Migration): Target[] {
  const { spec } = member.object;
  return presentComponents(spec).map((component) => ({ component, version: desiredVersion(spec, component), replicas: specOf(spec, component)?.replicas ?? 0 }));
}

function isWhole({ view, member, domain }: Migration, target: Target): boolean {
  return notAcross(view, member, { component: target.component, domain }).length === 0 && missingFor(view, member, target).length === 0;
}

/** PD members that are known by their new names, and healthy, have proved the domain already. */
function probeSteps({ view, member, domain, wish }: Migration): PlannedStep[] {
  if (!domain || notAcross(view, member, { component: 'pd', domain }).length === 0) return [];
  return [
    {
      id: `probe/${member.key}`,
      kind: 'probe-domain',
      title: `${domain} is the domain of ${member.kubernetesCluster}: a pod looks up PD's names in it`,
      component: 'probe',
      kubernetesCluster: member.key,
      alreadyDone: false,
      input: { domain, ...(wish.probeImage ? { image: wish.probeImage } : {}) },
    },
  ];
}

/** Asked for by hand, and what has its script in a ConfigMap has not restarted since: the operator keeps the old pods for ever (Ⓞ22, Ⓞ23). */
function isHalfByHand({ member, domain }: Migration): boolean {
  return isAsked(member.object.spec, domain) && recordOf(member.object, domain) === undefined;
}

function acrossStep(migration: Migration): PlannedStep {
  const { member, domain, wish } = migration;
  const targets = targetsOf(migration);
  const isDone = isAsked(member.object.spec, domain) && (isHalfByHand(migration) || targets.every((target) => isWhole(migration, target)));
  return {
    id: `across/${member.key}`,
    kind: 'set-across-k8s',
    title: `${member.key}: acrossK8s${domain ? ` and clusterDomain ${domain}` : ''}${isHalfByHand(migration) ? ', as somebody set it by hand' : ` in one patch; ${targets.map(({ component }) => components[component].title).join(', ')} roll`}`,
    component: 'across',
    kubernetesCluster: member.key,
    alreadyDone: isDone,
    input: {
      domain,
      ...(wish.probeImage ? { image: wish.probeImage } : {}),
      targets: targets.map((target) => ({ ...target })),
      place: { ...placeOf(member) },
      baseline: digestsOf(member.object),
      own: [...ownPaths],
      byHand: isHalfByHand(migration),
    },
  };
}

/** The forced restart of Ⓞ24, in the operator's order, of what does not run with the fields yet. */
function restartSteps(migration: Migration): PlannedStep[] {
  const { view, member, domain } = migration;
  if (!isHalfByHand(migration)) return [];
  const asleep = componentsNotAcross(view, member, domain).filter((component) => withScriptInConfigMap.includes(component));
  return asleep
    .flatMap((component) => restartStep(view, { member, component, mark: restartMark(domain), own: [...ownPaths] }))
    .map((step) => ({ ...step, id: `restart/${step.component}`, title: `${step.title}: acrossK8s was set by hand and rolled nothing` }));
}

/** Followers first, the leader of now last: each change of membership then has a leader that was not touched. */
function peerUrlSteps({ view, member, domain }: Migration): PlannedStep[] {
  const leader = view.database?.leader;
  const isLeader = (each: EtcdMemberView): boolean => each.name === leader;
  const members = [...membersSeen(view.memberApi)].sort((a, b) => Number(isLeader(a)) - Number(isLeader(b)) || podOfMember(a).localeCompare(podOfMember(b)));
  return members.map((each) => {
    const pod = podOfMember(each);
    const state = peerUrlState(view, member, each, domain);
    const url = expectedPeerUrl(peerPlaceOf(member, pod, domain));
    return {
      id: `peer-url/${pod}`,
      kind: 'member-peer-url',
      title: `Peer URL of ${pod}${isLeader(each) ? ' (leader now)' : ''}: ${each.peerUrls.join(', ')} → ${url}`,
      component: 'peer-url',
      kubernetesCluster: member.key,
      alreadyDone: state.is === 'right',
      input: { domain, memberId: each.id, pod, url, baseline: digestsOf(member.object), own: [...ownPaths] },
    };
  });
}

function verifyStep(migration: Migration, changes: PlannedStep[]): PlannedStep {
  const { view, member, domain } = migration;
  return {
    id: 'verify/all',
    kind: 'verify-across',
    title: `${view.name} can be joined from other Kubernetes clusters: URLs, health, what a joining PD is told`,
    component: 'verify',
    kubernetesCluster: member.key,
    alreadyDone: changes.every((step) => step.alreadyDone) && leftBehind(view).length === 0,
    input: { domain, targets: targetsOf(migration).map((target) => ({ ...target })) },
  };
}

function notesFor(migration: Migration, changes: PlannedStep[]): string[] {
  const { view, member, domain, wish } = migration;
  const mended = membersSeen(view.memberApi).flatMap((each) => {
    const state = peerUrlState(view, member, each, domain);
    return state.is === 'to-write' && state.why ? [state.why] : [];
  });
  const adopted = changes.filter((step) => step.alreadyDone).length;
  return [
    'Experimental: TiDB Operator says so of this migration, and a wrong peer URL makes the other PD members die at every start. Abort stops before the next change and undoes nothing.',
    ...(domain ? [`A cluster domain cannot be changed later: it stands in the names of PD members, in peer URLs, store addresses and certificates.`] : []),
    wish.backupWaiver ? `No backup is asked for: ${wish.backupWaiver}` : 'A full backup of the last day is there. It was not restored to see whether it is good.',
    `Peer URLs are written over ${view.memberApi?.served === 'v2' ? "etcd's v2 API, since v3 is not served" : "etcd's v3 API"}.`,
    'With acrossK8s the pods of TiKV, TiDB and the others ask discovery at every start, with wget: images of your own must have it, and the discovery pod must run.',
    ...(isHalfByHand(migration) ? ['acrossK8s was set by hand. configUpdateStrategy stays as it is: where it is unset, later changes of configuration also wait for a restart.'] : []),
    ...mended,
    ...(adopted > 0 ? [`${adopted} of ${changes.length} changes are there already and are adopted.`] : []),
  ];
}

function backupNote({ backups }: ClusterView): string {
  const newest = (typeof backups === 'string' ? [] : (backups ?? [])).filter((backup) => backup.completedAtMs !== undefined).sort((a, b) => (b.completedAtMs ?? 0) - (a.completedAtMs ?? 0))[0];
  return `Backup: ${newest?.namespace ?? ''}/${newest?.name ?? ''}${newest?.commitTs ? `, commit ts ${newest.commitTs}` : ''}, complete at ${new Date(newest?.completedAtMs ?? 0).toISOString()}.`;
}

/** What the first roll would hold for now. */
function holdsFor({ view, member }: Migration, changes: PlannedStep[]): Reason[] {
  const first = changes.find((step) => !step.alreadyDone);
  return first ? askAll(beforeRoll, view, { member, ...(first.kind === 'restart-component' ? { component: first.component as Component } : {}) }) : [];
}
