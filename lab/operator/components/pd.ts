/** PD's turn: leader transfer before a restart, health before the next (`M/pd_upgrader.go`, `M/pd_scaler.go` `:release-1.6`). */
import type { Pod } from '../../process/kubernetes-objects.ts';
import { annotations, fullName, ordinalOf, pdMemberName, podName } from '../naming.ts';
import { deferClaim, deleteDeferredClaim, refuseScaleIn } from '../scaling.ts';
import { membersOf } from '../status.ts';
import { syncPd } from '../status-sync.ts';
import { desiredReplicas } from '../tidb-cluster.ts';
import { isBusy, keepOldTemplate, roll } from '../upgrading.ts';
import { componentStatus, EndOfPass } from '../view.ts';
import type { PassView, Rolling } from '../view.ts';
import type { Manager } from './manager.ts';

export const pd: Manager = {
  component: 'pd',
  sync: syncPd,
  mayProceed: () => true,
  scale,
  upgrade,
};

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
  const target = heir(view, leader);
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

/** A healthy local member, the highest ordinal first, else any healthy peer. */
export function heir(view: PassView, leader: string): string | undefined {
  const healthy = (members: ReturnType<typeof membersOf>): string[] =>
    Object.values(members).filter((member) => member.health && member.name !== leader).map((member) => member.name);
  const local = healthy(membersOf(view.status.pd)).sort((one, other) => ordinalOf(other.split('.')[0] ?? '') - ordinalOf(one.split('.')[0] ?? ''));
  return local[0] ?? healthy(view.status.pd?.peerMembers ?? {})[0];
}

/** How much of this TidbCluster still needs PD (`preCheckUpMembers`). */
function usersOfPd(view: PassView): number {
  const { tikv, tiflash, tidb, ticdc, pump } = view.status;
  const count = (items: object | undefined): number => Object.keys(items ?? {}).length;
  return count(tikv?.stores) + count(tiflash?.stores) + count(tidb?.members) + (ticdc?.statefulSet?.replicas ?? 0) + (pump?.statefulSet?.replicas ?? 0);
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

function scaleIn(rolling: Rolling, pod: string, desired: number): void {
  const { view, wanted } = rolling;
  const users = usersOfPd(view);
  if ((desired === 0 && users > 0) || view.refusesScaleIn?.('pd')) {
    return refuseScaleIn(rolling, `The PD is in use by TidbCluster [${fullName(view.cluster)}], can't scale in PD, podname ${pod}, upComponents ${users}`);
  }
  if (!componentStatus(view, 'pd').synced) throw new EndOfPass('PD scale in: PD is unhealthy (status.pd.synced is false)');
  const name = pdMemberName(view.cluster, pod);
  const target = view.status.pd?.leader?.name === name ? heir(view, name) : undefined;
  if (target) {
    rolling.view.act({ do: 'transfer-pd-leader', to: target });
    throw new EndOfPass(`PD scale in: leadership of ${name} is being transferred to ${target}`);
  }
  rolling.view.act({ do: 'delete-member', name });
  deferClaim(rolling, pod);
  wanted.replicas -= 1;
}
