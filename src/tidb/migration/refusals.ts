/**
 * Why a TidbCluster must not be migrated to across-Kubernetes: each rule a function of what was observed and what is wished, all of them asked in
 * one answer. None of these goes away by waiting.
 */
import { components } from '../components.ts';
import { refusalsOf } from '../guards/refusing.ts';
import { parseHost } from '../names.ts';
import { isDomain } from '../peer-url.ts';
import { desiredImage } from '../spec.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';
import { presentComponents } from './across.ts';
import { namesMissing } from './certificate-names.ts';
import { membersSeen, peerUrlState } from './peer-urls.ts';

/** What the planner needs of the contract's input. */
export interface MigrateWish {
  cluster: string;
  clusterDomain?: string | undefined;
  backupWaiver?: string | undefined;
  probeImage?: string | undefined;
}

export type Refusal = (view: ClusterView, wish: MigrateWish, member: TidbClusterView) => string[];

const where = (member: TidbClusterView): string => `TidbCluster ${nameOf(member)} in ${member.kubernetesCluster}`;

/** Exactly one TidbCluster: what is spread already needs no migration. Of two that have data of their own `oneDatabase` tells. */
export const oneTidbCluster: Refusal = ({ name, tidbClusters }, _wish, first) => {
  const others = tidbClusters.filter((each) => each.key !== first.key);
  return others.length > 0 ? [`TiDB cluster ${name} has ${tidbClusters.length} TidbClusters (${tidbClusters.map(nameOf).join(', ')}): only one that stands alone is migrated`] : [];
};

export const isInitial: Refusal = (_view, _wish, member) =>
  member.object.spec.cluster?.name ? [`${where(member)} refers to another one by spec.cluster (${member.object.spec.cluster.name}): only the TidbCluster that holds the data is migrated`] : [];

export const hasPd: Refusal = (_view, _wish, member) => (member.object.spec.pd && member.object.spec.pd.replicas > 0 ? [] : [`${where(member)} has no PD of its own`]);

export const domainIsDns: Refusal = (_view, { clusterDomain }) =>
  clusterDomain === undefined || isDomain(clusterDomain) ? [] : [`clusterDomain "${clusterDomain}" is not a DNS domain: lower-case letters, digits and - in labels with dots between them, e.g. "cluster.local"`];

/** A cluster domain cannot be changed later: it stands in member names, peer URLs, store addresses and certificates (§4.3). */
export const domainIsNew: Refusal = (_view, { clusterDomain }, member) => {
  const now = member.object.spec.clusterDomain;
  if (!now || now === clusterDomain) return [];
  return [clusterDomain === undefined ? `${where(member)} has spec.clusterDomain ${now} already: give "clusterDomain": "${now}"` : `${where(member)} has spec.clusterDomain ${now} already: a cluster domain cannot be changed to ${clusterDomain}`];
};

/** Members or stores that are known under another domain, whatever the spec says by now. */
export const nobodyHasAnotherDomain: Refusal = ({ database }, { clusterDomain = '' }) => {
  const others = (addresses: string[]): string[] => addresses.filter((address) => !['', clusterDomain].includes(parseHost(address)?.domain ?? ''));
  const members = others((database?.members ?? []).flatMap((each) => each.clientUrls));
  const stores = others((database?.stores ?? []).filter((store) => store.state !== 'Tombstone').map((store) => store.address));
  return [
    ...members.map((url) => `a PD member is known as ${url} already, which is not of domain ${clusterDomain || '(none)'}`),
    ...stores.map((address) => `a store is known as ${address} already, which is not of domain ${clusterDomain || '(none)'}`),
  ];
};

/** tidb-operator v1.6 tiproxy_member_manager.go (§4.6, Ⓞ28). */
export const noTiproxy: Refusal = (_view, _wish, member) =>
  member.object.spec.tiproxy ? [`${where(member)} has spec.tiproxy: with acrossK8s its operator rolls nothing after PD; move TiProxy into a TidbCluster of its own first`] : [];

/** A backup must be younger than this: what came after it is lost when PD is. */
export const BACKUP_AGE_MS = 24 * 3_600_000;

export const backedUp: Refusal = ({ backups, nowMs }, { backupWaiver }, member) => {
  if (backupWaiver) return [];
  const waive = 'or say with backupWaiver why none is needed';
  if (typeof backups === 'string') return [`the backups of ${where(member)} cannot be read (${backups}): grant it, ${waive}`];
  const own = (backups ?? []).filter((backup) => backup.of === nameOf(member) && backup.completedAtMs !== undefined);
  const newest = Math.max(...own.map((backup) => backup.completedAtMs ?? 0));
  if (nowMs - newest <= BACKUP_AGE_MS) return [];
  const seen = own.length === 0 ? 'no complete full Backup of it was found in its namespace' : `its newest complete Backup is of ${new Date(newest).toISOString()}, more than ${BACKUP_AGE_MS / 3_600_000} hours ago`;
  return [`this may lose data and ${seen}: back ${where(member)} up, ${waive}`];
};

/** Official images whose start script cannot ask discovery: they have no wget (tidb-operator #5037, #5231). */
const withoutWget = [
  { image: /(^|\/)pingcap\/tikv:v7\.1\.0$/, name: 'pingcap/tikv:v7.1.0' },
  { image: /(^|\/)pingcap\/tidb:v7\.1\.0$/, name: 'pingcap/tidb:v7.1.0' },
];

export const imagesHaveWget: Refusal = (_view, _wish, member) =>
  presentComponents(member.object.spec).flatMap((component) => {
    const image = desiredImage(member.object.spec, component);
    if (!image) return [`${components[component].title} of ${where(member)} uses the legacy field "image": set baseImage and version instead`];
    return withoutWget.some((bad) => bad.image.test(image)) ? [`${image} has no wget, with which its start script asks discovery once acrossK8s is set: its pods would wait for ever; upgrade first`] : [];
  });

export const certificatesHaveNames: Refusal = (_view, { clusterDomain = '' }, member) => namesMissing(member, clusterDomain);

/** etcd's membership: served at all, and no peer URL that no write can mend. */
export const peerUrlsMendable: Refusal = (view, { clusterDomain = '' }, member) => {
  const api = view.memberApi;
  if (!api || api.served === 'none') return ["PD serves neither etcd's v3 gateway nor its v2 members API, over which peer URLs are written: set enable-grpc-gateway to true in PD's configuration"];
  return membersSeen(api).flatMap((each) => {
    const state = peerUrlState(view, member, each, clusterDomain);
    return state.is === 'unmendable' ? [state.why] : [];
  });
};

const rules: readonly Refusal[] = [oneTidbCluster, isInitial, hasPd, domainIsDns, domainIsNew, nobodyHasAnotherDomain, noTiproxy, backedUp, imagesHaveWget, certificatesHaveNames, peerUrlsMendable];

export function migrationRefusals(view: ClusterView, wish: MigrateWish): string[] {
  const [member] = view.tidbClusters;
  return member ? [...new Set([...refusalsOf(view).filter((sentence) => !sentence.includes('spec.tiproxy')), ...rules.flatMap((rule) => rule(view, wish, member))])] : ['there is no TidbCluster'];
}
