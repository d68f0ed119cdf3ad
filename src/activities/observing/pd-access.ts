/**
 * Ways to PD: through port-forwards over the API servers (default), or directly where the worker is inside the network. TLS material
 * is read from the cluster-client Secret of the TidbCluster when a connection is made, kept for a minute at most, and shown nowhere.
 */
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import type { InventoryTidbCluster } from '../../inventory.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { forwardToPod, originOf } from '../../kubernetes/port-forward.ts';
import type { PodTls } from '../../kubernetes/port-forward.ts';
import { anyOf } from '../../pd/any-of.ts';
import type { PdApi } from '../../pd/api.ts';
import { pdOver } from '../../pd/pd-client.ts';
import { transportOver } from '../../pd/transport.ts';
import type { Transport, TransportAnswer } from '../../pd/transport.ts';
import { ownsAddress, podOf } from '../../tidb/names.ts';
import { podsOf } from '../../tidb/rolling.ts';
import { clusterClientSecret } from '../../tidb/secrets.ts';
import type { TidbClusterView } from '../../tidb/view.ts';
import { findByKey } from '../../tidb/view.ts';
import type { OwnVoice } from './read-database.ts';
import type { Speaker } from './read-member-api.ts';
import { readSecret } from './read-tidb-cluster.ts';

const PD_PORT = 2379;
/**
 * Certificates are renewed in place (§6.5): a connection made with older material than this is made anew. One that nobody has used for so
 * long is let go: what the connections of thousands of waits keep adds up, and the Secret would be read again anyway.
 */
const MATERIAL_AGE_MS = 60_000;
/** More members than this are not asked for their own readiness in one look. */
const MOST_VOICES = 9;

/** Where PD of one pod is, and how its TLS is checked. */
interface Way {
  /** `shop-west-pd-0 in west`. */
  name: string;
  /** Whether a client URL is of the one PD that answers here; undefined for a Service that may lead to any. */
  speaksFor: ((clientUrl: string) => boolean) | undefined;
  open(): Promise<{ dispatcher: Dispatcher; origin: string }>;
}

interface Connection {
  dispatcher: Dispatcher;
  transport: Transport;
}

/** A connection that is made when it is needed, and made anew when its TLS material is old or it failed. */
class Connected implements Transport {
  readonly name: string;
  readonly #way: Way;
  readonly #renews: boolean;
  #current: Promise<Connection> | undefined;
  #openedAt = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(way: Way, renews: boolean) {
    this.name = way.name;
    this.#way = way;
    this.#renews = renews;
  }

  async request(...call: Parameters<Transport['request']>): Promise<TransportAnswer> {
    if (this.#renews && performance.now() - this.#openedAt > MATERIAL_AGE_MS) this.#retire(this.#current);
    const current = (this.#current ??= this.#open());
    this.#idle ??= setTimeout(() => this.#retire(this.#current), MATERIAL_AGE_MS).unref();
    this.#idle.refresh();
    try {
      return await (await current).transport.request(...call);
    } catch (error) {
      // A caller's own end says nothing about the connection, which others use as well.
      if (!call[3].signal?.aborted) this.#retire(current);
      throw error;
    }
  }

  /** New requests get a new connection; those under way on this one may still be answered: cut off, they would retire the new one in their turn. */
  #retire(connection: Promise<Connection> | undefined): void {
    connection?.then(({ dispatcher }) => dispatcher.close()).catch(() => undefined);
    if (this.#current === connection) this.#current = undefined;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#current?.then(({ dispatcher }) => dispatcher.destroy()).catch(() => undefined);
    this.#current = undefined;
  }

  async #open(): Promise<Connection> {
    this.#openedAt = performance.now();
    const { dispatcher, origin } = await this.#way.open();
    return { dispatcher, transport: transportOver(dispatcher, origin, this.name) };
  }
}

/** The ways to a PD: as a whole, each member's own voice as far as it can be told apart, and every way for itself. */
export interface PdWays {
  /** Tells these ways from others. */
  id: string;
  pd: PdApi;
  voices: OwnVoice[];
  each: Speaker[];
}

export class PdAccess {
  readonly #kubernetes: (name: string) => KubernetesApi;
  readonly #connected = new Map<string, Connected>();
  /** The last ones per TiDB cluster and exception; while they stay the same, their client remembers which of them answered last. */
  readonly #last = new Map<string, PdWays>();

  constructor(kubernetes: (name: string) => KubernetesApi) {
    this.#kubernetes = kubernetes;
  }

  /** Connections are kept between calls. `except`: key of a TidbCluster whose PD is not asked. */
  of(entry: InventoryTidbCluster, members: TidbClusterView[], except?: string): PdWays {
    const ways = waysTo(entry, { members, except: except === undefined ? undefined : findByKey({ tidbClusters: members }, except) }, this.#kubernetes);
    const transports = ways.map((way) => ({ way, transport: this.#connect(way.key, way, way.tls) }));
    const id = ways.map((way) => way.key).join(' ');
    const last = this.last(entry, except);
    const pd = last?.id === id ? last.pd : pdOver(anyOf(transports.map((each) => each.transport)));
    const voices = transports.flatMap(({ way, transport }) => (way.speaksFor ? [{ speaksFor: way.speaksFor, pd: pdOver(transport) }] : []));
    const each = transports.map(({ transport }) => ({ name: transport.name, pd: pdOver(transport) }));
    const found = { id, pd, voices: voices.slice(0, MOST_VOICES), each: each.slice(0, MOST_VOICES) };
    this.#last.set(whose(entry, except), found);
    return found;
  }

  /** What `of` returned last. */
  last(entry: InventoryTidbCluster, except?: string): PdWays | undefined {
    return this.#last.get(whose(entry, except));
  }

  close(): void {
    for (const connected of this.#connected.values()) connected.close();
    this.#connected.clear();
  }

  #connect(key: string, way: Way, renews: boolean): Connected {
    const known = this.#connected.get(key) ?? new Connected(way, renews);
    this.#connected.set(key, known);
    return known;
  }
}

const whose = ({ name }: InventoryTidbCluster, except = ''): string => `${name} ${except}`;

type KeyedWay = Way & { key: string; tls: boolean };

interface Asked {
  members: TidbClusterView[];
  except: TidbClusterView | undefined;
}

function waysTo(entry: InventoryTidbCluster, { members, except }: Asked, kubernetes: (name: string) => KubernetesApi): KeyedWay[] {
  const asked = members.filter((each) => each !== except);
  if (entry.pd.access === 'direct' && entry.pd.urls) return entry.pd.urls.filter((url) => !except || !isServedBy(except, url)).map((url) => urlWay(url, asked[0], kubernetes));
  return asked.flatMap((member) =>
    podsOf(member, 'pd')
      .filter((pod) => pod.status.phase === 'Running' && !pod.metadata.deletionTimestamp)
      .map((pod) => podWay(entry, member, { name: pod.metadata.name, uid: pod.metadata.uid }, kubernetes)),
  );
}

/** A URL that the inventory gives may name a TidbCluster's PD Service, or one of its pods. */
function isServedBy({ object: { metadata: { name, namespace } } }: TidbClusterView, url: string): boolean {
  const labels = new URL(url).hostname.split('.');
  return labels.includes(namespace) && (labels.includes(`${name}-pd`) || labels.includes(`${name}-pd-peer`));
}

function podWay(entry: InventoryTidbCluster, member: TidbClusterView, pod: { name: string; uid: string }, kubernetes: (name: string) => KubernetesApi): KeyedWay {
  const { namespace, name } = member.object.metadata;
  const domain = member.object.spec.clusterDomain;
  const host = `${pod.name}.${name}-pd-peer.${namespace}.svc`;
  const api = kubernetes(member.kubernetesCluster);
  const tls = member.object.spec.tlsCluster?.enabled ?? false;
  const open = async (): Promise<{ dispatcher: Dispatcher; origin: string }> => {
    const material = tls ? await clientMaterial(api, member, host) : undefined;
    if (entry.pd.access === 'direct') return direct(`${material ? 'https' : 'http'}://${host}${domain ? `.${domain}` : ''}:${PD_PORT}`, material);
    const target = { namespace, pod: pod.name, port: PD_PORT };
    return { dispatcher: forwardToPod(api, target, material), origin: originOf(target, material) };
  };
  return { key: `${entry.name} ${member.key} ${pod.uid}`, name: `${pod.name} in ${member.kubernetesCluster}`, speaksFor: (url) => podOf(url) === pod.name && ownsAddress(member, 'pd', url), tls, open };
}

function urlWay(url: string, member: TidbClusterView | undefined, kubernetes: (name: string) => KubernetesApi): KeyedWay {
  const { origin, hostname, protocol } = new URL(url);
  const tls = protocol === 'https:';
  const open = async (): Promise<{ dispatcher: Dispatcher; origin: string }> => direct(origin, tls && member ? await clientMaterial(kubernetes(member.kubernetesCluster), member, hostname) : undefined);
  return { key: origin, name: origin, speaksFor: undefined, tls, open };
}

function direct(origin: string, material: PodTls | undefined): { dispatcher: Dispatcher; origin: string } {
  const tls = material ? { ca: material.ca, cert: material.cert, key: material.key, servername: material.servername } : {};
  return { dispatcher: new Agent({ allowH2: false, connections: 4, connect: tls }), origin };
}

async function clientMaterial(api: KubernetesApi, member: TidbClusterView, servername: string): Promise<PodTls> {
  const { namespace, name } = member.object.metadata;
  const secret = await readSecret(api, { namespace, name: clusterClientSecret(name) });
  return { ca: String(secret['ca.crt'] ?? ''), cert: String(secret['tls.crt'] ?? ''), key: String(secret['tls.key'] ?? ''), servername };
}
