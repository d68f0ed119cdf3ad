/** What an exit leaves in Kubernetes, what of it is reclaimed by wish, and the question that a person answers before anything is deleted (§3.11). */
import type { ClaimLeftover, Leftover, Remains, VolumeLeftover } from '../view.ts';

/** `claims`: the PersistentVolumeClaims; `volumes`: their volumes too, whatever their policy says. */
export const dataWishes = ['keep', 'claims', 'volumes'] as const;

export interface Reclaim {
  data: (typeof dataWishes)[number];
  secrets: boolean;
  monitor: boolean;
}

/** Everything named as it was when the plan was made: what comes later is reported, never deleted. */
export interface Doomed {
  claims: ClaimLeftover[];
  volumes: VolumeLeftover[];
  secrets: Leftover[];
  monitors: Leftover[];
}

export function doomedBy(remains: Remains, reclaim: Reclaim): Doomed {
  return {
    claims: reclaim.data === 'keep' ? [] : remains.claims,
    volumes: reclaim.data === 'volumes' ? remains.volumes : [],
    secrets: reclaim.secrets ? remains.secrets : [],
    monitors: reclaim.monitor ? remains.monitors : [],
  };
}

/** What could not be read although it is to be reclaimed: an empty list would then be no knowledge. */
export function unreadWishes({ unread }: Remains, reclaim: Reclaim): string[] {
  const wanted = [...(reclaim.data === 'keep' ? [] : ['persistentvolumeclaims', 'persistentvolumes']), ...(reclaim.secrets ? ['secrets'] : []), ...(reclaim.monitor ? ['tidbmonitors'] : [])];
  return wanted.filter((plural) => unread.includes(plural));
}

/** One sentence per kind: what is deleted and what stays. */
export function fateOf(remains: Remains, reclaim: Reclaim): string[] {
  const doomed = doomedBy(remains, reclaim);
  return [
    fate('PersistentVolumeClaims', remains.claims.map(({ name }) => name), doomed.claims.length > 0),
    ...volumesFate(remains, reclaim),
    fate('Secrets', remains.secrets.map(({ name }) => name), reclaim.secrets),
    fate('TidbMonitors', remains.monitors.map(({ name }) => name), reclaim.monitor),
    ...(remains.unread.length > 0 ? [`Not known, since the worker may not read them: ${remains.unread.join(', ')}.`] : []),
  ].filter((sentence) => sentence !== '');
}

function fate(kind: string, names: string[], isDeleted: boolean): string {
  if (names.length === 0) return '';
  return `${kind} ${isDeleted ? 'to be deleted' : 'that stay'} (${names.length}): ${names.join(', ')}.`;
}

function volumesFate({ volumes }: Remains, { data }: Reclaim): string[] {
  const named = volumes.map(({ name, reclaimPolicy }) => `${name} (${reclaimPolicy})`);
  if (data !== 'claims') return [fate('PersistentVolumes', named, data === 'volumes')];
  const goes = (volume: VolumeLeftover): boolean => volume.reclaimPolicy === 'Delete';
  return [
    fate('PersistentVolumes that go with their claims by their policy Delete,', volumes.filter(goes).map(({ name }) => name), true),
    fate('PersistentVolumes', volumes.filter((volume) => !goes(volume)).map(({ name, reclaimPolicy }) => `${name} (${reclaimPolicy})`), false),
  ];
}

/** What the proof of a deletion still misses, in words: the object, and what its operator and Kubernetes take away after it. */
export function whatStands({ object, statefulSets, pods }: Remains): string[] {
  const finalizers = object?.metadata.deletionTimestamp ? ', and waits for its finalizers' : '';
  return [
    ...(object ? [`the object is there${finalizers}`] : []),
    ...(statefulSets.length > 0 ? [`StatefulSets are left: ${statefulSets.map(({ name }) => name).join(', ')}`] : []),
    ...(pods.length > 0 ? [`pods are left: ${pods.map(({ name }) => name).join(', ')}`] : []),
  ];
}

/** What a deleted TidbCluster has left and an exit can reclaim: `2 PersistentVolumeClaims, 1 Secrets`; empty when it is nothing. */
export function reclaimable({ claims, secrets, monitors }: Remains): string {
  const counted = { PersistentVolumeClaims: claims, Secrets: secrets, TidbMonitors: monitors };
  return Object.entries(counted).filter(([, list]) => list.length > 0).map(([kind, list]) => `${list.length} ${kind}`).join(', ');
}
