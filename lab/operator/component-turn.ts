/** The turn of one component in a pass: status first, then create, scale, upgrade and update of its StatefulSet. */
import type { StatefulSet, StatefulSetSpec } from '../process/kubernetes-objects.ts';
import type { Component } from '../settings.ts';
import { pd } from './components/pd.ts';
import type { Manager } from './components/manager.ts';
import { pump, scheduling, ticdc, tidb, tiproxy, tso } from './components/servers.ts';
import { tiflash, tikv } from './components/stores.ts';
import { desiredConfig, desiredSet } from './desired-set.ts';
import type { Config } from './desired-set.ts';
import { annotations, setName } from './naming.ts';
import { specOf } from './tidb-cluster.ts';
import { isBusy, isTemplateEqual, setPartition } from './upgrading.ts';
import { componentStatus, EndOfPass } from './view.ts';
import type { PassView, Rolling } from './view.ts';

export const managers: Record<Component, Manager> = { tso, scheduling, pd, tiproxy, tiflash, tikv, pump, tidb, ticdc };

/** Throws EndOfPass where the real manager returns an error. What is to be done is noted in the view. */
export function takeTurn(view: PassView, component: Component): void {
  if (!specOf(view.cluster, component)) return;
  const manager = managers[component];
  const old = view.set(component);
  manager.require?.(view);
  if (old) manager.sync(view, old);
  if (view.cluster.spec.paused || !manager.mayProceed(view)) return;
  const config = desiredConfig(view, component);
  const wanted = desiredSet(view, component, config.name);
  if (!old) return create(view, component, wanted, config);
  change({ view, component, old, wanted }, manager, config);
}

function create(view: PassView, component: Component, spec: StatefulSetSpec, config: Config): void {
  writeConfig(view, component, config);
  view.act({ do: 'create-set', component, spec });
  const { name } = view.cluster.metadata;
  view.act({ do: 'event', type: 'Normal', reason: 'SuccessfulCreate', message: `create StatefulSet ${setName(view.cluster, component)} in TidbCluster ${name} successful` });
  if (component === 'pd') throw new EndOfPass('waiting for PD cluster running');
}

function change(rolling: Rolling, manager: Manager, config: Config): void {
  const { view, component, wanted, old } = rolling;
  writeConfig(view, component, config);
  if (manager.isForced?.(rolling)) force(rolling);
  manager.scale(rolling);
  // At rest the partition follows the replicas that scaling allowed.
  if (component !== 'pump') wanted.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: wanted.replicas } };
  if (!isTemplateEqual(rolling) || isBusy(view, component, ['Upgrade'])) manager.upgrade(rolling);
  if (needsUpdate(view, old, wanted)) view.act({ do: 'update-set', old, spec: wanted });
}

function force({ view, component, old, wanted }: Rolling): void {
  componentStatus(view, component).phase = 'Upgrade';
  setPartition(wanted, 0);
  view.act({ do: 'update-set', old, spec: wanted });
  throw new EndOfPass(`${component} needs force upgrade`);
}

/** Once the owner-generation annotation exists, a new generation of the TidbCluster alone makes the operator write again. */
function needsUpdate({ cluster }: PassView, old: StatefulSet, wanted: StatefulSetSpec): boolean {
  const known = old.metadata.annotations ?? {};
  const owner = known[annotations.ownerGeneration];
  return known[annotations.lastApplied] !== JSON.stringify(wanted) || (owner !== undefined && owner !== String(cluster.metadata.generation));
}

function writeConfig(view: PassView, component: Component, { name, data }: Config): void {
  if (JSON.stringify(view.configMap(name)?.data) !== JSON.stringify(data)) view.act({ do: 'write-config-map', name, component, data });
}
