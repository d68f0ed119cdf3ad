/** The turns of Pump, TiDB, TiCDC, TiProxy and PD's microservices (`M/{pump,tidb,ticdc,tiproxy,pd_ms}_*.go:release-1.6`). */
import type { Pod } from '../../process/kubernetes-objects.ts';
import { scaleAtOnce } from '../scaling.ts';
import { pauseDdl, resumeDdl } from '../smooth-upgrade.ts';
import { serversOf } from '../status.ts';
import { serverOf, syncCaptures, syncMicroservice, syncPump, syncServers } from '../status-sync.ts';
import { desiredReplicas } from '../tidb-cluster.ts';
import { isBusy, isTemplateEqual, keepOldTemplate, plainRules, roll } from '../upgrading.ts';
import { componentStatus, EndOfPass } from '../view.ts';
import type { PassView, Rolling } from '../view.ts';
import { isPdAvailable, isTikvAvailable } from './manager.ts';
import type { Manager } from './manager.ts';

export const pump: Manager = {
  component: 'pump',
  sync: syncPump,
  // While one of these upgrades, Pump's StatefulSet is not touched at all; their Scale is deliberately not looked at.
  mayProceed: (view) => !(['tiflash', 'pd', 'tikv'] as const).some((other) => isBusy(view, other, ['Upgrade'])),
  scale: scalePump,
  // No upgrader: its partition is 0, so Kubernetes rolls it by itself.
  upgrade: () => undefined,
};

/** One pump at a time, when the StatefulSet has reached its last number. */
function scalePump({ view, old, wanted }: Rolling): void {
  const desired = desiredReplicas(view.cluster, 'pump');
  const step = old.spec.replicas === old.status.replicas ? Math.sign(desired - old.spec.replicas) : 0;
  wanted.replicas = desired > old.spec.replicas ? desired : old.spec.replicas + step;
}

export const tidb: Manager = {
  component: 'tidb',
  require: requireStoresAndPumps,
  sync: (view, set) => {
    syncServers(view, 'tidb', set);
    resumeDdl(view, set);
  },
  mayProceed: () => true,
  scale: scaleAtOnce,
  upgrade: upgradeTidb,
};

function requireStoresAndPumps(view: PassView): void {
  if (!isTikvAvailable(view)) throw new EndOfPass('TiDB: waiting for TiKV cluster running');
  if (!isPumpAvailable(view)) throw new EndOfPass('TiDB: waiting for Pump cluster running');
}

/** With `spec.pump` set, no online Pump in the whole database ends the pass before TiDB (a known deadlock of exits). */
function isPumpAvailable(view: PassView): boolean {
  return !view.cluster.spec.pump || view.database?.servers.some((server) => server.component === 'pump' && server.alive) === true;
}

function upgradeTidb(rolling: Rolling): void {
  const { view } = rolling;
  if (desiredReplicas(view.cluster, 'tidb') === 0) return;
  if ((['pd', 'tikv', 'tiflash', 'pump'] as const).some((other) => isBusy(view, other)) || isBusy(view, 'tidb', ['Scale'])) return keepOldTemplate(rolling);
  if (!isTemplateEqual(rolling)) pauseDdl(rolling);
  roll(rolling, { ...plainRules, awaitBack: (pod) => awaitServer(view, pod) });
}

function awaitServer(view: PassView, pod: Pod): void {
  if (!serversOf(view.status.tidb)[pod.metadata.name]?.health) throw new EndOfPass(`TiDB upgrade: upgraded pod ${pod.metadata.name} is not healthy`);
}

export const ticdc: Manager = {
  component: 'ticdc',
  require: (view) => {
    if (!isPdAvailable(view) || !isTikvAvailable(view)) throw new EndOfPass('TiCDC: waiting for PD and TiKV cluster running');
  },
  sync: syncCaptures,
  mayProceed: () => true,
  scale: scaleAtOnce,
  upgrade: upgradeTicdc,
};

function upgradeTicdc(rolling: Rolling): void {
  const { view } = rolling;
  if (desiredReplicas(view.cluster, 'ticdc') === 0) return;
  if ((['pd', 'tikv', 'tiflash', 'pump', 'tidb'] as const).some((other) => isBusy(view, other))) return keepOldTemplate(rolling);
  roll(rolling, {
    ...plainRules,
    awaitBack: (pod) => {
      if (!serverOf(view, 'ticdc', pod.metadata.name)) throw new EndOfPass(`TiCDC upgrade: capture of ${pod.metadata.name} is not ready`);
    },
  });
}

export const tiproxy: Manager = {
  component: 'tiproxy',
  sync: (view, set) => syncServers(view, 'tiproxy', set),
  mayProceed: refuseAcrossK8s,
  scale: scaleAtOnce,
  upgrade: (rolling) => (isBusy(rolling.view, 'tiproxy', ['Scale']) ? keepOldTemplate(rolling) : roll(rolling, plainRules)),
};

/** Building TiProxy's configuration fails across Kubernetes, and with it everything after it in the pass (no event). */
function refuseAcrossK8s(view: PassView): boolean {
  if (view.cluster.spec.acrossK8s) throw new EndOfPass('TiProxy: across k8s is not supported');
  return true;
}

const microservice = (component: 'tso' | 'scheduling'): Manager => ({
  component,
  sync: (view, set) => syncMicroservice(view, component, set),
  mayProceed: () => true,
  scale: scaleAtOnce,
  upgrade: (rolling) => {
    if (!componentStatus(rolling.view, component).synced) throw new EndOfPass(`${component} upgrade: not synced`);
    return isBusy(rolling.view, component, ['Scale']) ? keepOldTemplate(rolling) : roll(rolling, plainRules);
  },
});

export const tso = microservice('tso');
export const scheduling = microservice('scheduling');
