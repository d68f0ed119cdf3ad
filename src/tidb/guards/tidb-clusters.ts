/** Guards on the TidbClusters: whether the operator would act on a change, and whether somebody else is at work. */
import { passing, standing } from './guard.ts';
import type { Change, Guard } from './guard.ts';
import { allComponents, components } from '../components.ts';
import type { Component } from '../components.ts';
import { brakeOf } from '../brake.ts';
import { ownsAddress } from '../names.ts';
import { isRolling } from '../rolling.ts';
import { isSuspended, specOf, statusOf } from '../spec.ts';
import type { CertificateView, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';

const where = (each: TidbClusterView): string => `TidbCluster ${nameOf(each)} in ${each.kubernetesCluster}`;

/** A paused TidbCluster looks Ready for ever and does nothing (Ⓞ26). Our own brake is released by the run that set it. */
export const notPaused: Guard = ({ tidbClusters }) =>
  tidbClusters
    .filter((each) => each.object.spec.paused)
    .map((each) => {
      const brake = brakeOf(each.object);
      return brake
        ? passing(`brake/${each.key}`, `${where(each)} is frozen by the brake of run ${brake.workflowId} since ${brake.since}: ${brake.reason}`)
        : passing(`paused/${each.key}`, `${where(each)} is paused by somebody else (spec.paused): it is theirs to release`);
    });

export const notSuspended: Guard = ({ tidbClusters }) =>
  tidbClusters
    .filter((each) => isSuspended(each.object.spec))
    .map((each) => passing(`suspended/${each.key}`, `${where(each)} has a suspendAction`));

export const notDeleting: Guard = ({ tidbClusters }) =>
  tidbClusters.filter((each) => each.object.metadata.deletionTimestamp).map((each) => standing(`deleting/${each.key}`, `${where(each)} is being deleted`));

/**
 * How soon a standing refusal is said again, at the latest: the operator looks every 30 s (`resync-duration`), and client-go lets it say the same of one
 * object every 5 minutes when it has done so 25 times (client-go tools/record/events_cache.go, defaultSpamBurst and defaultSpamQPS). Milliseconds.
 */
const SAID_AGAIN_WITHIN_MS = 6 * 60_000;

/**
 * The operator ignores a TidbCluster that fails its validation and says so only by an event (Ⓞ27). The event is newer than the
 * object's last change of spec when it repeats; one that stopped repeating before the operator wrote status again is old.
 */
export const passesValidation: Guard = ({ tidbClusters, nowMs }) =>
  tidbClusters.flatMap((each) => {
    const refusals = each.events.filter(({ reason, involvedObject }) => reason === 'FailedValidation' && involvedObject.kind === 'TidbCluster' && involvedObject.name === each.object.metadata.name);
    const event = refusals.find((refusal) => isStanding(each, refusal.lastTimestamp ?? refusal.eventTime, nowMs));
    return event ? [passing(`validation/${each.key}`, `the operator refuses ${where(each)}: ${event.message}`)] : [];
  });

/**
 * Newer than the last write by the operator's or anybody's hand: both times are of the same API server. Who takes away all that he had set leaves no
 * time of his write: that the wrong field was mended in that way is known by the operator's silence.
 */
function isStanding(each: TidbClusterView, eventTime: string | null | undefined, nowMs: number): boolean {
  if (!eventTime) return true;
  const writes = each.object.metadata.managedFields.map((entry) => Date.parse(entry.time ?? '')).filter((time) => !Number.isNaN(time));
  const saidMs = Date.parse(eventTime);
  return saidMs >= Math.max(0, ...writes) && nowMs - saidMs <= SAID_AGAIN_WITHIN_MS;
}

/** `spec.tiproxy` with acrossK8s stops TiFlash, TiKV and all later components of that TidbCluster, without an event (§4.6, Ⓞ28). */
export const noTiproxyAcross: Guard = ({ tidbClusters }) =>
  tidbClusters
    .filter((each) => each.object.spec.tiproxy && each.object.spec.acrossK8s)
    .map((each) => standing(`tiproxy/${each.key}`, `${where(each)} has spec.tiproxy together with acrossK8s: the operator then rolls nothing after PD; move TiProxy into a TidbCluster of its own`));

/** One disruption at a time: no other component of any TidbCluster is rolling or scaling. */
export const nobodyRolls: Guard = ({ tidbClusters }, change) =>
  tidbClusters.flatMap((each) =>
    allComponents
      .filter((component) => !isTheChange(each, component, change) && specOf(each.object.spec, component) && isRolling(each, component))
      .map((component) => passing(`rolling/${each.key}/${component}`, `${components[component].title} of ${where(each)} is rolling or scaling (phase ${statusOf(each.object, component)?.phase || 'unknown'})`)),
  );

function isTheChange(each: TidbClusterView, component: Component, change: Change): boolean {
  return each.key === change.member.key && component === change.component;
}

/** Without the operator a patch is a wish. Its Lease shows whether it lives. */
export const operatorAlive: Guard = (_view, { member }) =>
  member.operator.alive === true ? [] : [passing(`operator/${member.key}`, `TiDB Operator in ${member.kubernetesCluster} ${member.operator.alive === false ? 'is down' : 'could not be judged'}: ${member.operator.detail}`)];

/**
 * With one local replica the operator leaves out leader transfer and eviction unless it knows peers (§2.3, §2.4):
 * then `peerMembers` and `peerStores` must be filled before the pod is touched.
 */
export const peersKnown: Guard = (view, { member, component }) => {
  if (component !== 'pd' && component !== 'tikv') return [];
  const others = view.tidbClusters.some((each) => each.key !== member.key && (specOf(each.object.spec, component)?.replicas ?? 0) > 0);
  const single = (specOf(member.object.spec, component)?.replicas ?? 0) === 1;
  const peers = component === 'pd' ? member.object.status.pd?.peerMembers : member.object.status.tikv?.peerStores;
  if (!single || !others || Object.keys(peers ?? {}).length > 0) return [];
  const field = component === 'pd' ? 'status.pd.peerMembers' : 'status.tikv.peerStores';
  return [passing(`peers/${member.key}/${component}`, `${where(member)} has one ${components[component].title} and ${field} is empty: its operator would restart it without moving leaders away`)];
};

/** Certificates must outlive the run: an expired one stops a restarted pod from joining its peers. */
export const CERTIFICATE_MARGIN_MS = 7 * 24 * 3_600_000;

export const certificatesValid: Guard = (view) =>
  view.tidbClusters.flatMap((each) =>
    each.certificates
      .filter((certificate) => !(certificate.notAfterMs - view.nowMs >= CERTIFICATE_MARGIN_MS))
      .map((certificate) => standing(`certificate/${each.key}/${certificate.secret}`, `the certificate in Secret ${certificate.secret} of ${where(each)} ends at ${endOf(certificate)}: renew it before anything restarts`)),
  );

function endOf({ notAfterMs }: CertificateView): string {
  return Number.isNaN(notAfterMs) ? 'a time that cannot be read' : new Date(notAfterMs).toISOString();
}

/**
 * Two TiDB clusters with data, connected by spec.cluster: nothing merges them, both look Ready (Ⓞ33), and what PD answers is of the one or of the other. Whoever
 * changed one of them, or deleted it, would not know whose data that is.
 */
export const oneDatabase: Guard = ({ name, database, tidbClusters }) => {
  const each = tidbClusters.flatMap((member) => (member.object.status.clusterID ? [{ who: where(member), id: member.object.status.clusterID }] : []));
  const ids = new Set([...each.map(({ id }) => id), ...(database ? [database.clusterId] : [])]);
  if (ids.size < 2) return [];
  const whose = each.map(({ who, id }) => `${who} runs cluster id ${id}`).join(', ');
  return [standing(`second-database/${[...ids].sort().join('/')}`, `two TiDB clusters with data are never connected: ${whose}${database ? `, and the PD that was asked is of ${database.clusterId}` : ''}; take spec.cluster away from what is not ${name}`)];
};

/** A PD member or store that belongs to no known TidbCluster: somebody runs a part of this cluster that the inventory does not show. */
export const noUnknownParts: Guard = ({ database, tidbClusters }) => {
  if (!database) return [];
  const known = (component: string, address: string): boolean => tidbClusters.some((each) => ownsAddress(each, component, address));
  const members = database.members
    .filter((member) => !known('pd', member.clientUrls[0] ?? member.peerUrls[0] ?? ''))
    .map((member) => standing(`unknown-part/pd/${member.id}`, `unknown part of this cluster: PD member ${member.name || member.id} at ${member.clientUrls[0] ?? member.peerUrls[0] ?? 'no URL'} belongs to no TidbCluster found through the inventory`));
  const stores = database.stores
    .filter((store) => store.state !== 'Tombstone' && !known(store.engine, store.address))
    .map((store) => standing(`unknown-part/store/${store.id}`, `unknown part of this cluster: store ${store.id} at ${store.address} belongs to no TidbCluster found through the inventory`));
  return [...members, ...stores];
};
