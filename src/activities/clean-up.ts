/** The end of a run: removes what the run itself set, frees the locks, and says truthfully what state remains. */
import { sentenceOf } from '../errors.ts';
import { tidbClusterOf } from '../inventory.ts';
import { resources } from '../kubernetes/resources.ts';
import type { CleanUpResult, RunCall } from '../protocol/activities.ts';
import { brakeOf } from '../tidb/brake.ts';
import { allComponents, components } from '../tidb/components.ts';
import { canonical } from '../tidb/drift.ts';
import { exitStateOf } from '../tidb/exit/back.ts';
import { allDeparted } from '../tidb/exit/departed.ts';
import type { Departed } from '../tidb/exit/departed.ts';
import { reclaimable } from '../tidb/exit/remains.ts';
import { isRolling } from '../tidb/rolling.ts';
import { desiredVersion, specOf } from '../tidb/spec.ts';
import type { ClusterView, ProbeView, TidbClusterView } from '../tidb/view.ts';
import { findByKey, nameOf, placeOf } from '../tidb/view.ts';
import { releaseBrake } from './brake.ts';
import { releaseLease } from './lock.ts';
import { releaseMaintenanceLock } from './maintenance-lock.ts';
import { observe } from './observing/observe.ts';
import { readRemains } from './observing/read-remains.ts';
import { targetOf } from './observing/target.ts';
import { tryPatiently } from './patience.ts';
import type { Pulse } from './pulse.ts';
import { referenceAnnotation } from './steps/repoint-reference.ts';
import { revisionsAnnotation } from './steps/settle-versions.ts';
import type { Surroundings } from './surroundings.ts';
import { carryOut, patchTidbCluster } from './write.ts';

/** Longer than a step's: after this the person is told what is left to do by hand. */
const SILENCE_MS = 60_000;

export async function cleanUp(at: Surroundings, call: RunCall, pulse: Pulse): Promise<CleanUpResult> {
  const remains: string[] = [];
  /** Each part is tried for itself; one that fails is said and stops no other. */
  const part = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const tried = await tryPatiently(pulse, act, SILENCE_MS).catch((error: unknown) => ({ silent: { message: sentenceOf(error) } }));
    if ('silent' in tried) remains.push(`${what} could not be done: ${tried.silent.message}`);
  };

  const seen = await tryPatiently(pulse, () => observe(at, targetOf(call, { probes: true }), pulse.signal), SILENCE_MS).catch((error: unknown) => ({ silent: { message: sentenceOf(error) } }));
  if ('ok' in seen) {
    for (const member of seen.ok.tidbClusters) {
      if (brakeOf(member.object)) await part(`releasing the brake of TidbCluster ${nameOf(member)} in ${member.kubernetesCluster} (spec.paused)`, () => releaseBrake(at, call, member));
      for (const annotation of revisionsAnnotations.filter((name) => member.object.metadata.annotations[name])) await part(`removing the annotation ${annotation} of ${nameOf(member)}`, () => forget(at, call, { key: member.key, annotation }, pulse));
    }
    for (const probe of seen.ok.probes ?? []) await part(`removing pod ${probe.name}, which looked names up`, () => removeProbe(at, call, seen.ok, probe));
    remains.push(...stateOf(seen.ok), ...exitOf(at, call, seen.ok));
    for (const departed of departedOf(call, seen.ok)) await part(`reading what ${departed.place.namespace}/${departed.place.name} in ${departed.place.kubernetesCluster} has left`, async () => remains.push(...(await leftBy(at, call, departed))));
    await part(`freeing PD's maintenance lock of ${call.cluster}`, () => releaseMaintenanceLock(at, call));
  } else remains.push(`the state could not be read, so nothing of it was cleaned up: ${seen.silent.message}`);
  const { initial } = tidbClusterOf(at.inventory, call.cluster);
  await part(`removing the lock (Lease ${initial.namespace}/tidb-runbooks-${call.cluster} in ${initial.kubernetesCluster})`, () => releaseLease(at, call));
  return { remains };
}

/** In which a patch that must roll nothing keeps the revisions from before. */
const revisionsAnnotations = [revisionsAnnotation, referenceAnnotation];

async function forget(at: Surroundings, call: RunCall, { key, annotation }: { key: string; annotation: string }, pulse: Pulse): Promise<void> {
  const view = await observe(at, targetOf(call), pulse.signal);
  const member = findByKey(view, key);
  if (member) await patchTidbCluster(at, call, member, { metadata: { annotations: { [annotation]: null } } });
}

/** After an exit, begun or done: how far it is, the way back, and the inventory when its initial TidbCluster is gone. */
function exitOf(at: Surroundings, { runbook, cluster }: RunCall, view: ClusterView): string[] {
  if (runbook !== 'exitCluster') return [];
  const { initial } = tidbClusterOf(at.inventory, cluster);
  const [first] = view.tidbClusters;
  const isThere = view.tidbClusters.some((each) => canonical(placeOf(each)) === canonical(initial));
  const inventory = isThere || !first ? [] : [`the inventory names ${initial.namespace}/${initial.name} in ${initial.kubernetesCluster} as the initial TidbCluster of ${cluster}, which is gone: name another there, such as ${nameOf(first)} in ${first.kubernetesCluster}, before the next run`];
  return [...view.tidbClusters.flatMap((member) => exitStateOf(view, member)), ...inventory];
}

function departedOf({ runbook }: RunCall, view: ClusterView): Departed[] {
  return runbook === 'exitCluster' ? allDeparted(view.tidbClusters) : [];
}

/** Of a TidbCluster that an exit has deleted: what can still be reclaimed, and how. */
async function leftBy(at: Surroundings, { cluster }: RunCall, { key, place }: Departed): Promise<string[]> {
  const remains = await readRemains(at.kubernetes(place.kubernetesCluster), place);
  const left = reclaimable(remains);
  if (remains.object || left === '') return [];
  return [`TidbCluster ${place.namespace}/${place.name} in ${place.kubernetesCluster} has left and is deleted; of it stay ${left}: tidb-runbook start exit ${cluster} --leaving ${key}, with what is to be reclaimed, deletes them`];
}

/** Whoever made it: the lock is ours. */
async function removeProbe(at: Surroundings, call: RunCall, view: ClusterView, { name, uid }: ProbeView): Promise<void> {
  const [member] = view.tidbClusters;
  if (!member) return;
  const object = { ...resources.pod, namespace: member.object.metadata.namespace, name, uid };
  await carryOut(at, call, { view, member }, { write: 'delete-object', kubernetesCluster: member.kubernetesCluster, object });
}

/** What runs now, what rolls on without us, what stays paused. */
function stateOf(view: ClusterView): string[] {
  return view.tidbClusters.flatMap((member) => [versionsOf(member), ...rollingOf(member), ...pausedOf(member)]);
}

function versionsOf(member: TidbClusterView): string {
  const present = allComponents.filter((component) => specOf(member.object.spec, component));
  return `TidbCluster ${nameOf(member)} in ${member.kubernetesCluster} asks for ${present.map((component) => `${components[component].title} ${desiredVersion(member.object.spec, component)}`).join(', ')}`;
}

function rollingOf(member: TidbClusterView): string[] {
  return allComponents
    .filter((component) => specOf(member.object.spec, component) && isRolling(member, component))
    .map((component) => `${components[component].title} of ${nameOf(member)} in ${member.kubernetesCluster} is still rolling: its operator goes on with that by itself`);
}

function pausedOf(member: TidbClusterView): string[] {
  if (!member.object.spec.paused || brakeOf(member.object)) return [];
  return [`TidbCluster ${nameOf(member)} in ${member.kubernetesCluster} stays paused by somebody else`];
}
