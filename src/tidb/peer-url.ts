/**
 * The one right peer URL of a PD member, and everything that can be wrong with another text. etcd's v3 API takes any text as a peer URL, and a wrong
 * one makes the other members panic at every start (§5.4): nothing else stands between a slip and the loss of the cluster.
 */

/** Where a PD member runs, as its TidbCluster's spec has it. */
export interface PeerPlace {
  /** `<tidbCluster>-pd-<ordinal>`. */
  pod: string;
  tidbCluster: string;
  namespace: string;
  /** `spec.clusterDomain`; undefined: names end in `.svc`, as with `acrossK8s` alone. */
  domain: string | undefined;
  /** Whether `spec.tlsCluster.enabled` is true. */
  tls: boolean;
}

const PEER_PORT = '2380';
const FORBIDDEN = /[^a-z0-9.:/-]/;
/** RFC 1123, as Kubernetes has it for names and for each part of a domain. */
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** A longer name has no place in DNS. */
const LONGEST_NAME = 253;

const schemeOf = ({ tls }: PeerPlace): string => (tls ? 'https' : 'http');

function hostOf({ pod, tidbCluster, namespace, domain }: PeerPlace): string {
  const suffix = domain === undefined ? '' : `.${domain}`;
  return `${pod}.${tidbCluster}-pd-peer.${namespace}.svc${suffix}`;
}

/** The start script's `--advertise-peer-urls` (tidb-operator v1.6 startscript/v2/pd_start_script.go). */
export function expectedPeerUrl(place: PeerPlace): string {
  return `${schemeOf(place)}://${hostOf(place)}:${PEER_PORT}`;
}

/**
 * Every reason why `url` must not become the peer URL of the member at `place`; empty: it may. `others` are all members but this one.
 * Invariant: only the text `expectedPeerUrl(place)` passes, and only when the place itself makes sense and no other member has it.
 */
export function peerUrlProblems(url: string, place: PeerPlace, others: readonly { name: string; peerUrls: readonly string[] }[]): string[] {
  const problems = [...placeProblems(place), ...textProblems(url), ...partProblems(url, place)];
  const owner = others.find(({ peerUrls }) => peerUrls.includes(url));
  if (owner) problems.push(`member ${owner.name || 'without a name'} has this peer URL already`);
  if (url !== expectedPeerUrl(place)) problems.push(`it must be exactly ${expectedPeerUrl(place)}`);
  return problems;
}

function placeProblems({ pod, tidbCluster, namespace, domain }: PeerPlace): string[] {
  const problems: string[] = [];
  if (!dnsLabel.test(tidbCluster)) problems.push(`"${tidbCluster}" is not the name of a TidbCluster`);
  if (!dnsLabel.test(namespace)) problems.push(`"${namespace}" is not the name of a namespace`);
  if (domain !== undefined && !isDomain(domain)) problems.push(`"${domain}" is not a DNS domain`);
  if (!pod.startsWith(`${tidbCluster}-pd-`) || !/^(0|[1-9]\d*)$/.test(pod.slice(`${tidbCluster}-pd-`.length)) || !dnsLabel.test(pod)) problems.push(`"${pod}" is not a PD pod of TidbCluster ${tidbCluster}`);
  return problems;
}

/** Lower-case labels with dots between them: what `clusterDomain` may be. */
export const isDomain = (text: string): boolean => text.length <= LONGEST_NAME && text.split('.').every((label) => dnsLabel.test(label));

/** What no right URL holds, whatever its place. */
function textProblems(url: string): string[] {
  const problems: string[] = [];
  if (/\s/.test(url)) problems.push('it has a space or a line break');
  if (/[${}]/.test(url)) problems.push('it has a variable that was not filled in');
  if (/[A-Z]/.test(url)) problems.push('it has a capital letter');
  if (/[,;]/.test(url) || url.indexOf('://') !== url.lastIndexOf('://')) problems.push('it is more than one URL');
  if (FORBIDDEN.test(url) && problems.length === 0) problems.push(`it has the character "${FORBIDDEN.exec(url)?.[0]}"`);
  return problems;
}

/** What a URL parser makes of the text, part by part. */
function partProblems(url: string, place: PeerPlace): string[] {
  if (!URL.canParse(url)) return ['it is not a URL'];
  const parsed = new URL(url);
  const { protocol, hostname, port } = parsed;
  const problems = extraParts(url, parsed);
  if (port !== PEER_PORT) problems.unshift(`its port is ${port || 'missing'}, not ${PEER_PORT}`);
  if (hostname !== hostOf(place)) problems.unshift(`its host is ${hostname || 'missing'}, not ${hostOf(place)}`);
  if (protocol !== `${schemeOf(place)}:`) problems.unshift(`its scheme is ${protocol.replace(/:$/, '')}, but TLS is ${place.tls ? 'on' : 'off'}`);
  // A parser mends what it can: `http:/host`, a port with a leading zero. The canonical text has none of that, and no final slash.
  if (problems.length === 0 && parsed.href.replace(/\/$/, '') !== url) problems.push('it is not written in the canonical way');
  return problems;
}

/** Parts that a peer URL must not have, also where they are empty. */
function extraParts(url: string, { pathname }: URL): string[] {
  const problems: string[] = [];
  if (url.includes('@')) problems.push('it has user information');
  if (pathname !== '/' || url.endsWith('/')) problems.push('it has a path');
  if (url.includes('?')) problems.push('it has a query');
  if (url.includes('#')) problems.push('it has a fragment');
  return problems;
}
