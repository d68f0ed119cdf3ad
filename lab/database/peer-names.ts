/** Which peer URLs the members of a database can use: which texts etcd can parse, and which hosts resolve from where. */
import type { Member } from './model.ts';

/** etcd's `types.NewURLs`: scheme, host and port, and nothing behind them. */
export const isSoundUrl = (url: string): boolean => /^https?:\/\/[^\s/${}?#@]+:\d+$/.test(url);

const hasSoundUrls = ({ peerUrls }: Member): boolean => peerUrls.length > 0 && peerUrls.every(isSoundUrl);

/**
 * The member whose peer URLs make `member` panic, now and at every start: any other with a malformed one or none. They are in the Raft log
 * and the membership store, so nothing mends it (etcd 3.4 and 3.5 rafthttp/transport.go).
 */
export const poisonOf = (member: Member, all: readonly Member[]): Member | undefined => all.find((other) => other !== member && !hasSoundUrls(other));

export const hostOf = (url: string): string => /^[a-z]+:\/\/(.*):\d+$/.exec(url)?.[1] ?? url;

const isLocalName = (host: string): boolean => host.endsWith('.svc');

/** DNS knows the names that the pod ever had, and each of them without its domain. */
const isKnown = (host: string, { hosts }: Member): boolean => hosts.some((own) => own === host || (isLocalName(host) && own.startsWith(`${host}.`)));

/** A name that ends in `.svc` is known only in its own Kubernetes cluster. */
export function resolvesFrom(member: Member, kubernetesCluster: string): boolean {
  const host = hostOf(member.peerUrls[0] ?? '');
  return isKnown(host, member) && (member.origin.kubernetesCluster === kubernetesCluster || !isLocalName(host));
}
