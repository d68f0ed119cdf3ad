/**
 * TiKV's and TiFlash's turn: leaders leave a store before its pod restarts, the store is Up again before the next
 * (`M/tikv_upgrader.go`, `M/tikv_scaler.go`, `M/tiflash_upgrader.go`, `M/tiflash_scaler.go` `:release-1.6`).
 */
import type { Pod } from '../../process/kubernetes-objects.ts';
import { evictionTimeout } from '../durations.ts';
import { annotations, fullName, podName } from '../naming.ts';
import { deferClaim, deleteDeferredClaim, refuseScaleIn } from '../scaling.ts';
import type { StoreStatus } from '../status.ts';
import { syncStores } from '../status-sync.ts';
import { desiredReplicas } from '../tidb-cluster.ts';
import type { TidbCluster } from '../tidb-cluster.ts';
import { isBusy, keepOldTemplate, plainRules, roll, setPartition } from '../upgrading.ts';
import { componentStatus, EndOfPass, isoTime, podOf } from '../view.ts';
import type { PassView, Rolling } from '../view.ts';
import { isPdAvailable } from './manager.ts';
import type { Manager } from './manager.ts';

type Engine = 'tikv' | 'tiflash';

export const tikv: Manager = {
  component: 'tikv',
  sync: (view, set) => {
    syncStores(view, 'tikv', set);
    endStaleEvictions(view);
  },
  mayProceed: (view) => requirePd(view, 'tikv'),
  scale: (rolling) => scale(rolling, 'tikv'),
  upgrade: upgradeTikv,
};

export const tiflash: Manager = {
  component: 'tiflash',
  sync: (view, set) => syncStores(view, 'tiflash', set),
  mayProceed: (view) => requirePd(view, 'tiflash'),
  scale: (rolling) => scale(rolling, 'tiflash'),
  upgrade: upgradeTiflash,
};

function requirePd(view: PassView, engine: Engine): boolean {
  if (!isPdAvailable(view)) throw new EndOfPass(`${engine}: waiting for PD to answer`);
  return true;
}

const storeOf = (view: PassView, engine: Engine, pod: string): StoreStatus | undefined =>
  Object.values(componentStatus(view, engine).stores ?? {}).find((store) => store.podName === pod);

function upgradeTiflash(rolling: Rolling): void {
  const { view } = rolling;
  if (isBusy(view, 'pd') || isBusy(view, 'tiflash', ['Scale'])) return keepOldTemplate(rolling);
  if (!componentStatus(view, 'tiflash').synced) throw new EndOfPass('TiFlash upgrade: status.tiflash.synced is false');
  roll(rolling, { ...plainRules, awaitBack: (pod) => awaitUp(view, 'tiflash', pod) });
}

function awaitUp(view: PassView, engine: Engine, pod: Pod): StoreStatus {
  const store = storeOf(view, engine, pod.metadata.name);
  if (store?.state !== 'Up') throw new EndOfPass(`${engine} upgrade: store of upgraded pod ${pod.metadata.name} is not Up`);
  return store;
}

function upgradeTikv(rolling: Rolling): void {
  const { view, wanted, old } = rolling;
  if (isBusy(view, 'tiflash') || isBusy(view, 'pd') || isBusy(view, 'tikv', ['Scale'])) return keepOldTemplate(rolling);
  const status = componentStatus(view, 'tikv');
  if (!status.synced) throw new EndOfPass('TiKV upgrade: status.tikv.synced is false');
  if (old.spec.replicas < 2 && Object.keys(status.peerStores ?? {}).length === 0) {
    status.phase = 'Upgrade';
    return setPartition(wanted, 0);
  }
  roll(rolling, { awaitBack: (pod) => awaitLeaders(rolling, pod), mayRestart: (pod) => mayRestart(rolling, pod) });
}

/** Below so many leaders the operator does not wait for them to come back. */
const leadersWorthWaiting = 200;
const shareToComeBack = 2 / 3;

function awaitLeaders(rolling: Rolling, pod: Pod): void {
  const { view } = rolling;
  const store = awaitUp(view, 'tikv', pod);
  const id = Number(store.id);
  if (view.database?.evicting.includes(id)) rolling.view.act({ do: 'end-eviction', store: id });
  const ended = pod.metadata.annotations?.[annotations.evictLeaderEnd];
  if (ended === undefined) {
    rolling.view.act({ do: 'annotate-pod', pod: pod.metadata.name, annotations: { [annotations.evictLeaderEnd]: isoTime(view) } });
    throw new EndOfPass(`TiKV upgrade: eviction of store ${id} is ending`);
  }
  const before = store.leaderCountBeforeUpgrade ?? 0;
  const isBack = before < leadersWorthWaiting || store.leaderCount >= before * shareToComeBack || view.now - Date.parse(ended) > view.leadersBack;
  if (!isBack) throw new EndOfPass(`TiKV upgrade: leaders are coming back to store ${id}`);
}

function mayRestart(rolling: Rolling, pod: Pod): boolean {
  const { view } = rolling;
  const store = storeOf(view, 'tikv', pod.metadata.name);
  if (!store) return true;
  const begun = pod.metadata.annotations?.[annotations.evictLeaderBegin];
  if (begun === undefined) {
    if (view.cluster.metadata.annotations?.[annotations.checkStoresUp] === 'true' && !areAllUp(view)) throw new EndOfPass('TiKV upgrade: not all stores are Up');
    store.leaderCountBeforeUpgrade = store.leaderCount;
    rolling.view.act({ do: 'evict-leaders', store: Number(store.id) });
    rolling.view.act({ do: 'annotate-pod', pod: pod.metadata.name, annotations: { [annotations.evictLeaderBegin]: isoTime(view) } });
    throw new EndOfPass(`TiKV upgrade: eviction of leaders from store ${store.id} begins`);
  }
  const isOver = store.leaderCount === 0 || view.now - Date.parse(begun) > evictionTimeout(view.cluster.spec.tikv?.evictLeaderTimeout);
  if (!isOver) throw new EndOfPass(`TiKV upgrade: store ${store.id} still has ${store.leaderCount} leaders`);
  return true;
}

const areAllUp = (view: PassView): boolean => view.database?.stores.every((store) => store.state === 'Up' || store.state === 'Tombstone') === true;

/** When the phase left Upgrade, eviction ends for all own stores. */
function endStaleEvictions(view: PassView): void {
  const status = componentStatus(view, 'tikv');
  if (status.phase !== 'Normal') return;
  const own = Object.keys(status.stores ?? {}).map(Number);
  for (const store of view.database?.evicting ?? []) if (own.includes(store)) view.act({ do: 'end-eviction', store });
}

function scale(rolling: Rolling, engine: Engine): void {
  const { view, old, wanted } = rolling;
  const [present, desired] = [old.spec.replicas, desiredReplicas(view.cluster, engine)];
  wanted.replicas = present;
  if (desired > present) {
    if (!deleteDeferredClaim(rolling, podName(view.cluster, engine, present))) wanted.replicas = present + 1;
  } else if (desired < present) scaleIn(rolling, engine, podName(view.cluster, engine, present - 1));
}

/** Evict, delete the store, wait for its tombstone, then take the pod away. Every step ends the pass. */
function scaleIn(rolling: Rolling, engine: Engine, pod: string): void {
  const { view, wanted } = rolling;
  const store = storeOf(view, engine, pod);
  if (engine === 'tikv') guardReplicas(rolling, pod, store);
  if (!store) {
    deferClaim(rolling, pod, { [annotations.scaleInTime]: isoTime(view) });
    wanted.replicas -= 1;
    return;
  }
  if (store.state !== 'Offline') {
    if (engine === 'tikv' && !isEvicted(rolling, store, pod)) throw new EndOfPass(`TiKV scale in: leaders are leaving store ${store.id}`);
    rolling.view.act({ do: 'delete-store', store: Number(store.id) });
  }
  throw new EndOfPass(`${engine} scale in: store ${store.id} is ${store.state}, waiting for Tombstone`);
}

/** The operator's guard: Up TiKV stores in the whole database against max-replicas (`preCheckUpStores` in `M/tikv_scaler.go:v1.6.6`). */
function guardReplicas(rolling: Rolling, pod: string, victim: StoreStatus | undefined): void {
  const { cluster, database, status, refusesScaleIn } = rolling.view;
  if (!status.tikv?.bootStrapped) return;
  const up = database?.stores.filter((store) => store.engine === 'tikv' && store.state === 'Up').length ?? 0;
  const replicas = database?.maxReplicas ?? Infinity;
  const isRefused = refusesScaleIn?.('tikv') === true;
  if (!isRefused && (up > replicas || (up === replicas && victim?.state !== 'Up'))) return;
  refuseScaleIn(rolling, up < replicas ? tooFewStores(cluster, pod, { up, replicas }) : noStoreToSpare(cluster, pod, replicas));
  throw new EndOfPass('TiKV scale in: refused');
}

const tooFewStores = (cluster: TidbCluster, pod: string, { up, replicas }: { up: number; replicas: number }): string =>
  `the number of stores in Up state of TidbCluster [${fullName(cluster)}] is ${up}, less than MaxReplicas in PD configuration(${replicas}), can't scale in TiKV, podname ${pod} `;

const noStoreToSpare = (cluster: TidbCluster, pod: string, replicas: number): string =>
  `can't scale in TiKV of TidbCluster [${fullName(cluster)}], cause the number of up stores is equal to MaxReplicas in PD configuration(${replicas}), and the store in Pod ${pod} which is going to be deleted is up too. ` +
  'MaxReplicas can be update online using pd-ctl or SQL statements, refer to https://docs.pingcap.com/tidb/stable/dynamic-config';

/** Leaders get five minutes at most before the store is deleted anyway. */
const scaleInEviction = 300_000;

function isEvicted(rolling: Rolling, store: StoreStatus, pod: string): boolean {
  const { view } = rolling;
  const begun = podOf(view, 'tikv', pod)?.metadata.annotations?.[annotations.evictLeaderBegin];
  if (begun === undefined) {
    rolling.view.act({ do: 'evict-leaders', store: Number(store.id) });
    rolling.view.act({ do: 'annotate-pod', pod, annotations: { [annotations.evictLeaderBegin]: isoTime(view) } });
    return false;
  }
  return store.leaderCount === 0 || view.now - Date.parse(begun) > scaleInEviction;
}
