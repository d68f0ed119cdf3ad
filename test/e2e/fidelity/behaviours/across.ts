/** A TidbCluster that has peers in other Kubernetes clusters: whom it knows, to whom its leader goes, what TiProxy does to it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Topic } from '../behaviour.ts';
import type { Ground } from '../ground.ts';
import { spread, to } from '../stages.ts';
import { imageOf, isComplete, isReady, phaseOf, readyOf } from '../subject.ts';
import type { Subject } from '../subject.ts';
import { distinct } from '../timeline.ts';

const rolled = ['pd', 'tikv'] as const;
const sampleEvery = 20;

const keysOf = (map: unknown): string[] => Object.keys(map ?? {});

/** How many entries of a status map belong to which TidbCluster, by the names in them. */
const owners = (texts: string[]): string => ['east', 'west', 'south'].filter((cluster) => texts.some((text) => text.includes(`-${cluster}-`))).join(' and ') || 'nobody';
const pods = (stores: unknown): string[] => Object.values((stores ?? {}) as Record<string, { podName: string }>).map(({ podName }) => podName);

async function acquaintances(ground: Ground): Promise<string> {
  const { east } = await spread(ground);
  const { status } = await ground.until('east knows its peers', async () => {
    const found = await east.get();
    return keysOf(found['status'].pd.peerMembers).length === 2 && pods(found['status'].tikv.peerStores).length === 2 && found;
  });
  return `members of ${owners(keysOf(status.pd.members))}, peerMembers of ${owners(keysOf(status.pd.peerMembers))}; stores of ${owners(pods(status.tikv.stores))}, peerStores of ${owners(pods(status.tikv.peerStores))}`;
}

const placeOf = (name: string): string => /-(east|west|south)-/.exec(name)?.[1] ?? '?';

async function repoint(ground: Ground): Promise<string> {
  const { east, west } = await spread(ground);
  const reference = (place: string): object => ({ name: ground.name(`spread-${place}`), namespace: ground.name('spread'), clusterDomain: `${place}.local` });
  const one = await west.reaction(['pd', 'tikv', 'tidb'], () => west.patch({ spec: { cluster: reference('south') } }));
  const other = await east.reaction(['pd', 'tikv', 'tidb'], () => east.patch({ spec: { cluster: reference('west') } }));
  await west.patch({ spec: { cluster: reference('east') } });
  await east.patch({ spec: { cluster: null } });
  return `a joined one to another: ${one}; the initial one to a joined one: ${other}`;
}

interface WithTiproxy {
  ready: string;
  sets: string;
  services: string;
  warnings: string;
  /** After a patch of PD's and TiKV's versions while TiProxy is there. */
  held: string;
  leaders: string;
  /** Own TiKV pods whose store was under eviction after that. */
  evicted: string[];
  /** After TiProxy was taken out again. */
  freed: string;
}

const withTiproxy = (ground: Ground): Promise<WithTiproxy> => ground.once('TiProxy across Kubernetes', () => addTiproxy(ground));

async function addTiproxy(ground: Ground): Promise<WithTiproxy> {
  const { east } = await spread(ground);
  const { namespace, name } = east.place;
  await east.lead((name) => placeOf(name) === 'east');
  const warningsBefore = (await warnings(east)).length;
  await east.patch({ spec: { tiproxy: { baseImage: 'pingcap/tiproxy', version: 'v1.3.0', replicas: 1 } } });
  await ground.until('Ready of east turned False', async () => !isReady(await east.get()));
  await east.quiet();
  const ready = readyOf(await east.get());
  const has = (path: string): Promise<boolean> => east.api.get(path).then(() => true, () => false);
  const sets = (await has(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}-tiproxy`)) ? 'a StatefulSet' : 'no StatefulSet';
  const services = `${(await Promise.all(['tiproxy', 'tiproxy-peer'].map((service) => has(`/api/v1/namespaces/${namespace}/services/${name}-${service}`)))).filter(Boolean).length} Services`;
  const told = (await warnings(east)).length > warningsBefore ? 'a warning' : 'no event';
  const sampling = new AbortController();
  const leaders = leaderTrail(east, sampling.signal);
  await east.patch({ spec: Object.fromEntries(rolled.map((component) => [component, { version: to }])) });
  await ground.until('PD of east rolled', () => runs(east, 'pd'));
  sampling.abort();
  await east.quiet();
  const held = await versions(east);
  const looking = new AbortController();
  const evicted = evictions(east, looking.signal);
  await east.patch({ spec: { tiproxy: null } });
  await ground.until('TiKV of east rolled', () => runs(east, 'tikv'));
  looking.abort();
  return { ready, sets, services, warnings: told, held, leaders: (await leaders).join(' → '), evicted: await evicted, freed: await versions(east) };
}

async function evictions(subject: Subject, signal: AbortSignal): Promise<string[]> {
  const seen = new Set<string>();
  while (!signal.aborted) {
    const stores = (await subject.report().catch(() => undefined))?.stores ?? [];
    for (const { isEvicting, origin } of stores) if (isEvicting) seen.add(origin.pod.replace(subject.place.name, '<tc>'));
    await delay(sampleEvery);
  }
  return [...seen];
}

const warnings = async (subject: Subject): Promise<unknown[]> => (await subject.events()).filter(({ type }) => type === 'Warning');

async function leaderTrail(subject: Subject, signal: AbortSignal): Promise<string[]> {
  const trail: string[] = [];
  while (!signal.aborted) {
    const leader = (await subject.report().catch(() => undefined))?.leader;
    if (leader) trail.push(placeOf(leader) === subject.place.cluster ? 'its own PD' : 'a peer');
    await delay(sampleEvery);
  }
  return distinct(trail);
}

const runs = async (subject: Subject, component: 'pd' | 'tikv'): Promise<boolean> => {
  const [set, cluster] = [await subject.set(component), await subject.get()];
  return imageOf(set, component).endsWith(`:${to}`) && isComplete(set) && phaseOf(cluster, component) === 'Normal';
};

async function versions(subject: Subject): Promise<string> {
  const cluster = await subject.get();
  const told = await Promise.all(rolled.map(async (component) => {
    const isNew = imageOf(await subject.set(component), component).endsWith(`:${to}`);
    return `${component} ${isNew ? 'new' : 'old'} and ${phaseOf(cluster, component)}`;
  }));
  return told.join(', ');
}

export const across: Topic = {
  peers: {
    title: 'Own and peer members and stores in status', source: '§1.2', judge: 'operator', reliedOnBy: 'observe: what belongs to which TidbCluster',
    documented: 'members of east, peerMembers of west and south; stores of east, peerStores of west and south',
    observe: acquaintances,
  },
  'repoint-reference': {
    title: 'Re-pointing spec.cluster of running TidbClusters', source: '#37, §3.10', judge: 'operator', reliedOnBy: 'exitCluster of the initial TidbCluster: the others are re-pointed first',
    documented: 'a joined one to another: rolls nothing, Ready True; the initial one to a joined one: rolls nothing, Ready True',
    observe: repoint,
  },
  tiproxy: {
    title: 'spec.tiproxy together with acrossK8s', source: '§4.6, §12.8, #28', judge: 'operator', reliedOnBy: 'preflight refuses it',
    documented: 'Ready False (TiProxyUnhealthy), no StatefulSet, 2 Services, no event',
    observe: async (ground) => {
      const { ready, sets, services, warnings: told } = await withTiproxy(ground);
      return `Ready ${ready}, ${sets}, ${services}, ${told}`;
    },
  },
  'abort-on-first-error': {
    title: 'An error of one component keeps all later ones from their turn', source: '§2.1, §12.3, #28', judge: 'operator', reliedOnBy: 'stall reasons; order of the stages of exitCluster',
    documented: 'pd new and Normal, tikv old and Normal; freed: pd new and Normal, tikv new and Normal',
    observe: async (ground) => {
      const { held, freed } = await withTiproxy(ground);
      return `${held}; freed: ${freed}`;
    },
  },
  'lone-tikv-with-peers': {
    title: 'The only TiKV of a TidbCluster with peers is evicted before its pod is replaced', source: '§2.4, tikv_upgrader.go', judge: 'operator', reliedOnBy: 'upgradeCluster with one TiKV per Kubernetes cluster',
    documented: 'evicted <tc>-tikv-0',
    observe: async (ground) => `evicted ${(await withTiproxy(ground)).evicted.join(', ') || 'nothing'}`,
  },
  'pd-leader-to-peer': {
    title: 'The leader goes to a peer when its TidbCluster has no other PD', source: '§2.3, §12.5', judge: 'operator', reliedOnBy: 'PD majority guard between TidbClusters',
    documented: 'led by its own PD → a peer',
    observe: async (ground) => `led by ${(await withTiproxy(ground)).leaders}`,
  },
};
