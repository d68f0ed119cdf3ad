/** PD's turn: leader transfer before a restart, health before the next (`M/pd_upgrader.go`, `M/pd_scaler.go` `:release-1.6`). */
import type { Pod } from '../../process/kubernetes-objects.ts';
import { annotations, fullName, ordinalOf, pdMemberName, podName } from '../naming.ts';
import { deferClaim, deleteDeferredClaim, refuseScaleIn } from '../scaling.ts';
import { membersOf } from '../status.ts';
import { syncPd } from '../status-sync.ts';
import { desiredReplicas } from '../tidb-cluster.ts';
import { isBusy, isTemplateEqual, keepOldTemplate, roll } from '../upgrading.ts';
import { componentStatus, EndOfPass } from '../view.ts';
import type { PassView, Rolling } from '../view.ts';
import type { Manager } from './manager.ts';

export const pd: Manager = {
  component: 'pd',
  sync: syncPd,
  mayProceed: () => true,
  isForced,
  scale,
  upgrade,
};

/** A PD that does not answer cannot be upgraded gracefully: by annotation, or when this is the only PD of all (`M/pd_member_manager.go:release-1.6`). */
function isForced(rolling: Rolling): boolean {
  const { view: { status, cluster }, old } = rolling;
  const isOnly = old.spec.replicas < 2 && Object.keys(status.pd?.peerMembers ?? {}).length === 0;
  return status.pd?.synced !== true && !isTemplateEqual(rolling) && (isOnly || cluster.metadata.annotations?.[annotations.forceUpgrade] === 'true');
}

function upgrade(rolling: Rolling): void {
  const { view } = rolling;
  if (!componentStatus(view, 'pd').synced) throw new EndOfPass('PD upgrade: PD is unhealthy (status.pd.synced is false)');
  if (isBusy(view, 'pd', ['Scale'])) return keepOldTemplate(rolling);
  roll(rolling, { awaitBack: (pod) => awaitMember(view, pod), mayRestart: (pod) => mayRestart(rolling, pod) });
}

function awaitMember(view: PassView, pod: Pod): void {
  const member = membersOf(view.status.pd)[pdMemberName(view.cluster, pod.metadata.name)];
  if (!member?.health) throw new EndOfPass(`PD upgrade: upgraded member ${pod.metadata.name} is not healthy yet`);
}

function mayRestart(rolling: Rolling, pod: Pod): boolean {
  const { view } = rolling;
  if (view.cluster.metadata.annotations?.[annotations.checkQuorum] === 'true' && !hasSpareQuorum(view)) throw new EndOfPass('PD upgrade: Peer PDs is unstable');
  const leader = view.status.pd?.leader?.name;
  // The old process may still bear its name from before a change of domain.
  const ownNames = [pdMemberName(view.cluster, pod.metadata.name), pod.metadata.name, ...localNames(view, pod)];
  if (!leader || !ownNames.includes(leader)) return true;
  const target = heir(view, ordinalOf(pod.metadata.name), leader);
  if (!target) return true;
  rolling.view.act({ do: 'transfer-pd-leader', to: target });
  throw new EndOfPass(`PD upgrade: leadership of ${leader} is being transferred to ${target}`);
}

const localNames = (view: PassView, pod: Pod): string[] =>
  Object.keys(membersOf(view.status.pd)).filter((name) => name.split('.')[0] === pod.metadata.name);

/** More than a majority of all members, peers included, must be healthy: never true with one or two (`pdutil.go:release-1.6`). */
function hasSpareQuorum(view: PassView): boolean {
  const all = Object.values({ ...membersOf(view.status.pd), ...view.status.pd?.peerMembers });
  return all.filter((member) => member.health).length > Math.floor(all.length / 2) + 1;
}

/**
 * Who leads next: of the healthy local members the highest above this ordinal (they are upgraded already), else the lowest
 * below it, else any healthy peer.
 */
function heir(view: PassView, ordinal: number, leader: string): string | undefined {
  const healthy = (members: ReturnType<typeof membersOf>): string[] =>
    Object.values(members).filter((member) => member.health && member.name !== leader).map((member) => member.name);
  const local = healthy(membersOf(view.status.pd)).sort((one, other) => memberOrdinal(one) - memberOrdinal(other));
  const above = local.filter((name) => memberOrdinal(name) > ordinal).at(-1);
  return above ?? local.find((name) => memberOrdinal(name) < ordinal) ?? healthy(view.status.pd?.peerMembers ?? {})[0];
}

const memberOrdinal = (name: string): number => ordinalOf(name.split('.')[0] ?? '');

/** How many parts of this TidbCluster still need PD. */
function usersOfPd(view: PassView): number {
  const { tikv, tiflash, tidb, ticdc, pump } = view.status;
  const listed = [tikv?.stores, tiflash?.stores, tidb?.members].map((items) => Object.keys(items ?? {}).length);
  return [...listed, ticdc?.statefulSet?.replicas ?? 0, pump?.statefulSet?.replicas ?? 0].reduce((sum, count) => sum + count);
}

function scale(rolling: Rolling): void {
  const { view, old, wanted } = rolling;
  const [present, desired] = [old.spec.replicas, desiredReplicas(view.cluster, 'pd')];
  wanted.replicas = present;
  if (desired > present) {
    const isFree = mayJoin(view, present) && !deleteDeferredClaim(rolling, podName(view.cluster, 'pd', present));
    wanted.replicas = isFree ? present + 1 : present;
  } else if (desired < present) scaleIn(rolling, podName(view.cluster, 'pd', present - 1), desired);
}

const mayJoin = (view: PassView, present: number): boolean => Object.values(membersOf(view.status.pd)).filter((member) => member.health).length >= present;

/** With other pods here the leader moves to the lowest of them and leaves at once; the last pod waits until a peer leads. */
function handOver({ view, old }: Rolling, name: string, ordinal: number): void {
  const target = heir(view, ordinal, name);
  if (target === undefined) return;
  view.act({ do: 'transfer-pd-leader', to: target });
  if (old.spec.replicas < 2) throw new EndOfPass(`PD scale in: leadership of ${name} is being transferred to ${target}`);
}

function scaleIn(rolling: Rolling, pod: string, desired: number): void {
  const { view, wanted } = rolling;
  if (!componentStatus(view, 'pd').synced) throw new EndOfPass('PD scale in: PD is unhealthy (status.pd.synced is false)');
  const users = usersOfPd(view);
  if ((desired === 0 && users > 0) || view.refusesScaleIn?.('pd')) return refuseScaleIn(rolling, `The PD is in use by TidbCluster [${fullName(view.cluster)}], can't scale in PD, podname ${pod}, upComponents ${users}`);
  const name = pdMemberName(view.cluster, pod);
  if (view.status.pd?.leader?.name === name) handOver(rolling, name, ordinalOf(pod));
  rolling.view.act({ do: 'delete-member', name });
  deferClaim(rolling, pod);
  wanted.replicas -= 1;
}
