/** How the TiDB cluster is put together: what would not survive a loss, a bootstrap, or a join. */
import type { Finding } from '../../protocol/check.ts';
import { tikvStores } from '../guards/database.ts';
import { ownsAddress, parseHost, podOf } from '../names.ts';
import type { ClusterView, DatabaseView } from '../view.ts';
import { nameOf } from '../view.ts';

/** One of three may be lost; of one or two none. */
const SAFE_MEMBERS = 3;

export function topologyFindings(view: ClusterView): Finding[] {
  return [...twoInitial(view), ...twoDatabases(view), ...unequalTls(view), ...mayBootstrap(view), ...(view.database ? [...fewMembers(view.database), ...fewStores(view.database), ...oldPeerUrls(view)] : [])];
}

function twoInitial({ tidbClusters }: ClusterView): Finding[] {
  const initials = tidbClusters.filter((each) => each.initial);
  if (initials.length < 2) return [];
  return [{ severity: 'critical', key: 'topology/two-initial', message: `${initials.map(nameOf).join(' and ')} both have no spec.cluster: a PD of either that loses its data begins a new, empty TiDB cluster` }];
}

/** A TidbCluster that bootstrapped by itself stays Ready and apart (Ⓞ33). */
function twoDatabases({ tidbClusters, database }: ClusterView): Finding[] {
  const strangers = tidbClusters.filter(({ object }) => database && object.status.clusterID && object.status.clusterID !== database.clusterId);
  return strangers.map((each) => ({ severity: 'critical', key: `topology/cluster-id/${each.key}`, message: `TidbCluster ${nameOf(each)} in ${each.kubernetesCluster} runs another TiDB cluster (id ${each.object.status.clusterID ?? ''}) than the one it refers to (id ${database?.clusterId ?? ''})` }));
}

function unequalTls({ tidbClusters }: ClusterView): Finding[] {
  const enabled = new Set(tidbClusters.map((each) => each.object.spec.tlsCluster?.enabled ?? false));
  return enabled.size < 2 ? [] : [{ severity: 'critical', key: 'topology/tls', message: 'spec.tlsCluster.enabled is not the same in all TidbClusters: their components cannot reach each other' }];
}

/** §4.5: discovery bootstraps for a TidbCluster without spec.cluster whose PD has lost its data. */
function mayBootstrap({ tidbClusters }: ClusterView): Finding[] {
  const others = tidbClusters.filter((each) => !each.initial && each.object.spec.pd);
  if (others.length === 0) return [];
  return tidbClusters
    .filter((each) => each.initial)
    .map((each) => ({ severity: 'notice', key: `topology/bootstrap/${each.key}`, message: `TidbCluster ${nameOf(each)} in ${each.kubernetesCluster} has no spec.cluster: if all of its PD data is lost, it begins a new, empty TiDB cluster; once another TidbCluster has a healthy PD it can refer to that one (rolls nothing)` }));
}

function fewMembers({ members }: DatabaseView): Finding[] {
  if (members.length < SAFE_MEMBERS) return [{ severity: 'warning', key: 'topology/pd-members', message: `PD has ${members.length} member${members.length === 1 ? '' : 's'}: the loss of one stops the database` }];
  if (members.length % 2 === 1) return [];
  return [{ severity: 'notice', key: 'topology/pd-even', message: `PD has ${members.length} members: an even number survives no more losses than one less` }];
}

function fewStores(database: DatabaseView): Finding[] {
  const stores = tikvStores(database).length;
  if (stores < database.maxReplicas) return [{ severity: 'warning', key: 'topology/tikv-stores', message: `${stores} TiKV stores and max-replicas ${database.maxReplicas}: regions can never have all replicas` }];
  if (stores > database.maxReplicas) return [];
  return [{ severity: 'notice', key: 'topology/tikv-spare', message: `as many TiKV stores as max-replicas (${stores}): after the loss of one the replicas cannot be made whole, and none may leave` }];
}

/** A PD that wants to join asks each member's first peer URL; without the domain it cannot resolve it (§4.2, Ⓞ21). */
function oldPeerUrls({ database, tidbClusters }: ClusterView): Finding[] {
  return (database?.members ?? []).flatMap((member): Finding[] => {
    const owner = tidbClusters.find((each) => member.clientUrls.some((url) => ownsAddress(each, 'pd', url)));
    const domain = owner?.object.spec.clusterDomain ?? '';
    if (!owner || domain === '' || member.peerUrls.every((url) => parseHost(url)?.domain === domain)) return [];
    const pod = podOf(member.clientUrls[0] ?? member.name);
    return [{ severity: 'warning', key: `topology/peer-url/${owner.key}/${pod}`, message: `the peer URL of PD member ${pod} (${member.peerUrls.join(', ')}) does not carry the domain ${domain} of its TidbCluster: no PD of another Kubernetes cluster can join; migrateCluster mends it` }];
  });
}
