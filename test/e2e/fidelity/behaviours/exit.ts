/** A TidbCluster leaves: first refused, then allowed. One patch of zeros, as the official document has it. */
import type { KubernetesObject } from '../../../../lab/kubernetes-api.ts';
import type { Topic } from '../behaviour.ts';
import type { Ground } from '../ground.ts';
import { spread } from '../stages.ts';
import { isReady, readyOf } from '../subject.ts';
import type { Subject } from '../subject.ts';
import type { Moment, Timeline } from '../timeline.ts';

const components = ['pd', 'tikv', 'tidb'] as const;
const deferred = 'tidb.pingcap.com/pvc-defer-deleting';
const scaleInTime = 'tidb.pingcap.com/scale-in-time';
/** With so many replicas the third store may leave. */
const fewerReplicas = 2;

interface Refused {
  ready: string;
  replicas: string;
  events: KubernetesObject[];
}

/** The last look at the events is later than the first by some passes: a count has had time to grow. */
const refused = (ground: Ground): Promise<Refused> =>
  ground.once('exit refused', async () => {
    const { south } = await spread(ground);
    await south.patch({ spec: Object.fromEntries(components.map((component) => [component, { replicas: 0 }])) });
    const events = await ground.until('both refusals are repeated', async () => {
      const found = await refusals(south);
      return found.length > 1 && found.every(({ count }) => count > 1) && found;
    });
    return { ready: readyOf(await south.get()), replicas: await replicas(south), events };
  });

const refusals = async (subject: Subject): Promise<KubernetesObject[]> => (await subject.events()).filter(({ reason }) => reason === 'FailedScaleIn');

async function replicas(subject: Subject): Promise<string> {
  const sets = await Promise.all(components.map((component) => subject.set(component)));
  return components.map((component, index) => `${component} ${sets[index]?.['spec'].replicas}`).join(', ');
}

/** The operator's sentence with the names of this lab taken out. */
function sentence({ message, type }: KubernetesObject, { place: { namespace, name } }: Subject): string {
  return `${type}: ${String(message).replaceAll(`${namespace}/${name}`, '<ns>/<tc>').replaceAll(name, '<tc>').trim()}`;
}

interface Gone {
  subject: Subject;
  timeline: Timeline;
  claims: KubernetesObject[];
  pods: string;
  cluster: KubernetesObject;
}

const gone = (ground: Ground): Promise<Gone> =>
  ground.once('exit', async () => {
    await refused(ground);
    const { east, south } = await spread(ground);
    const timeline = south.watch();
    await east.pd(0, 'POST', '/pd/api/v1/config/replicate', { 'max-replicas': fewerReplicas });
    const cluster = await ground.until('south has left', async () => {
      const [found, pods] = [await south.get(), await south.list('pods')];
      return isReady(found) && pods.length === 1 && found;
    });
    timeline.stop();
    const pods = (await south.list('pods')).map(({ metadata }) => String(metadata['labels']['app.kubernetes.io/component'])).join(', ');
    return { subject: south, timeline, cluster, pods, claims: await south.list('persistentvolumeclaims') };
  });

const set = (component: string, replicasWanted: number) => ({ kind, name, object }: Moment): boolean =>
  kind === 'set' && name.endsWith(`-${component}`) && object['spec'].replicas === replicasWanted;
const store = (holds: (status: Record<string, { state: string }>) => boolean, map: 'stores' | 'tombstoneStores') => ({ kind, object }: Moment): boolean =>
  kind === 'cluster' && holds((object['status']?.tikv?.[map] ?? {}) as Record<string, { state: string }>);

const story = ({ timeline }: Gone): string =>
  timeline.story([
    { words: 'store Offline', when: store((stores) => Object.values(stores).some(({ state }) => state === 'Offline'), 'stores') },
    { words: 'TiKV at 0', when: set('tikv', 0) },
    { words: 'TiDB at 0', when: set('tidb', 0) },
    { words: 'PD at 0', when: set('pd', 0) },
  ]);

function claims(all: KubernetesObject[]): string {
  const told = all.map(({ metadata }) => {
    const annotations = (metadata['annotations'] ?? {}) as Record<string, string>;
    const marks = [[deferred, 'deferred'], [scaleInTime, 'with scale-in time']].filter(([key]) => annotations[key ?? ''] !== undefined).map(([, words]) => words);
    return `${metadata['labels']['app.kubernetes.io/component']} ${marks.join(' ') || 'unmarked'}`;
  });
  return told.sort().join(', ');
}

interface Stores {
  count: number;
  stores: { store: { address: string; state_name: string } }[];
}

async function tombstones(ground: Ground): Promise<string> {
  await gone(ground);
  const { east } = await spread(ground);
  const ask = async (query: string): Promise<string> => {
    const { stores } = JSON.parse((await east.pd(0, 'GET', `/pd/api/v1/stores${query}`)).text) as Stores;
    const found = (stores ?? []).find(({ store: { address } }) => address.includes('-south-'));
    return found ? found.store.state_name : 'not there';
  };
  const [usual, asked] = [await ask(''), await ask('?state=2')];
  await east.pd(0, 'DELETE', '/pd/api/v1/stores/remove-tombstone');
  return `usual list: ${usual}; tombstones: ${asked}; after remove-tombstone: ${await ask('?state=2')}`;
}

async function survivors(ground: Ground): Promise<string> {
  await gone(ground);
  const { east } = await spread(ground);
  const { status } = await ground.until('east has seen south leave', async () => {
    const found = await east.get();
    return !JSON.stringify([found['status'].pd.peerMembers, found['status'].tikv.peerStores]).includes('-south-') && found;
  });
  return `${Object.keys(status.pd.peerMembers as object).length} peer member, ${Object.keys(status.tikv.peerStores as object).length} peer store`;
}

export const exit: Topic = {
  'exit-refused': {
    title: 'All at 0 with as many Up stores as max-replicas', source: '§3.1, §12.7, #14', judge: 'operator', reliedOnBy: 'exitCluster: its own guard refuses before, and stages never rely on this',
    documented: 'Ready False (PDUnhealthy); pd 1, tikv 1, tidb 1',
    observe: async (ground) => {
      const seen = await refused(ground);
      return `Ready ${seen.ready}; ${seen.replicas}`;
    },
  },
  'refusal-pd': {
    title: 'The event by which PD’s scale-in is refused', source: '§3.2, #14, pd_scaler.go', judge: 'operator', reliedOnBy: 'stall reason of exitCluster',
    documented: 'Warning: The PD is in use by TidbCluster [<ns>/<tc>], can\'t scale in PD, podname <tc>-pd-0, upComponents 2',
    observe: async (ground) => {
      const [{ events }, { south }] = [await refused(ground), await spread(ground)];
      return events.map((event) => sentence(event, south)).find((text) => text.includes('PD is in use')) ?? 'no such event';
    },
  },
  'refusal-tikv': {
    title: 'The event by which TiKV’s scale-in is refused: it counts Up stores everywhere', source: '§3.3, #14, tikv_scaler.go', judge: 'operator', reliedOnBy: 'stall reason of exitCluster; the guard counts stores of all TidbClusters',
    documented: 'Warning: can\'t scale in TiKV of TidbCluster [<ns>/<tc>], cause the number of up stores is equal to MaxReplicas in PD configuration(3), and the store in Pod <tc>-tikv-0 which is going to be deleted is up too.',
    observe: async (ground) => {
      const [{ events }, { south }] = [await refused(ground), await spread(ground)];
      const found = events.map((event) => sentence(event, south)).find((text) => text.includes('MaxReplicas'));
      return found ? `${found.split('up too.')[0]}up too.` : 'no such event';
    },
  },
  'refusal-count': {
    title: 'A refusal that is repeated raises the count of its event', source: '#12', judge: 'operator', reliedOnBy: 'stall reasons look at lastTimestamp, not at new events',
    documented: 'one event each, with a growing count',
    observe: async (ground) => {
      const kinds = (await refused(ground)).events.map(({ message }) => String(message));
      return kinds.length === new Set(kinds).size ? 'one event each, with a growing count' : 'several events';
    },
  },
  'exit-order': {
    title: 'The same patch when a store may leave', source: '§3.1, #15', judge: 'operator', reliedOnBy: 'exitCluster: proof of each stage',
    documented: 'store Offline → TiKV at 0 → TiDB at 0 → PD at 0',
    observe: async (ground) => story(await gone(ground)),
  },
  'ready-at-zero': {
    title: 'Ready of a TidbCluster with nothing in it', source: '§3.8, §12.7', judge: 'operator', reliedOnBy: 'exitCluster: proof comes from a surviving PD, not from Ready',
    documented: 'True',
    observe: async (ground) => readyOf((await gone(ground)).cluster),
  },
  'what-remains': {
    title: 'Pods with the instance label after the exit', source: '§3.9, §12.7, #17', judge: 'operator', reliedOnBy: 'exitCluster: the documented "No resources found" cannot come',
    documented: 'discovery',
    observe: async (ground) => (await gone(ground)).pods,
  },
  'deferred-claims': {
    title: 'Claims after the exit', source: '§3.3, #17', judge: 'operator', reliedOnBy: 'exitCluster: reclaim finds what was left',
    documented: 'pd deferred, tikv deferred with scale-in time',
    observe: async (ground) => claims((await gone(ground)).claims),
  },
  'tombstone-in-status': {
    title: 'status.tikv of the TidbCluster that left', source: '§1.2, #17', judge: 'operator', reliedOnBy: 'nothing: exitCluster asks a surviving PD',
    documented: '0 stores, 1 Tombstone',
    observe: async (ground) => {
      const { tikv } = (await gone(ground)).cluster['status'];
      return `${Object.keys((tikv.stores ?? {}) as object).length} stores, ${Object.keys((tikv.tombstoneStores ?? {}) as object).length} Tombstone`;
    },
  },
  survivors: {
    title: 'What the others know of it afterwards', source: '§3.9', judge: 'operator', reliedOnBy: 'exitCluster: proof from the surviving side',
    documented: '1 peer member, 1 peer store',
    observe: survivors,
  },
  tombstones: {
    title: 'Tombstone records in PD', source: '§3.3, §12.16', judge: 'database twin', reliedOnBy: 'exitCluster: Tombstone entries are no store that is left',
    documented: 'usual list: not there; tombstones: Tombstone; after remove-tombstone: not there',
    observe: tombstones,
  },
};
